//! What a store has recorded, as a lock.

use gesta::{
    admin::{Operations, StoreLock},
    evolution::{Lock, LockKey, compatibility},
    store::{Append, Expected, NewEvent, Store, StreamId},
};
use gesta_tests::{Place, on_every_store};

use crate::{
    Handles,
    banks::{Open, Withdraw, first, retiring, second, shop},
    start_first, start_second,
};

on_every_store!(
    a_store_says_what_is_in_it,
    what_belongs_to_others_is_left_to_them,
    what_was_taken_back_breaks_nothing,
    what_the_last_program_does_not_write_is_retired,
);

async fn lock_of(store: &Store) -> StoreLock {
    Operations::of(store.clone()).lock(|_, _| {}).await.expect("the store tells")
}

/// The lines, without what stands above them in a file.
fn lines(lock: &Lock) -> Vec<String> {
    lock.to_string()
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(str::to_owned)
        .collect()
}

fn lock(text: &str) -> Lock {
    text.parse().expect("a lock")
}

fn words(old: &Lock, new: &Lock) -> Vec<(String, &'static str)> {
    let report = compatibility(old, new);
    report.events.iter().map(|found| (found.name.clone(), found.word())).collect()
}

async fn append(store: &Store, category: &str, name: &'static str, version: u16) {
    let event = NewEvent { name, version, payload: b"{}".to_vec() };
    let append = Append::new(StreamId::new(category, "1"), Expected::Any, vec![event]);
    store.port().append(&[append]).await.expect("appended");
}

async fn a_store_says_what_is_in_it(place: &Place) {
    let place = Handles::on(place).await;
    let store = place.open().await;
    assert!(lock_of(&store).await.lock.is_empty());
    let app = start_second(&store).await.expect("it starts");
    app.create(&second::Bank::id(), Open { owner: "Ann".into() }).await.expect("opened");
    app.execute(&second::Bank::id(), Withdraw { cents: 1 }).await.expect("withdrawn");
    app.execute(&second::Bank::id(), Withdraw { cents: 2 }).await.expect("withdrawn");
    app.shutdown().await.expect("an end in order");
    // Beside that what no program has recorded, and what the framework has stored for itself.
    append(&store, "account", "account.closed", 3).await;
    append(&store, "gesta", "gesta.slow", 1).await;
    let found = lock_of(&store).await;
    assert_eq!(
        lines(&found.lock),
        [
            "account.closed v3 unknown",
            "account.frozen v1 {}",
            "account.opened v1 {owner:string}",
            "account.withdrawn v1 {cents:u64}",
            "account.withdrawn v2 {cents:u64,reason:string}",
        ]
    );
    let rows = |name: &str, version| found.rows.get(&LockKey::event(name, version)).copied();
    assert_eq!([rows("account.opened", 1), rows("account.withdrawn", 2)], [Some(1), Some(2)]);
    assert_eq!([rows("account.closed", 3), rows("account.withdrawn", 1)], [Some(1), None]);

    // A lock of the first release: it could not read what is here.
    let released = lock("account.opened v1 {owner:string}\naccount.withdrawn v1 {cents:u64}");
    let part = found.beside(&released, false);
    assert_eq!((part.elsewhere, part.unused), (vec![], vec![]));
    let expected = [
        ("account.closed".to_owned(), "forward"),
        ("account.frozen".to_owned(), "forward"),
        ("account.opened".to_owned(), "full"),
        ("account.withdrawn".to_owned(), "forward"),
    ];
    assert_eq!(words(&part.lock, &released), expected);
    let known = lock(
        "account.closed v3 {}\naccount.frozen v1 {}\naccount.opened v1 {owner:string}\n\
         account.withdrawn v1 {cents:u64}\naccount.withdrawn v2 {cents:u64,reason:string}",
    );
    assert_eq!(compatibility(&found.beside(&known, false).lock, &known).word(), "full");
}

async fn what_belongs_to_others_is_left_to_them(place: &Place) {
    let place = Handles::on(place).await;
    let store = place.open().await;
    start_first(&store).await.expect("it starts").shutdown().await.expect("an end in order");
    let app = shop::Shop::app(store.clone(), ()).start().await.expect("another domain");
    app.create(&shop::OrderId(7), shop::Place).await.expect("placed");
    app.shutdown().await.expect("an end in order");
    append(&store, "parcel", "parcel.sent", 1).await;
    let released = lock("account.opened v1 {owner:string}\naccount.withdrawn v1 {cents:u64}");
    let found = lock_of(&store).await;
    let part = found.beside(&released, false);
    assert_eq!(compatibility(&part.lock, &released).word(), "full");
    let elsewhere: Vec<String> = part.elsewhere.iter().map(LockKey::to_string).collect();
    assert_eq!(elsewhere, ["order.placed v1", "parcel.sent v1"]);
    assert_eq!(compatibility(&found.beside(&released, true).lock, &released).word(), "forward");
    // An aggregate of which one event is known is known: others that are gone are missed.
    let less = lock("account.opened v1 {owner:string}");
    assert_eq!(compatibility(&found.beside(&less, false).lock, &less).word(), "forward");
}

async fn what_was_taken_back_breaks_nothing(place: &Place) {
    let place = Handles::on(place).await;
    let store = place.open().await;
    start_second(&store).await.expect("it starts").shutdown().await.expect("an end in order");
    let released = lock("account.opened v1 {owner:string}\naccount.withdrawn v1 {cents:u64}");
    // Whoever is the last may start again and write it.
    let part = lock_of(&store).await.beside(&released, false);
    assert_eq!((compatibility(&part.lock, &released).word(), part.unused), ("forward", vec![]));
    let app = start_first(&store).await.expect("the first starts, as nothing newer is stored");
    app.create(&first::Bank::id(), Open { owner: "Ann".into() }).await.expect("opened");
    app.shutdown().await.expect("an end in order");
    let part = lock_of(&store).await.beside(&released, false);
    let unused: Vec<String> = part.unused.iter().map(LockKey::to_string).collect();
    assert_eq!(unused, ["account.frozen v1", "account.withdrawn v2"]);
    assert_eq!(compatibility(&part.lock, &released).word(), "full");
    // A start looks at shapes whether anything is stored or not, and so does this.
    let reshaped = lock("account.opened v1 {owner:string}\naccount.withdrawn v1 {cents:u8}");
    let part = lock_of(&store).await.beside(&reshaped, false);
    assert_eq!(compatibility(&part.lock, &reshaped).word(), "forward");
}

async fn what_the_last_program_does_not_write_is_retired(place: &Place) {
    let place = Handles::on(place).await;
    let store = place.open().await;
    start_second(&store).await.expect("it starts").shutdown().await.expect("an end in order");
    let app = retiring::Bank::app(store.clone(), ()).start().await.expect("the next release");
    app.create(&retiring::Bank::id(), Open { owner: "Ann".into() }).await.expect("opened");
    app.shutdown().await.expect("an end in order");
    assert_eq!(
        lines(&lock_of(&store).await.lock),
        [
            "account.frozen v1 {} retired",
            "account.opened v1 {owner:string}",
            "account.withdrawn v1 {cents:u64} retired",
            "account.withdrawn v2 {cents:u64,reason:string} retired",
        ]
    );
}
