//! What is stored.

use gesta::store::{Append, Expected, NewEvent, Store, StoreError, StreamId};
use gesta_tests::{Place, on_every_store};

use crate::{
    Handles, PATIENCE,
    banks::{Deps, Freeze, Open, Seen, Withdraw, first, reshaped, retiring, second, shop},
    fleet_of, found, refused, start_first, start_second,
};

on_every_store!(
    an_older_program_does_not_start_on_newer_events,
    without_the_check_an_older_program_fails_at_the_first_newer_event,
    a_rollback_is_possible_while_nothing_newer_is_stored,
    a_shape_that_has_changed_without_a_version_is_told,
    events_that_nobody_has_recorded_are_found,
    a_retired_event_can_be_read,
    other_domains_on_the_store_are_no_concern,
    how_things_stand_can_be_asked_without_starting,
);

/// Events of the second version are in the store, and nobody runs.
async fn newer_events(store: &Store) {
    let app = start_second(store).await.expect("the second version starts");
    app.create(&second::Bank::id(), Open { owner: "Ann".into() }).await.expect("opened");
    for cents in 1..=3 {
        app.execute(&second::Bank::id(), Withdraw { cents }).await.expect("withdrawn");
    }
    app.execute(&second::Bank::id(), Freeze).await.expect("frozen");
    app.shutdown().await.expect("an end in order");
}

async fn an_older_program_does_not_start_on_newer_events(place: &Place) {
    let place = Handles::on(place).await;
    newer_events(&place.open().await).await;
    let store = place.open().await;
    let disagreement = refused(start_first(&store).await);
    assert_eq!(
        found(&disagreement),
        [
            "unreadable `account.frozen` version 1 (streams `account/..`), 1 row",
            "unreadable `account.withdrawn` version 2 (streams `account/..`), 3 rows",
        ]
    );
    let release = concat!("gesta-tests ", env!("CARGO_PKG_VERSION"));
    let text = disagreement.to_string();
    for part in [
        &format!("{release} (the domain `Bank`) and the store do not agree\n  the store holds events"),
        &format!(
            "\n    `account.frozen` version 1 (streams `account/..`), 1 row: not known by this program; {release} was the \
             first to have it"
        ),
        &format!(
            "\n    `account.withdrawn` version 2 (streams `account/..`), 3 rows: read up to version 1 by this program; \
             {release} was"
        ),
        "\n    what to do: start the release that has written them, or a newer one",
        "`.allow_older()`",
    ] {
        assert!(text.contains(part), "{part}\nis missing in\n{text}");
    }
    assert_eq!(fleet_of(&store).survey(&[]).await.expect("a survey").running.len(), 0, "it is not there");
    let app = start_second(&store).await.expect("the newer one starts as before");
    app.shutdown().await.expect("an end in order");
}

/// The teeth: this is what the check is for.
async fn without_the_check_an_older_program_fails_at_the_first_newer_event(place: &Place) {
    let place = Handles::on(place).await;
    newer_events(&place.open().await).await;
    let seen = Seen::default();
    let builder = first::Bank::app(place.open().await, Deps { seen: seen.clone() });
    let app = builder.allow_older().start().await.expect("an older program is allowed");
    match app.load::<first::Account>(&first::Bank::id()).await {
        Err(StoreError::Undecodable { type_version: 2, .. }) => {}
        other => panic!("it cannot be read: {other:?}"),
    }
    let letter = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(letter) = app.dead_letters().list(1).await.expect("a list").pop() {
                break letter;
            }
            tokio::task::yield_now().await;
        }
    });
    let letter = letter.await.expect("the handler has met it");
    let why = "it was stored at version 2, and this program knows versions up to 1";
    assert!(
        letter.event == "account.withdrawn" && letter.errors.iter().any(|error| error == why),
        "{letter:?}"
    );
    assert_eq!(*seen.0.lock().expect("nobody panics"), [] as [u64; 0]);
    app.shutdown().await.expect("an end in order");
}

async fn a_rollback_is_possible_while_nothing_newer_is_stored(place: &Place) {
    let place = Handles::on(place).await;
    let app = start_first(&place.open().await).await.expect("the first version starts");
    app.create(&first::Bank::id(), Open { owner: "Ann".into() }).await.expect("opened");
    app.execute(&first::Bank::id(), Withdraw { cents: 1 }).await.expect("withdrawn");
    app.shutdown().await.expect("an end in order");
    start_second(&place.open().await).await.expect("the second").shutdown().await.expect("an end in order");
    // Its events are recorded, and there are none.
    let app = start_first(&place.open().await).await.expect("the first version starts again");
    app.execute(&first::Bank::id(), Withdraw { cents: 1 }).await.expect("withdrawn");
    app.shutdown().await.expect("an end in order");

    let app = start_second(&place.open().await).await.expect("the second version starts again");
    app.execute(&second::Bank::id(), Freeze).await.expect("frozen");
    app.shutdown().await.expect("an end in order");
    let disagreement = refused(start_first(&place.open().await).await);
    assert_eq!(found(&disagreement), ["unreadable `account.frozen` version 1 (streams `account/..`), 1 row"]);
}

async fn a_shape_that_has_changed_without_a_version_is_told(place: &Place) {
    let place = Handles::on(place).await;
    let app = start_first(&place.open().await).await.expect("the first version starts");
    app.create(&first::Bank::id(), Open { owner: "Ann".into() }).await.expect("opened");
    app.shutdown().await.expect("an end in order");
    let disagreement = refused(reshaped::Bank::app(place.open().await, ()).start().await);
    assert_eq!(found(&disagreement), ["reshaped `account.opened` version 1 (streams `account/..`), 1 row"]);
    let text = disagreement.to_string();
    assert!(text.contains("\n      recorded: {owner:string} (by gesta-tests "), "{text}");
    assert!(text.contains("\n           now: {owner:string,tier:u8}"), "{text}");
    assert!(text.contains("what to do: put the shape back as it was"), "{text}");

    // What was recorded first stays, even where it is started all the same.
    let app = reshaped::Bank::app(place.open().await, ()).allow_older().start().await.expect("it starts");
    app.shutdown().await.expect("an end in order");
    refused(reshaped::Bank::app(place.open().await, ()).commands_only().await);
    start_first(&place.open().await).await.expect("and fits").shutdown().await.expect("an end in order");
}

/// As a store without any record: written by hand, or before there were records.
async fn events_that_nobody_has_recorded_are_found(place: &Place) {
    let place = Handles::on(place).await;
    let store = place.open().await;
    let event = |name, version| NewEvent { name, version, payload: b"{}".to_vec() };
    for (category, id, name, version) in [
        ("account", "ann", "account.closed", 1),
        ("account", "bob", "account.closed", 1),
        ("account", "bob", "account.withdrawn", 1),
        ("account", "bob", "account.withdrawn", 7),
        ("order", "1", "order.lost", 1),
    ] {
        let append = Append::new(StreamId::new(category, id), Expected::Any, vec![event(name, version)]);
        store.port().append(&[append]).await.expect("appended");
    }
    let disagreement = refused(start_second(&store).await);
    assert_eq!(
        found(&disagreement),
        [
            "unreadable `account.closed` version 1 (streams `account/..`), 2 rows",
            "unreadable `account.withdrawn` version 7 (streams `account/..`), 1 row",
        ]
    );
}

async fn a_retired_event_can_be_read(place: &Place) {
    let place = Handles::on(place).await;
    newer_events(&place.open().await).await;
    let app = retiring::Bank::app(place.open().await, ()).start().await.expect("it can read everything");
    app.load::<retiring::Account>(&retiring::Bank::id()).await.expect("read").expect("it is there");
    app.shutdown().await.expect("an end in order");
}

async fn other_domains_on_the_store_are_no_concern(place: &Place) {
    let place = Handles::on(place).await;
    let shop = shop::Shop::app(place.open().await, ()).start().await.expect("the shop starts");
    shop.create(&shop::OrderId(1), shop::Place).await.expect("placed");
    let bank = start_second(&place.open().await).await.expect("the bank starts beside it");
    bank.create(&second::Bank::id(), Open { owner: "Ann".into() }).await.expect("opened");
    bank.execute(&second::Bank::id(), Freeze).await.expect("frozen");
    shop.shutdown().await.expect("an end in order");
    let shop = shop::Shop::app(place.open().await, ()).start().await.expect("the shop starts again");
    shop.shutdown().await.expect("an end in order");
    bank.shutdown().await.expect("an end in order");
}

async fn how_things_stand_can_be_asked_without_starting(place: &Place) {
    let place = Handles::on(place).await;
    let store = place.open().await;
    let builder = || first::Bank::app(store.clone(), Deps { seen: Default::default() });
    let nothing = builder().agreement().await.expect("an answer");
    assert_eq!((nothing.findings.len(), nothing.stranded.len(), nothing.running.len()), (0, 0, 0));
    newer_events(&place.open().await).await;
    let app = second::Bank::app(place.open().await, ()).release("bank 2").start().await.expect("it starts");
    let agreement = builder().agreement().await.expect("an answer");
    // Two events are stored, and two are written by who runs.
    assert_eq!(agreement.findings.len(), 4, "{agreement:#?}");
    assert_eq!(agreement.running.len(), 1);
    assert_eq!(agreement.running[0].member.release, "bank 2");
    assert_eq!(
        fleet_of(&store).survey(&[]).await.expect("a survey").running.len(),
        1,
        "who asks is not there"
    );
    app.shutdown().await.expect("an end in order");
}
