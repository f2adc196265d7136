//! An old and a new program on one store beside each other, the new one with other steps; the old one is killed, or frozen
//! past its lease, in the middle of a step. What the new one knows how to take over it takes over and ends; what it does not
//! know is parked for all to see, and goes on when the old program is back. Real processes on PostgreSQL.

use std::time::Duration;

use gesta::store::SagaStatus;
use gesta_tests::{
    Database, Deed, Fault, Kind,
    clearing::{Manners, Moment},
    transfers::{End, Scene, Transfer, Worker, arriving, returning},
};

const LEASE: Duration = Duration::from_millis(400);
const PROGRAM: &str = env!("CARGO_BIN_EXE_saga_worker");

type Expected = (Transfer, End);
type Case = (&'static str, fn(&str) -> Expected);

/// Where the old program is when the new one comes.
const POINTS: [Case; 10] = [
    ("before started *", arriving),
    ("after started *", arriving),
    ("after step.succeeded debit", arriving),
    ("after step.intended clear", arriving),
    ("before step.succeeded clear", arriving),
    ("before step.succeeded credit", arriving),
    ("after step.intended notify", arriving),
    ("before step.failed credit", returning),
    ("after compensation.intended clear", returning),
    ("before compensation.succeeded debit", returning),
];

async fn scene() -> (Scene, Database) {
    let database = Database::new(Kind::Postgres).await;
    (Scene::new(PROGRAM, database.url(), database.url(), LEASE, Manners::good()).await, database)
}

/// Has a worker of the old program begin a transfer and come to a point. The worker, where it will wake up again.
async fn old_comes_to(scene: &mut Scene, deed: &str, point: &str, transfer: &Transfer) -> Option<Worker> {
    println!("{deed} {point} {}", transfer.name);
    let fault: Fault = format!("{deed} {point} {}", transfer.name).parse().expect("a fault");
    scene.workers.version = None;
    let mut old = scene.doomed(&fault).await;
    old.begin(transfer).await;
    old.says("at ").await;
    if fault.deed == Deed::Freeze {
        old.is_frozen().await;
        return Some(old);
    }
    old.is_gone().await;
    None
}

async fn wake(worker: Option<Worker>) {
    if let Some(worker) = worker {
        worker.thaw();
        worker.stop().await;
    }
}

/// The new program takes over at every point. What is wrong then.
async fn taken_over(deed: &str, points: &[Case], flaw: Option<&'static str>) -> Vec<String> {
    let (mut scene, database) = scene().await;
    for (number, (point, transfer)) in points.iter().enumerate() {
        let (transfer, end) = transfer(&format!("t-{number}"));
        scene.workers.flaw = flaw;
        let old = old_comes_to(&mut scene, deed, point, &transfer).await;
        (scene.workers.flaw, scene.workers.version) = (None, Some("second"));
        let mut new = scene.worker().await;
        // Whoever has started it does not know whether it has begun, and starts it again, now in the new program.
        new.begin(&transfer).await;
        new.says("begun").await;
        scene.until_ended(&transfer.name).await;
        wake(old).await;
        new.stop().await;
        scene.expect(&transfer, end);
        let journal = scene.oracle().journal(&transfer.name);
        assert!(journal.is_some_and(|journal| journal.goes_by(2)), "{deed} {point}: {journal:#?}");
    }
    let wrong = scene.verdict().await;
    scene.app.shutdown().await.expect("the end");
    database.remove().await;
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_old_program_that_is_killed_was_at_is_ended_by_the_new_one() {
    assert_eq!(taken_over("kill", &POINTS, None).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_old_program_that_is_frozen_was_at_is_ended_by_the_new_one() {
    assert_eq!(taken_over("freeze", &POINTS, None).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_fence_an_old_program_goes_on_with_what_it_does_not_know() {
    let wrong = taken_over("freeze", &POINTS[4..5], Some("unfenced")).await;
    assert!(wrong.iter().any(|what| what.contains("after the end")), "{wrong:?}");
}

/// Both are there, each with its shards, and start transfers; then the old one is killed, or frozen past its lease, in the
/// middle of whatever it is at: of a call, unless that took too long.
async fn beside_each_other(deed: &str) {
    let (mut scene, database) = scene().await;
    let mut call = scene.clearing.hold("reserve", "t-0", Moment::AfterEffect);
    let mut old = scene.worker().await;
    old.begin(&arriving("t-0").0).await;
    old.says("begun").await;
    call.reached().await;
    scene.workers.version = Some("second");
    let mut new = scene.worker().await;
    let (first, expected) = arriving("t-0");
    scene.expect(&first, expected);
    let mut all = vec![first];
    for number in 1..=12 {
        let kind = if number % 3 == 0 { returning } else { arriving };
        let (transfer, end) = kind(&format!("t-{number}"));
        let worker = if number % 2 == 0 { &mut old } else { &mut new };
        worker.begin(&transfer).await;
        scene.expect(&transfer, end);
        all.push(transfer);
    }
    for number in 1..=12 {
        let worker = if number % 2 == 0 { &mut old } else { &mut new };
        worker.says("begun").await;
    }
    let frozen = if deed == "freeze" {
        old.freeze();
        old.is_frozen().await;
        Some(old)
    } else {
        old.kill().await;
        None
    };
    for transfer in &all {
        scene.until_ended(&transfer.name).await;
    }
    call.go();
    wake(frozen).await;
    new.stop().await;
    scene.is_right().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_each_other_they_end_everything_though_the_old_one_is_killed() {
    beside_each_other("kill").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_each_other_they_end_everything_though_the_old_one_is_frozen() {
    beside_each_other("freeze").await;
}

/// The new program has not got the step that the instance is at, and nobody has said what becomes of it.
async fn parked_until_the_old_one_is_back(deed: &str) {
    let (mut scene, database) = scene().await;
    for (number, (point, transfer)) in POINTS[1..].iter().enumerate() {
        let (transfer, end) = transfer(&format!("t-{number}"));
        let old = old_comes_to(&mut scene, deed, point, &transfer).await;
        scene.workers.version = Some("third");
        let new = scene.worker().await;
        scene.until(&transfer.name, "parked", |journal| journal.is_parked()).await;
        wake(old).await;
        new.stop().await;
        let handle = scene.app.saga::<Transfer>(&transfer.name);
        let status = handle.status().await.expect("its status");
        assert_eq!(status.status, SagaStatus::Parked, "{deed} {point}");
        let reason = status.error.expect("a reason");
        assert!(reason.contains("version 3"), "{deed} {point}: {reason}");
        scene.workers.version = None;
        let back = scene.worker().await;
        handle.retry("operator", "the old program is back").await.expect("it goes on");
        scene.until_ended(&transfer.name).await;
        back.stop().await;
        scene.expect(&transfer, end);
    }
    scene.is_right().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_new_program_does_not_know_is_parked_though_the_old_one_was_killed() {
    parked_until_the_old_one_is_back("kill").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_new_program_does_not_know_is_parked_though_the_old_one_was_frozen() {
    parked_until_the_old_one_is_back("freeze").await;
}
