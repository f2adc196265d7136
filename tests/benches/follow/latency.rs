//! How long it takes from the commit of an event until a handler is called, one event at a time.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use gesta::{
    Builder,
    domain::Meta,
    store::{Append, Expected, NewEvent, Outcome, Store, StreamId},
};
use tokio::sync::mpsc;

use crate::domains::{Bell, Handling};

/// The word by which this program is told to be the other process.
pub const OTHER: &str = "handle-in-another-process";

/// Nanoseconds of the system's clock, which the processes of a machine share.
pub fn now() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos()
}

/// Between the events nothing happens for so long: that is what idle means here.
const IDLE: Duration = Duration::from_millis(30);

/// Appends an event, and gives back its position, and when it was committed.
async fn commit(store: &Store) -> (u64, u128) {
    let event = NewEvent { name: "till.rang", version: 1, payload: br#"{"clerk":1,"cents":100}"#.to_vec() };
    let append = Append {
        stream: StreamId::new("till", "latency"),
        expected: Expected::Any,
        key: None,
        meta: Meta::default(),
        documents: Vec::new(),
        events: vec![event],
        process: None,
        together: None,
    };
    let outcomes = store.port().append(&[append]).await.expect("an append");
    let Outcome::Appended(receipt) = &outcomes[0] else { panic!("{outcomes:?}") };
    (receipt.position.raw(), now())
}

/// Milliseconds from the commit to the handler, for so many events; a handler that was faster than the receipt
/// counts as none.
async fn measure(store: &Store, events: u64, mut called: mpsc::UnboundedReceiver<(u64, u128)>) -> Vec<f64> {
    let mut times = Vec::new();
    for number in 0..events + 20 {
        let (position, committed) = commit(store).await;
        let at = loop {
            let (handled, at) = called.recv().await.expect("the handler goes on");
            if handled == position {
                break at;
            }
        };
        // The first ones open connections.
        if number >= 20 {
            times.push(at.saturating_sub(committed) as f64 / 1e6);
        }
        tokio::time::sleep(IDLE).await;
    }
    times
}

async fn handling(store: Store, rings: mpsc::UnboundedSender<(u64, u128)>) -> gesta::App<Handling> {
    Builder::<Handling>::new(store, Bell { rings }).start().await.expect("an application")
}

/// A handler in the application that appends.
pub async fn in_process(url: &str, events: u64) -> Vec<f64> {
    let store = gesta::connect(url).await.expect("a store");
    let (send, receive) = mpsc::unbounded_channel();
    let app = handling(store.clone(), send).await;
    let times = measure(&store, events, receive).await;
    app.shutdown().await.expect("a shutdown in order");
    times
}

/// A handler in another process.
pub async fn across_processes(url: &str, events: u64) -> Vec<f64> {
    let store = gesta::connect(url).await.expect("a store");
    let mut other = Command::new(std::env::current_exe().expect("this program"))
        .args([OTHER, url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program once more");
    let receive = listen(&mut other);
    let times = measure(&store, events, receive).await;
    drop(other.stdin.take());
    other.wait().expect("the other process ends");
    times
}

fn listen(other: &mut Child) -> mpsc::UnboundedReceiver<(u64, u128)> {
    let (send, receive) = mpsc::unbounded_channel();
    let lines = BufReader::new(other.stdout.take().expect("its output")).lines();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let (position, at) = line.split_once(' ').expect("two numbers");
            let _ = send.send((position.parse().expect("a position"), at.parse().expect("a time")));
        }
    });
    receive
}

/// What the other process does: prints position and time of every event that its handler is called with.
pub async fn other(url: &str) {
    let (send, mut receive) = mpsc::unbounded_channel();
    let app = handling(gesta::connect(url).await.expect("a store"), send).await;
    tokio::spawn(async move {
        while let Some((position, at)) = receive.recv().await {
            let _ = writeln!(std::io::stdout(), "{position} {at}");
        }
    });
    let end = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    end.await.expect("a task").expect("an input that ends");
    app.shutdown().await.expect("a shutdown in order");
}
