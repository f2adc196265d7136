//! Nothing is skipped, nothing comes twice, and each stream is in order.

use std::{collections::BTreeMap, time::Duration};

use gesta::{
    domain::{Position, Start, Timestamp},
    log::{Filter, Log},
};
use gesta_tests::{Place, on_every_store};

use crate::kit::{SOON, Seen, app, append};

on_every_store!(
    nothing_is_skipped_while_many_append,
    a_subscription_begins_where_it_is_told,
    who_is_behind_catches_up_and_stays_in_order,
    events_of_another_process_wake_quickly,
);

async fn nothing_is_skipped_while_many_append(place: &Place) {
    const TASKS: u64 = 4;
    const APPENDS: u64 = 60;
    let app = app(place.open().await).await;
    let (named, passing) = (Seen::default(), Seen::default());
    let durable = app.subscribe(Filter::new(), named.handler()).named("audit").await.expect("subscribed");
    let listener = app.subscribe(Filter::new(), passing.handler()).await.expect("subscribed");

    let mut last = BTreeMap::new();
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let store = place.open().await;
        // Each task has two streams of its own, and all of them have one together.
        for stream in [format!("{task}-0"), format!("{task}-1"), "all".to_owned()] {
            *last.entry(stream).or_default() += APPENDS / 3;
        }
        tasks.push(tokio::spawn(async move {
            for n in 0..APPENDS {
                let id = if n % 3 == 2 { "all".to_owned() } else { format!("{task}-{}", n % 3) };
                append(&store, &id, "parcel.scanned", 1).await;
            }
        }));
    }
    for task in tasks {
        task.await.expect("appended");
    }
    durable.caught_up(SOON).await.expect("caught up");
    listener.caught_up(SOON).await.expect("caught up");
    named.assert_exactly(&last);
    passing.assert_exactly(&last);
    app.shutdown().await.expect("shut down");
}

async fn a_subscription_begins_where_it_is_told(place: &Place) {
    let (store, app) = (place.open().await, app(place.open().await).await);
    append(&store, "a", "parcel.scanned", 2).await;
    let middle = append(&store, "b", "parcel.scanned", 1).await;
    // Of two transactions the second is not earlier, but may be at the same microsecond.
    tokio::time::sleep(Duration::from_millis(2)).await;
    append(&store, "c", "parcel.scanned", 1).await;
    let recorded =
        Log::new(store.clone()).after(middle).page(1).await.expect("a page").events.remove(0).recorded_at;
    for (start, expected) in [
        (Start::Beginning, &["a@1", "a@2", "b@1", "c@1", "d@1"][..]),
        (Start::Now, &["d@1"]),
        (Start::After(middle), &["c@1", "d@1"]),
        (Start::At(recorded), &["c@1", "d@1"]),
        (Start::At(Timestamp::from_micros(i64::MAX)), &["d@1"]),
    ] {
        let number = expected.len();
        let (passing, named) = (Seen::default(), Seen::default());
        let one = app.subscribe(Filter::new(), passing.handler()).from(start).await.expect("subscribed");
        let other = app.subscribe(Filter::new(), named.handler()).from(start).named(format!("{start:?}"));
        let other = other.await.expect("subscribed");
        append(&store, "d", "parcel.scanned", 1).await;
        one.caught_up(SOON).await.expect("caught up");
        other.caught_up(SOON).await.expect("caught up");
        let d =
            |seen: Seen| seen.names().into_iter().filter(|name| !name.starts_with('d')).collect::<Vec<_>>();
        assert_eq!(d(passing), expected[..number - 1], "{start:?}");
        assert_eq!(d(named), expected[..number - 1], "{start:?}");
        one.unsubscribe().await;
        other.unsubscribe().await;
    }
    app.shutdown().await.expect("shut down");
}

async fn who_is_behind_catches_up_and_stays_in_order(place: &Place) {
    let (store, app) = (place.open().await, app(place.open().await).await);
    let mut last = BTreeMap::new();
    for n in 0..30 {
        append(&store, &format!("old-{}", n % 5), "parcel.scanned", 400).await;
        *last.entry(format!("old-{}", n % 5)).or_default() += 400;
    }
    let seen = Seen::default();
    let start = Start::After(Position::START);
    let subscription = app.subscribe(Filter::new(), seen.handler()).from(start).await.expect("subscribed");
    // While it catches up, the log goes on.
    for n in 0..50 {
        append(&store, &format!("new-{}", n % 5), "parcel.scanned", 1).await;
        *last.entry(format!("new-{}", n % 5)).or_default() += 1;
    }
    subscription.caught_up(SOON).await.expect("caught up");
    seen.assert_exactly(&last);
    app.shutdown().await.expect("shut down");
}

async fn events_of_another_process_wake_quickly(place: &Place) {
    // A store of its own has its own connections, like another process.
    let (other, app) = (place.open().await, app(place.open().await).await);
    let seen = Seen::default();
    let subscription = app.subscribe(Filter::new(), seen.handler()).named("audit").await.expect("subscribed");
    subscription.caught_up(SOON).await.expect("caught up");
    let mut times = Vec::new();
    for n in 1..=20 {
        append(&other, "a", "parcel.scanned", 1).await;
        let begun = std::time::Instant::now();
        crate::kit::until("the event is there", async || seen.len() == n).await;
        times.push(begun.elapsed());
    }
    times.sort();
    // A machine that is busy with other things is slow most of the time, and not always.
    assert!(times[2] < Duration::from_millis(200), "{times:?}");
    app.shutdown().await.expect("shut down");
}
