//! A thousand subscriptions with filters of their own, in one process.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use gesta::{log::Filter, subscription::Subscription};
use gesta_tests::{Place, on_every_store};
use tokio::sync::Mutex;

use crate::kit::{SOON, Seen, app, append};

on_every_store!(a_thousand_subscriptions_get_exactly_their_events, a_slow_one_holds_up_nobody);

const SUBSCRIPTIONS: usize = 1_000;
const NAMES: [&str; 4] = ["parcel.registered", "parcel.scanned", "parcel.delivered", "letter.sent"];

/// One filter for each number, of different kinds.
fn filter(number: usize) -> Filter {
    let id = format!("p-{}", number % 50);
    match number % 4 {
        0 => Filter::new().event(NAMES[number / 4 % 4]).id(id),
        1 => Filter::new().event_like("parcel.*").expect("a pattern").id(id),
        2 => Filter::new().event(NAMES[0]).event(NAMES[number / 4 % 4]),
        _ => Filter::new().category("parcel").id(id).when(|event| event.event.version.is_multiple_of(2)),
    }
}

async fn a_thousand_subscriptions_get_exactly_their_events(place: &Place) {
    let (store, app) = (place.open().await, app(place.open().await).await);
    let mut subscriptions: Vec<(Seen, Subscription)> = Vec::new();
    for number in 0..SUBSCRIPTIONS {
        let seen = Seen::default();
        let subscription = app.subscribe(filter(number), seen.handler()).await.expect("subscribed");
        subscriptions.push((seen, subscription));
    }
    // One that sees everything, to compare with.
    let all = Seen::default();
    let everything = app.subscribe(Filter::new(), all.handler()).await.expect("subscribed");
    let mut sizes = BTreeMap::new();
    for n in 0..400_usize {
        let id = format!("p-{}", n * 7 % 50);
        append(&store, &id, NAMES[n * 13 / 5 % 4], 1 + n % 3).await;
        *sizes.entry(id).or_default() += 1 + n as u64 % 3;
    }
    everything.caught_up(SOON).await.expect("caught up");
    all.assert_exactly(&sizes);
    let (all, mut seen_at_all) = (all.events(), 0);
    for (number, (seen, subscription)) in subscriptions.iter().enumerate() {
        subscription.caught_up(SOON).await.expect("caught up");
        let wanted = |event: &&Arc<gesta::log::LogEntry>| {
            let (id, name) = (format!("p-{}", number % 50), event.name.as_str());
            match number % 4 {
                0 => event.stream.id() == id && name == NAMES[number / 4 % 4],
                1 => event.stream.id() == id && name.starts_with("parcel."),
                2 => name == NAMES[0] || name == NAMES[number / 4 % 4],
                _ => event.stream.id() == id && event.version.is_multiple_of(2),
            }
        };
        let expected: Vec<_> = all.iter().filter(wanted).map(|event| event.position).collect();
        let seen: Vec<_> = seen.events().iter().map(|event| event.position).collect();
        assert_eq!(seen, expected, "subscription {number}");
        seen_at_all += seen.len();
    }
    assert!(seen_at_all > SUBSCRIPTIONS, "the filters let something through");
    app.shutdown().await.expect("shut down");
}

async fn a_slow_one_holds_up_nobody(place: &Place) {
    let (store, app) = (place.open().await, app(place.open().await).await);
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.clone().lock_owned().await;
    let (slow, quick) = (Seen::default(), Seen::default());
    let (seen, waits) = (slow.clone(), gate.clone());
    let held = app
        .subscribe(Filter::new(), move |event| {
            let (seen, waits) = (seen.clone(), waits.clone());
            async move {
                drop(waits.lock().await);
                seen.note(event);
                Ok::<_, Infallible>(())
            }
        })
        .await
        .expect("subscribed");
    let free = app.subscribe(Filter::new(), quick.handler()).await.expect("subscribed");
    // More than is kept in memory for those who are a little behind.
    let mut sizes = BTreeMap::new();
    for n in 0..60 {
        append(&store, &format!("p-{}", n % 3), NAMES[0], 500).await;
        *sizes.entry(format!("p-{}", n % 3)).or_default() += 500;
    }
    free.caught_up(SOON).await.expect("caught up");
    quick.assert_exactly(&sizes);
    assert_eq!(slow.len(), 0);
    drop(closed);
    held.caught_up(SOON).await.expect("caught up");
    slow.assert_exactly(&sizes);
    app.shutdown().await.expect("shut down");
}
