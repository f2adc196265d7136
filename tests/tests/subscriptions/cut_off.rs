//! A process that cannot reach the store any more.

use std::collections::BTreeSet;

use gesta::log::Filter;
use gesta_tests::{Database, Kind, Proxy};

use crate::{
    kit::{SOON, Seen, app, append, until},
    sharing::shared,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hears_nothing_from_the_store_stops_is_replaced_and_comes_back() {
    let database = Database::new(Kind::Postgres).await;
    let (front, name) = database.url().rsplit_once('/').expect("the name of the database");
    let (host, port) = front.rsplit_once(':').expect("the server's port");
    let proxy = Proxy::to(port.parse().expect("a port")).await;
    let behind = format!("{host}:{}/{name}", proxy.port());

    let direct = gesta::connect(database.url()).await.expect("a store");
    let (one, other) =
        (app(gesta::connect(&behind).await.expect("a store")).await, app(direct.clone()).await);
    let (by_one, by_other) = (Seen::default(), Seen::default());
    let first = one.subscribe(Filter::new(), by_one.handler()).named("audit").await.expect("subscribed");
    let second = other.subscribe(Filter::new(), by_other.handler()).named("audit").await.expect("subscribed");
    shared([&one, &other]).await;

    proxy.freeze();
    for n in 0..40 {
        append(&direct, &format!("p-{n}"), "parcel.scanned", 1).await;
    }
    second.caught_up(SOON).await.expect("the other does it all");
    until("the one has stopped, though nobody told it", async || first.position().is_none()).await;
    assert_eq!(other.subscriptions().await.expect("states")[0].here.len(), 16);

    proxy.thaw();
    shared([&one, &other]).await;
    for n in 0..40 {
        append(&direct, &format!("p-{n}"), "parcel.scanned", 1).await;
    }
    first.caught_up(SOON).await.expect("caught up");
    second.caught_up(SOON).await.expect("caught up");
    assert!(by_one.len() > 0, "it works again");
    let seen: BTreeSet<String> = by_one.names().into_iter().chain(by_other.names()).collect();
    let expected = (0..40).flat_map(|n| [format!("p-{n}@1"), format!("p-{n}@2")]).collect();
    assert_eq!(seen, expected);
    one.shutdown().await.expect("shut down");
    other.shutdown().await.expect("shut down");
    drop(direct);
    database.remove().await;
}
