//! A process of its own that follows the log of the tills: `follower <store> <lease in ms> [unfenced]`.
//!
//! It prints `ready` once it works, and `done` after it has shut down in order, which it does when its input ends.

use std::{
    error::Error,
    io::Read,
    time::{Duration, Instant},
};

use gesta::{App, Builder};
use gesta_tests::{
    Unfenced,
    tills::{Books, Deps, Notes, Tills},
};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (url, lease, unfenced) = match &arguments[..] {
        [url, lease] => (url, lease, false),
        [url, lease, flag] if flag == "unfenced" => (url, lease, true),
        _ => panic!("usage: follower <store> <lease in ms> [unfenced]"),
    };
    let lease = Duration::from_millis(lease.parse().expect("a number of milliseconds"));
    let app = start(url, lease, unfenced).await;
    println!("ready");
    let wait = || std::io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(wait).await.expect("a task").expect("an input that ends");
    app.shutdown().await.expect("a shutdown in order");
    println!("done");
}

/// The store may be away just now: then it is waited for.
async fn start(url: &str, lease: Duration, unfenced: bool) -> App<Tills> {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        match try_to_start(url, lease, unfenced).await {
            Ok(app) => return app,
            Err(error) => assert!(Instant::now() < patience, "the store stays away: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn try_to_start(url: &str, lease: Duration, unfenced: bool) -> Result<App<Tills>, Box<dyn Error>> {
    let store = gesta::connect(url).await?;
    let store = if unfenced { Unfenced::of(store) } else { store };
    let deps = Deps { notes: Notes::open(url).await? };
    Ok(Builder::<Tills>::new(store, deps).lease(lease).sql_projection(Books).start().await?)
}
