//! Following the log beside hand-written SQL, measured in turns within one run, and the time from commit to handler.
//!
//! `cargo bench -p gesta-tests --bench follow` with `GESTA_TEST_POSTGRES_URL` set to a server with its default
//! durability. `EVENTS`, `STREAMS` and `ROUNDS` change how much is done, `ONLY` picks cases by a part of their name.

#![allow(missing_docs, unreachable_pub)]

mod domains;
mod hand;
mod latency;

use std::{
    future::{Future, ready},
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use domains::Projecting;
use futures_util::TryStreamExt;
use gesta::{
    App, Builder,
    domain::{Event, Meta, Position, Projection, Start},
    log::{Filter, Log, LogEntry},
    store::{Append, Expected, NewEvent, ReadSide, Store, StreamId, generation_name},
};
use gesta_tests::{
    Database, Dice, Kind,
    tills::{ClerkId, TillEvent, TillSum},
};
use hand::Hand;
use uuid::Uuid;

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn wanted(name: &str) -> bool {
    std::env::var("ONLY").map_or(true, |only| name.contains(&only))
}

/// The same events on both sides, spread over the streams.
async fn fill(store: &Store, hand: &Hand, events: u64, streams: u64) {
    let (mut dice, mut versions) = (Dice::new(1), vec![0_i64; streams as usize]);
    for start in (0..events).step_by(1_000) {
        let (mut batch, mut rows) = (Vec::new(), Vec::new());
        for _ in start..events.min(start + 1_000) {
            let till = dice.roll(streams);
            let cents = i64::try_from(dice.roll(20_000)).expect("a small number") - 5_000;
            let mut payload = Vec::new();
            let event = TillEvent::Rang { clerk: ClerkId(dice.roll(100)), cents };
            event.encode(&mut payload).expect("an event");
            let stream = Uuid::from_u128(till.into());
            versions[till as usize] += 1;
            rows.push((stream, versions[till as usize], String::from_utf8_lossy(&payload).into_owned()));
            batch.push(Append {
                stream: StreamId::new("till", &stream.to_string()),
                expected: Expected::Any,
                key: None,
                meta: Meta::default(),
                documents: Vec::new(),
                events: vec![NewEvent { name: "till.rang", version: 1, payload }],
                process: None,
                together: None,
            });
        }
        store.port().append(&batch).await.expect("the events of the benchmark");
        hand.fill(&rows).await;
    }
    hand.analyze().await;
}

/// Events per second.
async fn rate(events: u64, work: impl Future<Output = ()>) -> f64 {
    let started = Instant::now();
    work.await;
    events as f64 / started.elapsed().as_secs_f64()
}

/// Sum and number of the events, as an application is told of them by a subscription.
async fn sum(app: &App<Projecting>) -> (i64, u64) {
    let (sum, events) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicU64::new(0)));
    let told = (sum.clone(), events.clone());
    let add = move |event: Arc<LogEntry>| {
        let read = event.decode::<TillEvent>().map(|TillEvent::Rang { cents, .. }| {
            told.0.fetch_add(cents, Ordering::Relaxed);
            told.1.fetch_add(1, Ordering::Relaxed);
        });
        ready(read)
    };
    let following = app
        .subscribe(Filter::new().events_of::<TillEvent>(), add)
        .from(Start::Beginning)
        .await
        .expect("a subscription");
    following.caught_up(Duration::from_secs(600)).await.expect("the end of the log");
    following.unsubscribe().await;
    (sum.load(Ordering::Relaxed), events.load(Ordering::Relaxed))
}

/// The same by reading the log page by page.
async fn sum_of_log(store: &Store) -> (i64, u64) {
    let log = Log::new(store.clone()).filter(Filter::new().events_of::<TillEvent>());
    let (mut sum, mut events, mut stream) = (0, 0, log.stream());
    while let Some(entry) = stream.try_next().await.expect("the log") {
        let TillEvent::Rang { cents, .. } = entry.decode().expect("an event");
        (sum, events) = (sum + cents, events + 1);
    }
    (sum, events)
}

fn read_side(store: &Store) -> &dyn ReadSide {
    store.port().read_side().expect("a store with a read side")
}

/// Forgets the documents and how far they had come.
async fn forget(store: &Store) {
    let name = generation_name(TillSum::NAME, TillSum::VERSION);
    read_side(store).clear_collection(&name).await.expect("an empty collection");
    read_side(store).reset(&name, Position::START).await.expect("the beginning");
}

/// Starts an application, and waits until the documents have come to a position.
async fn project(store: &Store, last: Position) {
    let app = Builder::<Projecting>::new(store.clone(), ()).start().await.expect("an application");
    let name = generation_name(TillSum::NAME, TillSum::VERSION);
    loop {
        let states = read_side(store).subscriptions(Some(&name)).await.expect("a subscription");
        if states.first().is_some_and(|state| state.position() >= last) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    app.shutdown().await.expect("a shutdown in order");
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn part(sorted: &[f64], part: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * part) as usize]
}

fn print(name: &str, hand: Vec<f64>, gesta: Vec<f64>) {
    let ratios = sorted(hand.iter().zip(&gesta).map(|(hand, gesta)| gesta / hand).collect());
    let (hand, gesta) = (sorted(hand), sorted(gesta));
    println!(
        "{name:<22} {:>10.0}/s {:>10.0}/s {:>8.2}   {:.2} to {:.2}",
        part(&hand, 0.5),
        part(&gesta, 0.5),
        part(&ratios, 0.5),
        ratios[0],
        ratios[ratios.len() - 1],
    );
}

fn print_times(name: &str, times: Vec<f64>) {
    let times = sorted(times);
    println!(
        "{name:<22} p50 {:>7.3} ms   p90 {:>7.3} ms   p99 {:>7.3} ms",
        part(&times, 0.5),
        part(&times, 0.9),
        part(&times, 0.99)
    );
}

async fn beside_hand_written(url: &str) {
    let (events, streams) = (env("EVENTS", 200_000), env("STREAMS", 10_000));
    let store = gesta::connect(url).await.expect("the store of the benchmark");
    let hand = Hand::connect(url).await;
    println!("preparing {events} events in {streams} streams on both sides ..");
    fill(&store, &hand, events, streams).await;
    let last = store.port().last_position().await.expect("a position");
    println!("{:<22} {:>12} {:>12} {:>8}   spread", "case", "hand-written", "gesta", "ratio");
    let rounds = env("ROUNDS", 5);
    if wanted("catch-up") {
        let app =
            Builder::<Projecting>::new(store.clone(), ()).commands_only().await.expect("an application");
        let (mut by_hand, mut by_gesta, mut by_log) = (Vec::new(), Vec::new(), Vec::new());
        let truth = hand.sum().await;
        assert_eq!(truth, sum(&app).await);
        assert_eq!(truth, sum_of_log(&store).await);
        for _ in 0..rounds {
            by_hand.push(rate(events, async { _ = hand.sum().await }).await);
            by_gesta.push(rate(events, async { _ = sum(&app).await }).await);
            by_log.push(rate(events, async { _ = sum_of_log(&store).await }).await);
        }
        print("catch-up, subscribed", by_hand.clone(), by_gesta);
        print("catch-up, log pages", by_hand, by_log);
        app.shutdown().await.expect("a shutdown in order");
    }
    if wanted("projection") {
        let (mut by_hand, mut by_gesta) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            by_hand.push(rate(events, hand.project()).await);
            forget(&store).await;
            by_gesta.push(rate(events, project(&store, last)).await);
        }
        assert_eq!(hand.projected().await, hand.sum().await.0);
        print("projection", by_hand, by_gesta);
    }
    store.port().close().await;
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, word, url] = &arguments[..]
        && word == latency::OTHER
    {
        return latency::other(url).await;
    }
    if wanted("catch-up") || wanted("projection") {
        let database = Database::new(Kind::Postgres).await;
        beside_hand_written(database.url()).await;
        database.remove().await;
    }
    let events = env("LATENCIES", 300);
    for (name, across) in [("commit to handler", false), ("to another process", true)] {
        if wanted("latency") {
            let database = Database::new(Kind::Postgres).await;
            let times = match across {
                false => latency::in_process(database.url(), events).await,
                true => latency::across_processes(database.url(), events).await,
            };
            print_times(name, times);
            database.remove().await;
        }
    }
}
