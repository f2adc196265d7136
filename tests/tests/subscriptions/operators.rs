//! What operators do: look, pause, resume, reset.

use std::{sync::Arc, time::Duration};

use gesta::{
    ExecuteError,
    domain::{Position, Start},
    log::Filter,
    store::{
        Advance, Claim, Commit, DeliveryFilter, DeliveryState, DeliveryWrite, Store, StoreError, StreamId,
    },
    subscription::SubscriptionError,
};
use gesta_tests::{Place, on_every_store, post::ParcelId};
use uuid::Uuid;

use crate::kit::{SOON, Seen, app, append, until};

on_every_store!(
    a_paused_subscription_does_nothing_until_it_is_resumed,
    a_reset_subscription_begins_again,
    names_that_are_not_there_are_told,
    a_removed_subscription_is_forgotten,
    the_same_name_twice_is_refused,
    who_unsubscribes_is_not_called_any_more,
    one_that_is_behind_is_named,
    positions_move_over_what_nobody_wants,
    a_shut_down_application_lets_go_of_its_store,
);

async fn a_paused_subscription_does_nothing_until_it_is_resumed(place: &Place) {
    let (store, app) = (place.open().await, app(place.open().await).await);
    let seen = Seen::default();
    let audit = app.subscribe(Filter::new(), seen.handler()).named("audit").await.expect("subscribed");
    append(&store, "a", "parcel.scanned", 3).await;
    audit.caught_up(SOON).await.expect("caught up");
    app.pause("audit").await.expect("paused");
    until("it has stopped", async || app.subscriptions().await.expect("states")[0].here.is_empty()).await;
    let last = append(&store, "a", "parcel.scanned", 2).await;
    // A listener that has seen the events shows that there was time for the other.
    let listener = Seen::default();
    let other =
        app.subscribe(Filter::new(), listener.handler()).from(Start::Beginning).await.expect("subscribed");
    other.caught_up(SOON).await.expect("caught up");
    assert_eq!((listener.len(), seen.len()), (5, 3));
    let status = app.subscriptions().await.expect("states").remove(0);
    assert!(status.paused && !status.is_caught_up(), "{status:?}");
    assert_eq!((&*status.name, status.last), ("audit", last));
    assert!(status.shards.iter().all(|shard| shard.owner.is_none()), "{status:?}");

    app.resume("audit").await.expect("resumed");
    audit.caught_up(SOON).await.expect("caught up");
    assert_eq!(seen.names(), ["a@1", "a@2", "a@3", "a@4", "a@5"]);
    let status = app.subscriptions().await.expect("states").remove(0);
    assert!(!status.paused && status.is_caught_up(), "{status:?}");
    assert_eq!((status.here.len(), status.trouble), (16, None));
    app.shutdown().await.expect("shut down");
}

async fn a_reset_subscription_begins_again(place: &Place) {
    let (store, app) = (place.open().await, app(place.open().await).await);
    let seen = Seen::default();
    let audit = app.subscribe(Filter::new(), seen.handler()).named("audit").await.expect("subscribed");
    let first = append(&store, "a", "parcel.scanned", 1).await;
    append(&store, "a", "parcel.scanned", 2).await;
    audit.caught_up(SOON).await.expect("caught up");
    app.reset("audit", Start::After(first)).await.expect("reset");
    audit.caught_up(SOON).await.expect("caught up");
    assert_eq!(seen.names(), ["a@1", "a@2", "a@3", "a@2", "a@3"]);
    app.pause("audit").await.expect("paused");
    app.reset("audit", Start::Beginning).await.expect("reset");
    let status = app.subscriptions().await.expect("states").remove(0);
    assert!(status.paused, "it stays as it was: {status:?}");
    assert_eq!(status.position, Position::START);
    app.resume("audit").await.expect("resumed");
    audit.caught_up(SOON).await.expect("caught up");
    assert_eq!(seen.len(), 8);
    app.shutdown().await.expect("shut down");
}

async fn names_that_are_not_there_are_told(place: &Place) {
    let (store, app) = (place.open().await, app(place.open().await).await);
    for refused in [
        app.pause("adit").await,
        app.resume("adit").await,
        app.reset("adit", Start::Beginning).await,
        app.remove_subscription("adit").await,
    ] {
        assert!(
            matches!(&refused, Err(SubscriptionError::Unknown { name }) if name == "adit"),
            "{refused:?}"
        );
    }
    assert_eq!(app.subscriptions().await.expect("states"), []);
    let port = store.port().read_side().expect("a read side");
    port.declare("elsewhere", 4, Position::START).await.expect("declared");
    let refused = app.reset("elsewhere", Start::Now).await;
    assert!(matches!(&refused, Err(SubscriptionError::NotHere { .. })), "{refused:?}");
    app.pause("elsewhere").await.expect("that can be done from everywhere");
    app.caught_up(SOON).await.expect("nothing to wait for");
    app.shutdown().await.expect("shut down");
}

/// A subscription that somebody else works on, with a dead letter.
async fn park(store: &Store, name: &str, stream: &str) {
    let port = store.port().read_side().expect("a read side");
    port.declare(name, 1, Position::START).await.expect("declared");
    let subscription: Arc<str> = name.into();
    let claim = Claim { worker: Uuid::now_v7(), subscriptions: &[Arc::clone(&subscription)], ttl: SOON };
    let lease = port.claim(claim).await.expect("a claim").remove(0).leases.remove(0);
    let position = Position::from_raw(1);
    let dead = DeliveryWrite::Park {
        subscription: Arc::clone(&subscription),
        shard: 0,
        stream: StreamId::new("parcel", stream),
        position,
        version: 1,
        event: "parcel.scanned".to_owned(),
        state: DeliveryState::Dead,
        attempts: 1,
        retry_in: None,
        errors: vec!["it failed".to_owned()],
    };
    let advance = Advance { subscription, shard: 0, token: lease.token, from: lease.position, to: position };
    let commit = Commit { advances: vec![advance], deliveries: vec![dead], ..Commit::default() };
    port.commit(&commit).await.expect("committed");
}

async fn a_removed_subscription_is_forgotten(place: &Place) {
    let (store, app) = (place.open().await, app(place.open().await).await);
    let seen = Seen::default();
    let audit = app.subscribe(Filter::new(), seen.handler()).named("audit").from(Start::Beginning);
    let audit = audit.await.expect("subscribed");
    append(&store, "a", "parcel.scanned", 2).await;
    audit.caught_up(SOON).await.expect("caught up");
    let refused = app.remove_subscription("audit").await;
    assert!(matches!(&refused, Err(SubscriptionError::RunsHere { name }) if name == "audit"), "{refused:?}");
    assert_eq!(app.subscriptions().await.expect("states").len(), 1, "it is still there");
    audit.unsubscribe().await;
    // Another one had trouble, and its code is gone.
    let port = store.port().read_side().expect("a read side");
    park(&store, "old", "a").await;
    let parked = DeliveryFilter::default();
    assert_eq!(port.list_deliveries(&parked, 10).await.expect("deliveries").len(), 1);

    app.remove_subscription("old").await.expect("removed");
    app.remove_subscription("audit").await.expect("removed");
    assert_eq!(app.subscriptions().await.expect("states"), []);
    assert_eq!(port.list_deliveries(&parked, 10).await.expect("deliveries"), []);
    let again = app.remove_subscription("audit").await;
    assert!(matches!(again, Err(SubscriptionError::Unknown { .. })), "{again:?}");
    let again = app.subscribe(Filter::new(), seen.handler()).named("audit").from(Start::Beginning);
    again.await.expect("subscribed").caught_up(SOON).await.expect("caught up");
    assert_eq!(seen.names(), ["a@1", "a@2", "a@1", "a@2"], "it begins as a new one");
    app.shutdown().await.expect("shut down");
}

async fn the_same_name_twice_is_refused(place: &Place) {
    let (store, app) = (place.open().await, app(place.open().await).await);
    let seen = Seen::default();
    let audit = app.subscribe(Filter::new(), seen.handler()).named("audit").await.expect("subscribed");
    let twice = app.subscribe(Filter::new(), seen.handler()).named("audit").await;
    assert!(matches!(twice, Err(SubscriptionError::Duplicate { .. })), "{twice:?}");
    audit.unsubscribe().await;
    append(&store, "a", "parcel.scanned", 2).await;
    let again = app.subscribe(Filter::new(), seen.handler()).named("audit").await.expect("subscribed");
    again.caught_up(SOON).await.expect("caught up");
    assert_eq!(seen.names(), ["a@1", "a@2"], "it goes on where the first has ended");
    app.shutdown().await.expect("shut down");
}

async fn who_unsubscribes_is_not_called_any_more(place: &Place) {
    let (store, app) = (place.open().await, app(place.open().await).await);
    let (called, dropped, forgotten, stays) =
        (Seen::default(), Seen::default(), Seen::default(), Seen::default());
    let by_call = app.subscribe(Filter::new(), called.handler()).await.expect("subscribed");
    let by_drop = app.subscribe(Filter::new(), dropped.handler()).await.expect("subscribed");
    let staying = app.subscribe(Filter::new(), stays.handler()).await.expect("subscribed");
    drop(app.subscribe(Filter::new(), forgotten.handler()));
    append(&store, "a", "parcel.scanned", 1).await;
    by_call.caught_up(SOON).await.expect("caught up");
    by_drop.caught_up(SOON).await.expect("caught up");
    by_call.unsubscribe().await;
    drop(by_drop);
    append(&store, "a", "parcel.scanned", 1).await;
    staying.caught_up(SOON).await.expect("caught up");
    assert_eq!(
        [&called, &dropped, &forgotten, &stays].map(Seen::len),
        [1, 1, 0, 2],
        "by call, by drop, not awaited, still there"
    );
    app.shutdown().await.expect("shut down");
}

async fn one_that_is_behind_is_named(place: &Place) {
    let (store, app) = (place.open().await, app(place.open().await).await);
    let audit =
        app.subscribe(Filter::new(), Seen::default().handler()).named("audit").await.expect("subscribed");
    app.pause("audit").await.expect("paused");
    append(&store, "a", "parcel.scanned", 1).await;
    let late = app.caught_up(Duration::from_millis(20)).await.expect_err("it is paused");
    assert!(late.is_retryable() && late.to_string().contains("audit"), "{late}");
    assert!(audit.caught_up(Duration::from_millis(20)).await.is_err());
    app.shutdown().await.expect("shut down");
}

async fn positions_move_over_what_nobody_wants(place: &Place) {
    let (store, app) = (place.open().await, app(place.open().await).await);
    let seen = Seen::default();
    let filter = Filter::new().event("parcel.lost");
    let audit = app.subscribe(filter, seen.handler()).named("audit").await.expect("subscribed");
    let mut times = Vec::new();
    for _ in 0..5 {
        let last = append(&store, "a", "parcel.scanned", 1).await;
        let begun = std::time::Instant::now();
        audit.caught_up(SOON).await.expect("caught up");
        times.push(begun.elapsed());
        assert!(app.subscriptions().await.expect("states")[0].position >= last);
    }
    // When nobody waits it takes a second each time; a busy machine may take as long now and then.
    assert!(times.iter().any(|time| *time < Duration::from_millis(900)), "{times:?}");
    // And when nobody waits, after a while.
    let last = append(&store, "a", "parcel.scanned", 1).await;
    until("it has moved", async || app.subscriptions().await.expect("states")[0].position >= last).await;
    assert_eq!(seen.len(), 0);
    app.shutdown().await.expect("shut down");
}

async fn a_shut_down_application_lets_go_of_its_store(place: &Place) {
    let app = app(place.open().await).await;
    for n in 0..4 {
        append(&place.open().await, &format!("a-{n}"), "parcel.scanned", 500).await;
    }
    let audit = app.subscribe(Filter::new(), Seen::default().handler()).from(Start::Beginning).named("audit");
    let _audit = audit.await.expect("subscribed");
    app.shutdown().await.expect("shut down");
    let late = app.load::<gesta_tests::post::Parcel>(&ParcelId("p".into())).await;
    assert!(matches!(late, Err(StoreError::Closed)), "{late:?}");
    let late = app.execute(&ParcelId("p".into()), gesta_tests::post::Deliver).await;
    assert!(matches!(late, Err(ExecuteError::Store(StoreError::Closed))), "{late:?}");
    assert!(app.subscriptions().await.is_err());
    app.shutdown().await.expect("a second time");
}
