//! A process with a handler that some events kill: `deadly <store> <lease in ms>`.
//!
//! It prints a line for each event that the handler is done with, and ends in order when its input does.

use std::{io::Write, time::Duration};

use gesta::{
    App, Builder,
    app::{Register, Registry},
    domain::{
        Backoff, Delivery, DeliveryPolicy, Domain, EventHandler, HandlerFailure, PartInfo, React, Reactions,
    },
};
use gesta_tests::post::ParcelEvent;

enum Deadly {}

impl Domain for Deadly {
    type Deps = ();
    const NAME: &'static str = "Deadly";
    const PARTS: &'static [PartInfo] = &[];
}

impl Register for Deadly {
    fn register(registry: &mut Registry<Self>) {
        registry.event_handler::<Scanner>();
    }
}

struct Scanner;

impl EventHandler for Scanner {
    type Deps<'d> = ();
    const NAME: &'static str = "scanner";

    fn policy() -> DeliveryPolicy {
        DeliveryPolicy::new().shards(4).backoff(Backoff::fixed(Duration::from_millis(1))).attempts(2)
    }

    fn reactions<R: Reactions<Self>>(to: &mut R) {
        to.on::<ParcelEvent>();
    }
}

impl React<ParcelEvent> for Scanner {
    const VARIANTS: &'static [&'static str] = &["Scanned"];

    async fn react(
        event: &ParcelEvent,
        delivery: &Delivery<'_>,
        (): Self::Deps<'_>,
    ) -> Result<(), HandlerFailure> {
        let ParcelEvent::Scanned { depot } = event else { return Ok(()) };
        if depot == "deadly" {
            std::process::abort();
        }
        println!("{} {depot}", delivery.id);
        std::io::stdout().flush().map_err(HandlerFailure::retryable)
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, lease] = &arguments[..] else { panic!("usage: deadly <store> <lease in ms>") };
    let lease = Duration::from_millis(lease.parse().expect("a number of milliseconds"));
    let store = gesta::connect(url).await.expect("a store");
    let app: App<Deadly> = Builder::new(store, ()).lease(lease).start().await.expect("an application");
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()))
        .await
        .expect("a task")
        .expect("input");
    app.shutdown().await.expect("a shutdown in order");
}
