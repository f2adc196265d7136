//! Sagas per second as a store sees them: each one append that starts it, and three that belong together with one to
//! another stream, under a lease and with the saga's row. Beside them the same events as plain appends.
//!
//! `cargo bench -p gesta-tests --bench together` with `GESTA_TEST_POSTGRES_URL` set; `TASKS`, `SECONDS`, `ROUNDS`,
//! `LANES` and `BAD` (of a thousand steps, how many expect another version first) change what is done.

#![allow(missing_docs, unreachable_pub)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gesta::store::{
    Append, Claim, Due, EventStore, Expected, Fence, NewEvent, Outcome, Postgres, ProcessWrites, SagaStatus,
    SagaWrite, Shards, StreamId,
};
use gesta_tests::{Database, Dice, Kind};
use tokio::sync::{Mutex, mpsc, oneshot};
use uuid::Uuid;

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

const SHARDS: u16 = 16;
const STEPS: u64 = 3;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    /// Every append by itself, nothing beside it.
    Plain,
    /// Together, nothing beside them.
    Pairs,
    /// Together, with lease and row.
    Sagas,
}

type Job = (Vec<Append>, oneshot::Sender<Vec<Outcome>>);

/// Appends of many tasks in shared transactions, as `execute` does it.
fn lanes(store: &Postgres, lanes: u64, batches: &Arc<AtomicU64>) -> mpsc::Sender<Job> {
    let (sender, receiver) = mpsc::channel::<Job>(1_000);
    let receiver = Arc::new(Mutex::new(receiver));
    for _ in 0..lanes {
        let (store, receiver, batches) = (store.clone(), Arc::clone(&receiver), Arc::clone(batches));
        tokio::spawn(async move {
            loop {
                let mut jobs: Vec<Job> = Vec::new();
                {
                    let mut receiver = receiver.lock().await;
                    let Some(first) = receiver.recv().await else { return };
                    jobs.push(first);
                    while jobs.len() < 128
                        && let Ok(next) = receiver.try_recv()
                    {
                        jobs.push(next);
                    }
                }
                batches.fetch_add(1, Ordering::Relaxed);
                let batch: Vec<_> = jobs.iter().flat_map(|(appends, _)| appends.iter().cloned()).collect();
                let mut outcomes = store.append(&batch).await.expect("a batch").into_iter();
                for (appends, back) in jobs {
                    let own = outcomes.by_ref().take(appends.len()).collect();
                    // Who has left needs no answer.
                    let _ = back.send(own);
                }
            }
        });
    }
    sender
}

fn event(name: &'static str, text: &str) -> NewEvent {
    NewEvent {
        name,
        version: 1,
        payload: format!(r#"{{"step":"{text}","amount":125000,"of":"a transfer"}}"#).into(),
    }
}

struct Task {
    shape: Shape,
    fences: Arc<Vec<Fence>>,
    lanes: mpsc::Sender<Job>,
    accounts: Vec<(StreamId, u64)>,
    dice: Dice,
    bad: u64,
    appends: u64,
    refused: u64,
}

impl Task {
    async fn send(&mut self, appends: Vec<Append>) -> bool {
        self.appends += 1;
        let (back, answer) = oneshot::channel();
        self.lanes.send((appends, back)).await.expect("a lane");
        let outcomes = answer.await.expect("an answer");
        outcomes.iter().all(|outcome| matches!(outcome, Outcome::Appended(_)))
    }

    fn beside(&self, id: &str, shard: u16, step: u64) -> Option<Box<ProcessWrites>> {
        (self.shape == Shape::Sagas).then(|| {
            let done = step == STEPS;
            Box::new(ProcessWrites {
                fence: Some(self.fences[usize::from(shard)].clone()),
                saga: Some(SagaWrite {
                    saga: "transfer".into(),
                    id: id.to_owned(),
                    shard,
                    status: if done { SagaStatus::Completed } else { SagaStatus::Running },
                    step: Some(format!("step-{step}")),
                    attempts: 1,
                    due: (!done).then_some(Due::In(Duration::ZERO)),
                    error: None,
                    definition: (1, 0xfeed),
                }),
                ..ProcessWrites::default()
            })
        })
    }

    async fn saga(&mut self) {
        let id = Uuid::now_v7().to_string();
        let stream = StreamId::new("transfer", &id);
        let shard = u16::try_from(self.dice.roll(u64::from(SHARDS))).expect("a shard");
        let mut start =
            Append::new(stream.clone(), Expected::Version(0), vec![event("saga.started", "start")]);
        start.process = self.beside(&id, shard, 0);
        assert!(self.send(vec![start]).await, "it starts");
        for step in 1..=STEPS {
            let which = self.dice.roll(self.accounts.len() as u64) as usize;
            let mut wrong = if self.dice.roll(1_000) < self.bad { 1 } else { 0 };
            loop {
                let (account, version) = self.accounts[which].clone();
                let expected = Expected::Version(version + wrong);
                let mut first = Append::new(account, expected, vec![event("account.booked", &id)]);
                let mut events = vec![event("step.succeeded", "book")];
                if step == STEPS {
                    events.push(event("saga.completed", "done"));
                }
                let mut second = Append::new(stream.clone(), Expected::Version(step), events);
                second.process = self.beside(&id, shard, step);
                let job = match self.shape {
                    Shape::Plain => vec![first, second],
                    Shape::Pairs | Shape::Sagas => {
                        first.together = Some(Box::new(second));
                        vec![first]
                    }
                };
                if self.send(job).await {
                    self.accounts[which].1 += 1;
                    break;
                }
                assert_eq!(wrong, 1, "what is expected right is stored");
                self.refused += 1;
                wrong = 0;
            }
        }
    }
}

async fn round(store: &Postgres, fences: &Arc<Vec<Fence>>, shape: Shape, round: u64) {
    let (tasks, bad) = (env("TASKS", 64), if shape == Shape::Plain { 0 } else { env("BAD", 0) });
    let batches = Arc::default();
    let lanes = lanes(store, env("LANES", 2), &batches);
    let started = Instant::now();
    let until = started + Duration::from_secs(env("SECONDS", 4));
    let running = (0..tasks).map(|task| {
        let account = |n| (StreamId::new("account", &format!("{shape:?}-{round}-{task}-{n}")), 0);
        let mut task = Task {
            shape,
            fences: Arc::clone(fences),
            lanes: lanes.clone(),
            accounts: (0..10).map(account).collect(),
            dice: Dice::new(task + 1),
            bad,
            appends: 0,
            refused: 0,
        };
        tokio::spawn(async move {
            let mut sagas = 0;
            while Instant::now() < until {
                task.saga().await;
                sagas += 1;
            }
            (sagas, task.appends, task.refused)
        })
    });
    let (mut sagas, mut appends, mut refused) = (0, 0, 0);
    for task in running.collect::<Vec<_>>() {
        let (more, of_them, not) = task.await.expect("a task");
        sagas += more;
        appends += of_them;
        refused += not;
    }
    let seconds = started.elapsed().as_secs_f64();
    let batches = batches.load(Ordering::Relaxed);
    println!(
        "{:<8} {:>7.0} sagas/s {:>8.0} appends/s {:>8.0} events/s, {:>5.1} appends per batch, {refused} refused",
        format!("{shape:?}"),
        sagas as f64 / seconds,
        appends as f64 / seconds,
        (sagas * (2 + 2 * STEPS)) as f64 / seconds,
        appends as f64 / batches as f64,
    );
}

#[tokio::main]
async fn main() {
    let database = Database::new(Kind::Postgres).await;
    println!("{}", database.url());
    let lanes = env("LANES", 2) as usize;
    let store = Postgres::options().append_lanes(lanes).connect(database.url()).await.expect("a store");
    store.declare("saga:transfer", SHARDS, gesta::domain::Position::START).await.expect("declared");
    let subscriptions = ["saga:transfer".into()];
    let claim =
        Claim { worker: Uuid::now_v7(), subscriptions: &subscriptions, ttl: Duration::from_secs(3_600) };
    let held = store.claim(claim).await.expect("claimed");
    let fences = held[0].leases.iter().map(|lease| Fence {
        subscription: Arc::clone(&lease.subscription),
        shard: lease.shard,
        token: lease.token,
    });
    let fences = Arc::new(fences.collect::<Vec<_>>());
    for number in 0..env("ROUNDS", 3) {
        for shape in [Shape::Plain, Shape::Pairs, Shape::Sagas] {
            if std::env::var("ONLY").is_ok_and(|only| only != format!("{shape:?}")) {
                continue;
            }
            round(&store, &fences, shape, number).await;
        }
    }
    if env("KEEP", 0) == 0 {
        store.close().await;
        database.remove().await;
    }
}
