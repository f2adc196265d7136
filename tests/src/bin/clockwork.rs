//! A process of its own in which times come: `clockwork <store> <lease in ms> <ticks|no-ticks> [flaw]`.
//!
//! It prints `ready` once it works. `enough` on its input ends what recurs. When its input ends it shuts down in order and
//! prints `done`. `GESTA_FAULT_AT` names a point at which something happens to it, as `gesta_tests::Fault` reads it.

use std::{
    error::Error,
    io::BufRead,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use gesta::App;
use gesta_tests::{
    Fault, Faulty, Omission, Shaky,
    clockwork::{Clockwork, ENOUGH},
};
use tokio::sync::Notify;

static GO: Notify = Notify::const_new();

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, lease, ticks, flaw @ ..] = &arguments[..] else {
        panic!("usage: clockwork <store> <lease in ms> <ticks|no-ticks> [flaw]")
    };
    let lease = Duration::from_millis(lease.parse().expect("a number of milliseconds"));
    let app = start(url, lease, ticks == "ticks", flaw.first().map(String::as_str)).await;
    println!("ready");
    tokio::task::spawn_blocking(obey).await.expect("a readable input");
    app.shutdown().await.expect("a shutdown in order");
    println!("done");
}

/// Does what its input says, until that ends.
fn obey() {
    for line in std::io::stdin().lock().lines() {
        match line.expect("a readable input").as_str() {
            "enough" => {
                ENOUGH.store(true, Ordering::SeqCst);
                println!("no more");
            }
            "go" => GO.notify_one(),
            other => panic!("not understood: {other}"),
        }
    }
}

/// The store may be busy just now: then it is waited for.
async fn start(url: &str, lease: Duration, ticks: bool, flaw: Option<&str>) -> App<Clockwork> {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        match try_to_start(url, lease, ticks, flaw).await {
            Ok(app) => return app,
            Err(error) => assert!(Instant::now() < patience, "the store stays away: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn try_to_start(
    url: &str,
    lease: Duration,
    ticks: bool,
    flaw: Option<&str>,
) -> Result<App<Clockwork>, Box<dyn Error>> {
    let mut store = gesta::connect(url).await?;
    let omission = match flaw {
        None => Omission::Nothing,
        Some("keys") => Omission::Keys,
        Some("firing-keys") => Omission::FiringKeys,
        Some("revisions") => Omission::Revisions,
        Some(other) => panic!("no such flaw: {other}"),
    };
    let calm = Shaky::new(0, omission);
    calm.shaking(false);
    store = calm.shake(store);
    if let Ok(fault) = std::env::var("GESTA_FAULT_AT") {
        store = Faulty::of(store, fault.parse::<Fault>()?, &GO);
    }
    Clockwork::start(store, lease, ticks).await
}
