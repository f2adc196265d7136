//! Handlers that fail and panic.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use gesta::log::{Filter, LogEntry};
use gesta_tests::{Place, on_every_store};

use crate::kit::{SOON, Seen, app, append, until};

on_every_store!(a_durable_subscription_never_skips, a_listener_skips_what_it_cannot_handle,);

/// Fails at version 2 of every stream so often, by turns with an error and a panic.
fn stumbling(
    seen: &Seen,
    failures: u32,
) -> impl Fn(Arc<LogEntry>) -> std::future::Ready<Result<(), String>> + use<> {
    let (seen, left) = (seen.clone(), Mutex::new(HashMap::new()));
    move |event| {
        if event.version == 2 {
            let mut left = left.lock().expect("not poisoned");
            let left_here = left.entry(event.stream.clone()).or_insert(failures);
            if *left_here > 0 {
                *left_here -= 1;
                let even = *left_here % 2 == 0;
                drop(left);
                assert!(even, "no paper");
                return std::future::ready(Err("no ink".into()));
            }
        }
        seen.note(event);
        std::future::ready(Ok(()))
    }
}

async fn a_durable_subscription_never_skips(place: &Place) {
    let (store, app) = (place.open().await, app(place.open().await).await);
    let seen = Seen::default();
    let audit = app.subscribe(Filter::new(), stumbling(&seen, 3)).named("audit").await.expect("subscribed");
    append(&store, "a", "parcel.scanned", 3).await;
    until("it is told", async || {
        let trouble = app.subscriptions().await.expect("states").remove(0).trouble;
        trouble
            .is_some_and(|trouble| trouble.message.contains("no paper") || trouble.message.contains("no ink"))
    })
    .await;
    audit.caught_up(SOON).await.expect("caught up");
    assert_eq!(seen.names(), ["a@1", "a@2", "a@3"]);
    assert_eq!(app.subscriptions().await.expect("states").remove(0).trouble, None, "it is over");
    app.shutdown().await.expect("shut down");
}

async fn a_listener_skips_what_it_cannot_handle(place: &Place) {
    let (store, app) = (place.open().await, app(place.open().await).await);
    let (short, long) = (Seen::default(), Seen::default());
    let patient = app.subscribe(Filter::new(), stumbling(&long, 2)).await.expect("subscribed");
    let hasty = app.subscribe(Filter::new(), stumbling(&short, 2)).attempts(2).await.expect("subscribed");
    append(&store, "a", "parcel.scanned", 3).await;
    patient.caught_up(SOON).await.expect("caught up");
    hasty.caught_up(SOON).await.expect("caught up");
    assert_eq!(long.names(), ["a@1", "a@2", "a@3"]);
    assert_eq!(short.names(), ["a@1", "a@3"]);
    app.shutdown().await.expect("shut down");
}
