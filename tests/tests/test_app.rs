//! A whole application in memory, with time by hand.

use std::time::Duration;

use gesta::{ExecuteError, domain::Timestamp, store::StoreError, test::TestApp};
use gesta_tests::post::{Deliver, Deps, Parcel, ParcelId, Post, PostError, Register, Scan};

fn register() -> Register {
    Register { to: "Ann".into(), grams: 500 }
}

#[tokio::test]
async fn a_whole_application_runs_in_memory_with_time_by_hand() {
    let app = TestApp::<Post>::start(Deps::default()).await;
    let id = ParcelId("p-1".into());
    let start = app.clock().now();
    app.create(&id, register()).await.expect("registered");
    app.clock().advance(Duration::from_secs(3_600));
    app.execute(&id, Deliver).by("courier-7").await.expect("delivered");

    let mut history = app.history::<Parcel>(&id);
    let mut times = Vec::new();
    while let Some(recorded) = history.next().await {
        times.push(recorded.expect("readable").recorded_at);
    }
    assert_eq!(times, [start, Timestamp::from_micros(start.as_micros() + 3_600_000_000)]);
    assert!(app.load::<Parcel>(&id).await.expect("loaded").expect("exists").delivered);
    assert!(matches!(
        app.execute(&id, Scan { depots: vec!["York".into()] }).await,
        Err(ExecuteError::Rejected(PostError::Delivered))
    ));
    app.shutdown().await.expect("shut down");
}

#[tokio::test]
async fn every_test_application_has_events_of_its_own() {
    let (one, other) =
        (TestApp::<Post>::start(Deps::default()).await, TestApp::<Post>::start(Deps::default()).await);
    let id = ParcelId("p-1".into());
    one.create(&id, register()).await.expect("registered");
    assert!(other.load::<Parcel>(&id).await.expect("loaded").is_none());
    assert!(one.clone().load::<Parcel>(&id).await.expect("loaded").is_some());
    let second = gesta::Builder::<Post>::new(one.store(), Deps::default()).start().await.expect("started");
    assert!(second.load::<Parcel>(&id).await.expect("loaded").is_some());
}

#[tokio::test]
async fn a_test_application_takes_settings() {
    let app = TestApp::<Post>::start_with(Deps::default(), |builder| builder.payload_limit(10)).await;
    let refused = app.create(&ParcelId("p-1".into()), register()).await;
    assert!(
        matches!(refused, Err(ExecuteError::Store(StoreError::PayloadTooLarge { limit: 10, .. }))),
        "{refused:?}"
    );
}
