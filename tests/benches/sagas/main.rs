//! Sagas of three command steps beside plain commands, in turns within one run; and what many waiting instances cost.
//!
//! `cargo bench -p gesta-tests --bench sagas` with `GESTA_TEST_POSTGRES_URL` set to a server with its default
//! durability. `SAGAS`, `TASKS`, `ROUNDS` and `WAITING` change how much is done.

#![allow(missing_docs, unreachable_pub)]

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gesta::{
    prelude::*,
    saga,
    store::{Append, Due, Expected, ProcessWrites, SagaStatus, SagaWrite, Store, StreamId},
};
use gesta_tests::{Database, Kind};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct SeatId(pub u64);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum SeatEvent {
    Counted { by: u64 },
}

#[aggregate(id = SeatId, event = SeatEvent)]
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Seat {
    sum: u64,
}

#[apply(SeatEvent)]
impl Seat {
    fn counted(&mut self, by: &u64) {
        self.sum += by;
    }
}

#[derive(Clone)]
pub struct Add {
    by: u64,
}

#[derive(Clone)]
pub struct Count {
    by: u64,
}

#[command_handler]
impl Seat {
    fn add(cmd: Add) -> Result<SeatEvent, Infallible> {
        Ok(SeatEvent::Counted { by: cmd.by })
    }

    fn count(&self, cmd: Count) -> Result<SeatEvent, Infallible> {
        Ok(SeatEvent::Counted { by: cmd.by })
    }
}

/// Counts at three places.
#[derive(Clone, Serialize, Deserialize)]
pub struct Trip {
    seats: [SeatId; 3],
}

#[saga(version = 1)]
impl Trip {
    #[step(compensate = give_back)]
    fn first(&self) -> Dispatch<SeatId, Count> {
        self.seats[0].send(Count { by: 1 })
    }

    fn give_back(&self) -> Dispatch<SeatId, Count> {
        self.seats[0].send(Count { by: 0 })
    }

    #[step(compensate = give_back)]
    fn second(&self, first: &Receipt) -> Dispatch<SeatId, Count> {
        let _ = first;
        self.seats[1].send(Count { by: 1 })
    }

    #[step(pivot)]
    fn third(&self) -> Dispatch<SeatId, Count> {
        self.seats[2].send(Count { by: 1 })
    }
}

gesta::domain! {
    pub Travel {
        aggregates: [Seat],
        sagas: [Trip],
    }
}

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

const SEATS: u64 = 3_000;

fn trip(n: u64) -> Trip {
    let seat = |k: u64| SeatId((n.wrapping_mul(7_919).wrapping_add(k * 1_009)) % SEATS);
    Trip { seats: [seat(0), seat(1), seat(2)] }
}

async fn rate<F, W>(tasks: u64, most: u64, work: W) -> f64
where
    W: Fn(u64) -> F + Send + Sync + Clone + 'static,
    F: Future<Output = ()> + Send,
{
    let (next, started) = (Arc::new(AtomicU64::new(0)), Instant::now());
    let mut running = Vec::new();
    for _ in 0..tasks {
        let (next, work) = (Arc::clone(&next), work.clone());
        running.push(tokio::spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= most {
                    return;
                }
                work(n).await;
            }
        }));
    }
    for task in running {
        task.await.expect("a task");
    }
    most as f64 / started.elapsed().as_secs_f64()
}

async fn fill(app: &App<Travel>) {
    let app = app.clone();
    rate(64, SEATS, move |n| {
        let app = app.clone();
        async move {
            app.create(&SeatId(n), Add { by: 0 }).await.expect("a seat");
        }
    })
    .await;
}

async fn commands(app: &App<Travel>, tasks: u64, most: u64) -> f64 {
    let app = app.clone();
    rate(tasks, most, move |n| {
        let app = app.clone();
        async move {
            app.execute(&trip(n).seats[0], Count { by: 1 }).await.expect("counted");
        }
    })
    .await
}

async fn sagas(app: &App<Travel>, tasks: u64, most: u64, round: u64) -> f64 {
    let app = app.clone();
    rate(tasks, most, move |n| {
        let app = app.clone();
        async move {
            let handle = app.start_saga(format!("{round}-{n}"), trip(n)).await.expect("started");
            assert_eq!(handle.outcome().await.expect("an outcome"), SagaOutcome::Completed);
        }
    })
    .await
}

/// Instances that wait for tomorrow.
async fn waiting(store: &Store, count: u64) {
    let saga: Arc<str> = "trip".into();
    for start in (0..count).step_by(500) {
        let batch: Vec<_> = (start..count.min(start + 500))
            .map(|n| {
                let id = format!("waits-{n}");
                let write = SagaWrite {
                    saga: Arc::clone(&saga),
                    id: id.clone(),
                    shard: (n % 16) as u16,
                    status: SagaStatus::Running,
                    step: None,
                    attempts: 0,
                    due: Some(Due::In(Duration::from_secs(86_400))),
                    error: None,
                    definition: (1, 0),
                };
                let mut append = Append::new(StreamId::new("saga.trip", &id), Expected::Any, vec![]);
                append.process = Some(Box::new(ProcessWrites { saga: Some(write), ..Default::default() }));
                append
            })
            .collect();
        store.port().append(&batch).await.expect("waiting instances");
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[tokio::main]
async fn main() {
    let (most, tasks, rounds) = (env("SAGAS", 5_000), env("TASKS", 64), env("ROUNDS", 5));
    for kind in [Kind::Postgres, Kind::Sqlite] {
        let database = Database::new(kind).await;
        let store = gesta::connect(database.url()).await.expect("a store");
        let app = Travel::app(store.clone(), ()).start().await.expect("an application");
        fill(&app).await;
        let (mut plain, mut whole) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            plain.push(commands(&app, tasks, most).await);
            whole.push(sagas(&app, tasks, most, round).await);
        }
        let quarter = plain.iter().zip(&whole).map(|(plain, whole)| whole / (plain / 3.0)).collect();
        println!(
            "{kind:?}: {:.0} commands/s, {:.0} sagas/s of three commands: {:.2} of a third of the commands",
            median(plain),
            median(whole),
            median(quarter),
        );
        waiting(&store, env("WAITING", 100_000)).await;
        let after = sagas(&app, tasks, most, rounds).await;
        println!("{kind:?}: {after:.0} sagas/s beside {} that wait", env("WAITING", 100_000));
        app.shutdown().await.expect("an orderly end");
        drop(store);
        database.remove().await;
    }
}
