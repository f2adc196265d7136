//! Instances that end every process that works on them are found and parked, and nobody is parked in their place.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use gesta::{
    App, Builder,
    prelude::SagaOutcome,
    store::{
        Append, EventStore, Expected, Memory, NewEvent, Outcome, SagaStatus, Store, StoreError, StreamId,
    },
};
use gesta_tests::{
    Alteration, Altered, Database, EveryTake, Fault, Kind,
    clearing::{Clearing, ClearingHouse, Manners},
    transfers::{Bank, Deps, Scene, Town, Transfer, arriving},
};
use tokio::time::{sleep, timeout};

const LEASE: Duration = Duration::from_millis(400);
const PROGRAM: &str = env!("CARGO_BIN_EXE_saga_worker");
const PATIENCE: Duration = Duration::from_secs(300);

/// So many processes die at most before it is parked: with the one that begins it, and the one that is the first to take
/// it, of which nobody knows that they were at it.
const DEATHS: u32 = 12;

/// A transfer at which every process dies, among others that are due with it.
async fn is_parked_alone(point: &str) {
    let database = Database::new(Kind::Postgres).await;
    let mut scene = Scene::new(PROGRAM, database.url(), database.url(), LEASE, Manners::good()).await;
    let others: Vec<String> = (0..12).map(|n| format!("t-{n}")).collect();
    for name in [&others[..6], &["deadly".to_owned()], &others[6..]].concat() {
        let (transfer, end) = arriving(&name);
        scene.app.start_saga(name, transfer.clone()).await.expect("started");
        scene.expect(&transfer, end);
    }
    let fault: Fault = format!("kill {point} deadly").parse().expect("a fault");
    let (mut deaths, patience) = (0, Instant::now() + PATIENCE);
    let mut worker = scene.workers.start_with(Some(&fault));
    while !scene.oracle().journal("deadly").is_some_and(|journal| journal.is_parked()) {
        assert!(
            Instant::now() < patience,
            "it is not parked after {deaths} deaths: {}",
            scene.standing().await
        );
        if worker.has_ended() {
            deaths += 1;
            assert!(deaths <= DEATHS, "it goes on dying: {}", scene.standing().await);
            worker = scene.workers.start_with(Some(&fault));
        }
        sleep(Duration::from_millis(10)).await;
        scene.look().await;
    }
    for other in &others {
        scene.until_ended(other).await;
    }
    worker.stop().await;
    let said =
        scene.app.saga::<Transfer>("deadly").status().await.expect("a status").error.unwrap_or_default();
    assert!(said.contains("it seems to end the process"), "{said}");

    // The step is corrected, and somebody says so.
    let worker = scene.worker().await;
    scene.app.saga::<Transfer>("deadly").retry("operator", "corrected").await.expect("it goes on");
    scene.until_ended("deadly").await;
    worker.stop().await;
    scene.is_right().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_with_a_deadly_command_is_parked_alone() {
    is_parked_alone("before step.succeeded debit").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_with_a_deadly_call_is_parked_alone() {
    is_parked_alone("after step.intended clear").await;
}

/// A store in which the shards are somebody else's whenever the first transfer wants to note its first step: so often.
#[derive(Debug)]
struct HandedOver(AtomicU32);

impl HandedOver {
    fn is_meant(append: &Append) -> bool {
        append.stream.id() == "t-0"
            && append.events.iter().any(|event| event.name.ends_with("step.succeeded"))
            || append.together.as_deref().is_some_and(Self::is_meant)
    }
}

#[async_trait]
impl Alteration for HandedOver {
    async fn append(&self, inner: &dyn EventStore, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        let mut outcomes = Vec::new();
        for append in batch {
            let less = |left: u32| left.checked_sub(1);
            let (set, fetch) = (Ordering::SeqCst, Ordering::SeqCst);
            if Self::is_meant(append) && self.0.fetch_update(set, fetch, less).is_ok() {
                outcomes.push(Outcome::Fenced { subscription: "saga.transfer".into(), shard: 0 });
            } else {
                outcomes.extend(inner.append(std::slice::from_ref(append)).await?);
            }
        }
        Ok(outcomes)
    }
}

/// How a transfer ends at whose first step the shards are handed over twelve times.
async fn often_handed_over(count: impl FnOnce(Store) -> Store) -> SagaOutcome {
    let store = count(Store::new(Altered::new(Memory::new().into(), HandedOver(12.into()))));
    let clearing = Clearing::start(Manners::good()).await;
    let deps = Deps { house: ClearingHouse::at(clearing.address()) };
    let app: App<Bank> = Builder::new(store, deps).start().await.expect("an application");
    Town::open(&app).await;
    let handle = app.start_saga("t-0", arriving("t-0").0).await.expect("started");
    let outcome = timeout(PATIENCE, handle.outcome()).await.expect("in time").expect("an outcome");
    app.shutdown().await.expect("the end");
    outcome
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_is_handed_over_again_and_again_is_healthy() {
    assert_eq!(often_handed_over(|store| store).await, SagaOutcome::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_every_take_counts_a_healthy_instance_is_parked() {
    let outcome = often_handed_over(EveryTake::of).await;
    assert!(matches!(outcome, SagaOutcome::Parked { .. }), "{outcome:?}");
}

/// It is tried several times, and nobody waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_cannot_be_read_is_parked() {
    let store: Store = Memory::new().into();
    let clearing = Clearing::start(Manners::good()).await;
    let deps = || Deps { house: ClearingHouse::at(clearing.address()) };
    let before = Builder::<Bank>::new(store.clone(), deps()).commands_only().await.expect("an application");
    Town::open(&before).await;
    before.start_saga("broken", arriving("broken").0).await.expect("started");
    let event = NewEvent { name: "saga.transfer.step.intended", version: 1, payload: b"[]".to_vec() };
    let broken = Append::new(StreamId::new("saga.transfer", "broken"), Expected::Version(1), vec![event]);
    let outcomes = store.port().append(&[broken]).await.expect("an answer");
    assert!(matches!(outcomes[..], [Outcome::Appended(_)]), "{outcomes:?}");

    let app: App<Bank> = Builder::new(store, deps()).start().await.expect("an application");
    let other = app.start_saga("t-0", arriving("t-0").0).await.expect("started");
    let outcome = timeout(PATIENCE, other.outcome()).await.expect("in time").expect("an outcome");
    assert_eq!(outcome, SagaOutcome::Completed);
    let patience = Instant::now() + PATIENCE;
    let status = loop {
        let status = app.saga::<Transfer>("broken").status().await.expect("a status");
        if status.status == SagaStatus::Parked {
            break status;
        }
        assert!(Instant::now() < patience, "{status:?}");
        sleep(Duration::from_millis(50)).await;
    };
    let error = status.error.unwrap_or_default();
    assert!(error.contains("it could not go on") && error.contains("step.intended"), "{error}");
    app.shutdown().await.expect("the end");
    before.shutdown().await.expect("the end");
}
