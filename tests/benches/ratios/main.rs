//! Commands per second beside hand-written SQL, as medians of ratios within one run.
//!
//! `cargo bench -p gesta-tests --bench ratios` with `GESTA_TEST_POSTGRES_URL` set to a server with its default
//! durability; `ROUNDS` and `SECONDS` change how long it takes, `ONLY` picks cases by a part of their name, `LANES` says
//! how many transactions of the application are under way at a time.

#![allow(missing_docs, unreachable_pub)]

mod hand;

use std::{
    convert::Infallible,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gesta::prelude::*;
use gesta_tests::{Database, Kind};
use hand::{Hand, Payload};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct AccountId(pub Uuid);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum AccountEvent {
    Opened { owner: String },
    Deposited { cents: u64 },
    Withdrawn { cents: u64 },
}

#[aggregate(id = AccountId, event = AccountEvent)]
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    owner: String,
    balance: u64,
}

#[apply(AccountEvent)]
impl Account {
    fn opened(&mut self, owner: &String) {
        self.owner = owner.clone();
    }
    fn deposited(&mut self, cents: &u64) {
        self.balance += cents;
    }
    fn withdrawn(&mut self, cents: &u64) {
        self.balance -= cents;
    }
}

#[derive(Clone)]
pub struct Open {
    owner: String,
    deposits: u64,
}

#[derive(Clone)]
pub struct Deposit {
    cents: u64,
}

#[command_handler]
impl Account {
    fn open(cmd: Open) -> Result<Vec<AccountEvent>, Infallible> {
        let opened = std::iter::once(AccountEvent::Opened { owner: cmd.owner });
        Ok(opened.chain((0..cmd.deposits).map(|cents| AccountEvent::Deposited { cents })).collect())
    }
    fn deposit(&self, cmd: Deposit) -> Result<AccountEvent, Infallible> {
        Ok(AccountEvent::Deposited { cents: cmd.cents })
    }
}

gesta::domain! {
    pub Bank { aggregates: [Account] }
}

const EXISTING: u128 = 10_000;
const LONG: Uuid = Uuid::from_u128(u128::MAX);

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn payloads(deposits: u64) -> Vec<(&'static str, Payload)> {
    let opened = std::iter::once(("account.opened", Payload::Opened { owner: "Ann".into() }));
    opened.chain((0..deposits).map(|cents| ("account.deposited", Payload::Moved { cents }))).collect()
}

/// Runs `work` in so many tasks for a while; operations per second.
async fn rate<F, Fut>(tasks: u64, work: F) -> f64
where
    F: Fn(u64) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send,
{
    let (work, done) = (Arc::new(work), Arc::new(AtomicU64::new(0)));
    let started = Instant::now();
    let until = started + Duration::from_millis(1000 * env("SECONDS", 2));
    let handles: Vec<_> = (0..tasks)
        .map(|_| {
            let (work, done) = (work.clone(), done.clone());
            tokio::spawn(async move {
                while Instant::now() < until {
                    work(done.fetch_add(1, Ordering::Relaxed)).await;
                }
            })
        })
        .collect();
    for handle in handles {
        handle.await.expect("a task of the benchmark");
    }
    done.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A spread-out choice, the same for both.
fn pick(n: u64) -> u128 {
    u128::from(n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) % EXISTING
}

fn fresh() -> Uuid {
    Uuid::now_v7()
}

async fn hand_deposit(hand: &Hand, stream: Uuid) {
    loop {
        let state = hand.load(stream).await;
        if hand.append(stream, state.version, &[("account.deposited", Payload::Moved { cents: 1 })]).await {
            return;
        }
    }
}

async fn gesta_deposit(app: &App<Bank>, stream: Uuid) {
    app.execute(&AccountId(stream), Deposit { cents: 1 })
        .by("bench")
        .correlation("c")
        .await
        .expect("a deposit");
}

#[derive(Clone, Copy)]
enum Case {
    New,
    Existing,
    Hot,
    Long,
}

async fn hand_rate(case: Case, tasks: u64, hand: Hand) -> f64 {
    let hot = fresh();
    hand.append(hot, 0, &payloads(0)).await;
    rate(tasks, move |n| {
        let hand = hand.clone();
        async move {
            match case {
                Case::New => assert!(hand.append(fresh(), 0, &payloads(0)).await),
                Case::Existing => hand_deposit(&hand, Uuid::from_u128(pick(n))).await,
                Case::Hot => hand_deposit(&hand, hot).await,
                Case::Long => assert_eq!(hand.load(LONG).await.version, 10_000),
            }
        }
    })
    .await
}

async fn gesta_rate(case: Case, tasks: u64, app: App<Bank>) -> f64 {
    let hot = fresh();
    app.create(&AccountId(hot), Open { owner: "Ann".into(), deposits: 0 }).await.expect("an account");
    rate(tasks, move |n| {
        let app = app.clone();
        async move {
            match case {
                Case::New => {
                    let open = Open { owner: "Ann".into(), deposits: 0 };
                    app.create(&AccountId(fresh()), open)
                        .by("bench")
                        .correlation("c")
                        .await
                        .expect("an account");
                }
                Case::Existing => gesta_deposit(&app, Uuid::from_u128(pick(n))).await,
                Case::Hot => gesta_deposit(&app, hot).await,
                Case::Long => {
                    let loaded =
                        app.load::<Account>(&AccountId(LONG)).await.expect("a load").expect("exists");
                    assert_eq!(loaded.version(), 10_000);
                }
            }
        }
    })
    .await
}

async fn prepare(hand: &Hand, app: &App<Bank>) {
    let mut waiting = Vec::new();
    for n in 0..EXISTING {
        let (hand, app) = (hand.clone(), app.clone());
        waiting.push(tokio::spawn(async move {
            let id = Uuid::from_u128(n);
            hand.append(id, 0, &payloads(19)).await;
            app.create(&AccountId(id), Open { owner: "Ann".into(), deposits: 19 }).await.expect("an account");
        }));
        if waiting.len() == 256 {
            for handle in waiting.drain(..) {
                handle.await.expect("a task of the benchmark");
            }
        }
    }
    for handle in waiting {
        handle.await.expect("a task of the benchmark");
    }
    hand.append(LONG, 0, &payloads(9_999)).await;
    app.create(&AccountId(LONG), Open { owner: "Ann".into(), deposits: 9_999 }).await.expect("an account");
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let database = Database::new(Kind::Postgres).await;
    let url = database.url();
    let store = gesta::connect(url).await.expect("the store of the benchmark");
    let lanes = usize::try_from(env("LANES", 1)).unwrap_or(1);
    let app = Bank::app(store, ()).lanes(lanes).start().await.expect("the application of the benchmark");
    let hand = Hand::connect(url, 16).await;
    println!("preparing {EXISTING} aggregates with 20 events, and one with 10,000, on both sides ..");
    prepare(&hand, &app).await;

    println!("{:<22} {:>12} {:>12} {:>8}", "case", "hand-written", "gesta", "ratio");
    let cases = [
        ("new, 1 task", Case::New, 1),
        ("new, 16", Case::New, 16),
        ("new, 64", Case::New, 64),
        ("existing, 1", Case::Existing, 1),
        ("existing, 16", Case::Existing, 16),
        ("existing, 64", Case::Existing, 64),
        ("hot aggregate, 16", Case::Hot, 16),
        ("load 10,000 events", Case::Long, 1),
    ];
    let only = std::env::var("ONLY").unwrap_or_default();
    for (name, case, tasks) in cases.into_iter().filter(|case| case.0.contains(&only)) {
        let pool = Hand::connect(url, u32::try_from(tasks.min(16)).unwrap_or(16)).await;
        let (mut by_hand, mut by_gesta, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..env("ROUNDS", 3) {
            let (a, b) =
                (hand_rate(case, tasks, pool.clone()).await, gesta_rate(case, tasks, app.clone()).await);
            by_hand.push(a);
            by_gesta.push(b);
            ratios.push(b / a);
        }
        println!(
            "{name:<22} {:>10.0}/s {:>10.0}/s {:>8.2}",
            median(by_hand),
            median(by_gesta),
            median(ratios)
        );
    }
    app.shutdown().await.expect("the application stops");
    drop(hand);
    database.remove().await;
}
