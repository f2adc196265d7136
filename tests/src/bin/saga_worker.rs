//! A process of its own that carries out transfers: `saga_worker <store> <clearing house> <lease in ms> [flaw] [version]`.
//!
//! It prints `ready` once it works. `begin <name> <from> <to> <cents>` on its input starts a transfer, of which it prints
//! `begun <name>`; `go` lets a call go on that waits at a fault. When its input ends it shuts down in order and prints
//! `done`. `GESTA_FAULT_AT` names a point at which something happens to it, as `gesta_tests::Fault` reads it.

use std::{
    error::Error,
    io::BufRead,
    time::{Duration, Instant},
};

use gesta::{App, Builder};
use gesta_tests::{
    Fault, Faulty, LateIntents, UnfencedSagas,
    clearing::ClearingHouse,
    transfers::{AccountId, Bank, Deps, Program, SecondBank, ThirdBank, Transfer},
};
use tokio::sync::{Notify, mpsc};

static GO: Notify = Notify::const_new();

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, house, lease, more @ ..] = &arguments[..] else {
        panic!("usage: saga_worker <store> <clearing house> <lease in ms> [flaw] [version]")
    };
    let lease = Duration::from_millis(lease.parse().expect("a number of milliseconds"));
    let is_version = |word: &&str| ["second", "third"].contains(word);
    let (versions, flaws): (Vec<_>, Vec<_>) = more.iter().map(String::as_str).partition(is_version);
    let flaw = flaws.first().copied();
    match versions.first() {
        None => work::<Bank>(url, house, lease, flaw).await,
        Some(&"second") => work::<SecondBank>(url, house, lease, flaw).await,
        Some(_) => work::<ThirdBank>(url, house, lease, flaw).await,
    }
}

async fn work<P: Program>(url: &str, house: &str, lease: Duration, flaw: Option<&str>) {
    let app = start::<P>(url, house, lease, flaw).await;
    println!("ready");
    let mut lines = lines();
    while let Some(line) = lines.recv().await {
        obey(&app, &line);
    }
    app.shutdown().await.expect("a shutdown in order");
    println!("done");
}

/// The lines of the input, which is read by a thread of its own.
fn lines() -> mpsc::UnboundedReceiver<String> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if sender.send(line.expect("a readable input")).is_err() {
                return;
            }
        }
    });
    receiver
}

fn obey<P: Program>(app: &App<P>, line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["go"] => GO.notify_one(),
        ["begin", name, from, to, cents] => {
            let (from, to) = (AccountId(from.into()), AccountId(to.into()));
            let cents = cents.parse().expect("a number of cents");
            let transfer = Transfer { name: name.into(), from, to, cents };
            tokio::spawn(begin(app.clone(), transfer));
        }
        _ => panic!("not understood: {line}"),
    }
}

/// As often as it takes: the second time it is the same transfer.
async fn begin<P: Program>(app: App<P>, transfer: Transfer) {
    let name = transfer.name.clone();
    while app.start_saga(name.clone(), P::saga(transfer.clone())).await.is_err() {
        // The database may be away.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("begun {name}");
}

/// The store may be away just now: then it is waited for.
async fn start<P: Program>(url: &str, house: &str, lease: Duration, flaw: Option<&str>) -> App<P> {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        match try_to_start::<P>(url, house, lease, flaw).await {
            Ok(app) => return app,
            Err(error) => assert!(Instant::now() < patience, "the store stays away: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn try_to_start<P: Program>(
    url: &str,
    house: &str,
    lease: Duration,
    flaw: Option<&str>,
) -> Result<App<P>, Box<dyn Error>> {
    let mut store = gesta::connect(url).await?;
    store = match flaw {
        None | Some("other-keys") => store,
        Some("unfenced") => UnfencedSagas::of(store),
        Some("late-intents") => LateIntents::of(store),
        Some(other) => panic!("no such flaw: {other}"),
    };
    if let Ok(fault) = std::env::var("GESTA_FAULT_AT") {
        store = Faulty::of(store, fault.parse::<Fault>()?, &GO);
    }
    let mut house = ClearingHouse::at(house);
    if flaw == Some("other-keys") {
        house = house.with_keys_of_this_process();
    }
    let deps = Deps { house };
    Ok(Builder::<P>::new(store, deps).lease(lease).start().await?)
}
