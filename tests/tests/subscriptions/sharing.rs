//! Two applications on one database share the shards of a subscription.

use std::{collections::BTreeMap, time::Duration};

use gesta::{App, log::Filter, subscription::SubscriptionStatus};
use gesta_tests::{Kind, Place, on_every_store, post::Post};
use tokio::time::timeout;

use crate::kit::{SOON, Seen, app, append, leased_for, until};

on_every_store!(
    two_applications_share_the_shards,
    a_killed_application_is_replaced,
    a_shut_down_application_hands_back_at_once,
    what_is_given_back_is_taken_at_once,
    every_listener_without_a_name_hears_everything,
);

async fn status(app: &App<Post>) -> SubscriptionStatus {
    app.subscriptions().await.expect("states").remove(0)
}

/// How many workers have shards.
fn owners(status: &SubscriptionStatus) -> usize {
    let mut owners: Vec<_> = status.shards.iter().filter_map(|shard| shard.owner).collect();
    owners.sort_unstable();
    owners.dedup();
    owners.len()
}

pub(crate) async fn shared(apps: [&App<Post>; 2]) {
    until("both have half", async || {
        let (one, other) = (status(apps[0]).await, status(apps[1]).await);
        one.here.len() == 8 && other.here.len() == 8
    })
    .await;
}

async fn two_applications_share_the_shards(place: &Place) {
    let (store, one, other) =
        (place.open().await, app(place.open().await).await, app(place.open().await).await);
    let (by_one, by_other) = (Seen::default(), Seen::default());
    let first = one.subscribe(Filter::new(), by_one.handler()).named("audit").await.expect("subscribed");
    first.caught_up(SOON).await.expect("caught up");
    let second = other.subscribe(Filter::new(), by_other.handler()).named("audit").await.expect("subscribed");
    shared([&one, &other]).await;
    let before = status(&one).await;
    let mut sizes = BTreeMap::new();
    for n in 0..100 {
        append(&store, &format!("p-{}", n % 40), "parcel.scanned", 1).await;
        *sizes.entry(format!("p-{}", n % 40)).or_default() += 1;
    }
    first.caught_up(SOON).await.expect("caught up");
    second.caught_up(SOON).await.expect("caught up");
    assert!(by_one.len() > 0 && by_other.len() > 0, "both have worked");
    // A stream belongs to one shard and so to one of them: what both have seen is in order when put together.
    let both = Seen::default();
    by_one.events().into_iter().chain(by_other.events()).for_each(|event| both.note(event));
    both.assert_exactly(&sizes);
    let tokens =
        |status: &SubscriptionStatus| status.shards.iter().map(|it| (it.owner, it.token)).collect::<Vec<_>>();
    assert_eq!(tokens(&before), tokens(&status(&one).await), "nothing has changed hands meanwhile");
    one.shutdown().await.expect("shut down");
    other.shutdown().await.expect("shut down");
}

async fn a_killed_application_is_replaced(place: &Place) {
    let (store, one, other) =
        (place.open().await, app(place.open().await).await, app(place.open().await).await);
    let (by_one, by_other) = (Seen::default(), Seen::default());
    let first = one.subscribe(Filter::new(), by_one.handler()).named("audit").await.expect("subscribed");
    let second = other.subscribe(Filter::new(), by_other.handler()).named("audit").await.expect("subscribed");
    shared([&one, &other]).await;
    // All of its tasks end where they are, as in a crash: nothing is given back.
    drop((one, first));
    assert_eq!(owners(&status(&other).await), 2, "until it runs out, the lease is good");
    let mut sizes = BTreeMap::new();
    for n in 0..40 {
        append(&store, &format!("p-{n}"), "parcel.scanned", 1).await;
        sizes.insert(format!("p-{n}"), 1);
    }
    second.caught_up(SOON).await.expect("caught up");
    by_other.assert_exactly(&sizes);
    assert_eq!(status(&other).await.here.len(), 16);
    assert_eq!(by_one.len(), 0, "its tasks have ended with it");
    other.shutdown().await.expect("shut down");
}

async fn a_shut_down_application_hands_back_at_once(place: &Place) {
    let (one, other) = (app(place.open().await).await, app(place.open().await).await);
    let seen = Seen::default();
    let _first = one.subscribe(Filter::new(), seen.handler()).named("audit").await.expect("subscribed");
    let _second = other.subscribe(Filter::new(), seen.handler()).named("audit").await.expect("subscribed");
    shared([&one, &other]).await;
    assert_eq!(owners(&status(&other).await), 2);
    one.shutdown().await.expect("shut down");
    assert_eq!(owners(&status(&other).await), 1, "without waiting for anything");
    until("the other has all", async || status(&other).await.here.len() == 16).await;
    other.shutdown().await.expect("shut down");
}

/// Whoever is not told claims again after a third of it.
const LONG: Duration = Duration::from_secs(60);

/// Far less than that, and more than any machine needs.
async fn at_once(what: &str, holds: impl AsyncFnMut() -> bool) {
    timeout(Duration::from_secs(10), until(what, holds)).await.expect(what);
}

/// Two applications that would ask for shards again when this test is long over.
async fn handed_over(one: App<Post>, other: App<Post>) {
    let seen = Seen::default();
    let here = async |app: &App<Post>| status(app).await.here.len();
    let _first = one.subscribe(Filter::new(), seen.handler()).named("audit").await.expect("subscribed");
    at_once("the first has all", async || here(&one).await == 16).await;
    let _second = other.subscribe(Filter::new(), seen.handler()).named("audit").await.expect("subscribed");
    // It claims for all of its subscriptions together: once it has this one, it has asked for the other.
    let _own = other.subscribe(Filter::new(), seen.handler()).named("own").await.expect("subscribed");
    let has_own = async || !other.subscriptions().await.expect("states")[1].here.is_empty();
    at_once("it has claimed", has_own).await;

    other.pause("audit").await.expect("paused");
    at_once("nobody works on it", async || here(&one).await + here(&other).await == 0).await;
    other.resume("audit").await.expect("resumed");
    at_once("both have half", async || (here(&one).await, here(&other).await) == (8, 8)).await;

    one.shutdown().await.expect("shut down");
    at_once("the other has all", async || here(&other).await == 16).await;
    other.shutdown().await.expect("shut down");
}

async fn what_is_given_back_is_taken_at_once(place: &Place) {
    // On one handle, whatever the store: processes that share a file of SQLite do not tell each other.
    let store = place.open().await;
    handed_over(leased_for(store.clone(), LONG).await, leased_for(store, LONG).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_gives_back_is_taken_at_once_on_postgres() {
    let place = Place::new(Some(Kind::Postgres)).await;
    let (one, other) =
        (leased_for(place.open().await, LONG).await, leased_for(place.open().await, LONG).await);
    handed_over(one, other).await;
    place.remove().await;
}

async fn every_listener_without_a_name_hears_everything(place: &Place) {
    let (store, one, other) =
        (place.open().await, app(place.open().await).await, app(place.open().await).await);
    let (by_one, by_other) = (Seen::default(), Seen::default());
    let first = one.subscribe(Filter::new(), by_one.handler()).await.expect("subscribed");
    let second = other.subscribe(Filter::new(), by_other.handler()).await.expect("subscribed");
    append(&store, "a", "parcel.scanned", 3).await;
    first.caught_up(SOON).await.expect("caught up");
    second.caught_up(Duration::from_secs(10)).await.expect("caught up");
    assert_eq!((by_one.len(), by_other.len()), (3, 3));
    one.shutdown().await.expect("shut down");
    other.shutdown().await.expect("shut down");
}
