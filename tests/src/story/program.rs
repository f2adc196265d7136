//! What both programs of the story have in common.

use std::{process::exit, time::Duration};

use gesta::{
    App, Builder,
    app::{Register, StartError},
};

/// The names of the transfers.
pub const TRANSFERS: [&str; 3] = ["t-0", "t-1", "t-2"];

/// The store, how long a lease is good, and whether it is started whatever others say: `<store> <lease in ms>
/// [--allow-older]`. A program that is refused says why and ends with the code 3.
pub async fn start<D: Register>(deps: D::Deps, release: &str) -> App<D> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (url, lease, allow) = match &arguments[..] {
        [url, lease] => (url, lease, false),
        [url, lease, flag] if flag == "--allow-older" => (url, lease, true),
        _ => panic!("usage: <store> <lease in ms> [--allow-older]"),
    };
    let lease = Duration::from_millis(lease.parse().expect("a number of milliseconds"));
    let store = gesta::connect(url).await.expect("a store");
    let builder = Builder::<D>::new(store, deps).lease(lease).release(release);
    let builder = if allow { builder.allow_older() } else { builder };
    match builder.start().await {
        Ok(app) => {
            println!("started");
            app
        }
        Err(error @ StartError::Disagreement(_)) => {
            println!("refused: {error}");
            exit(3)
        }
        Err(other) => panic!("{other}"),
    }
}
