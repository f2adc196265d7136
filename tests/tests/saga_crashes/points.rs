//! Every point at which something is stored.

use gesta_tests::{
    Deed,
    transfers::{Scene, arriving, returning},
};

use super::{Expected, fault, scene, scene_on_a_server};
use gesta_tests::clearing::Manners;

/// On the way forward.
const FORWARD: [&str; 14] = [
    "before started *",
    "after started *",
    "before step.succeeded debit",
    "after step.succeeded debit",
    "before step.intended clear",
    "after step.intended clear",
    "before step.succeeded clear",
    "after step.succeeded clear",
    "before step.succeeded credit",
    "after step.succeeded credit",
    "before step.intended notify",
    "after step.intended notify",
    "before step.succeeded notify",
    "after step.succeeded notify",
];

/// On the way back.
const BACKWARD: [&str; 8] = [
    "before step.failed credit",
    "after step.failed credit",
    "before compensation.intended clear",
    "after compensation.intended clear",
    "before compensation.succeeded clear",
    "after compensation.succeeded clear",
    "before compensation.succeeded debit",
    "after compensation.succeeded debit",
];

/// A worker comes to a point, something happens to it, and another one takes over.
async fn another_takes_over(scene: &mut Scene, deed: &str, point: &str, (transfer, end): Expected) {
    println!("{deed} {point} {}", transfer.name);
    let fault = fault(deed, point, &transfer.name);
    let mut first = scene.doomed(&fault).await;
    first.begin(&transfer).await;
    first.says("at ").await;
    let frozen = if fault.deed == Deed::Freeze {
        first.is_frozen().await;
        Some(first)
    } else {
        first.is_gone().await;
        None
    };
    let mut second = scene.worker().await;
    // Whoever has started it does not know whether it has begun, and starts it again.
    second.begin(&transfer).await;
    second.says("begun").await;
    scene.until_ended(&transfer.name).await;
    if let Some(first) = frozen {
        first.thaw();
        // It comes to the end of what it was at, and finds that it has no say any more.
        first.stop().await;
    }
    second.stop().await;
    scene.expect(&transfer, end);
    let wrong = scene.verdict().await;
    assert!(wrong.is_empty(), "{deed} {point}:\n{}", wrong.join("\n"));
}

async fn at_all(deed: &str, points: &[&str], transfer: fn(&str) -> Expected) {
    let (mut scene, database) = scene(Manners::good()).await;
    for (number, point) in points.iter().enumerate() {
        another_takes_over(&mut scene, deed, point, transfer(&format!("t-{number}"))).await;
    }
    scene.is_right().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_killed_on_the_way_forward_is_replaced() {
    at_all("kill", &FORWARD, arriving).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_killed_on_the_way_back_is_replaced() {
    at_all("kill", &BACKWARD, returning).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_frozen_on_the_way_forward_has_no_say_when_it_wakes_up() {
    at_all("freeze", &FORWARD, arriving).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_frozen_on_the_way_back_has_no_say_when_it_wakes_up() {
    at_all("freeze", &BACKWARD, returning).await;
}

/// The database crashes while a worker is at a point, and the worker goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_whose_database_crashes_goes_on() {
    let (mut scene, server) = scene_on_a_server().await;
    let forward = FORWARD.iter().map(|point| (point, arriving as fn(&str) -> Expected));
    let backward = BACKWARD.iter().map(|point| (point, returning as fn(&str) -> Expected));
    for (number, (point, transfer)) in forward.chain(backward).enumerate() {
        println!("crash of the database {point}");
        let (transfer, end) = transfer(&format!("t-{number}"));
        let mut worker = scene.doomed(&fault("wait", point, &transfer.name)).await;
        worker.begin(&transfer).await;
        worker.says("at ").await;
        tokio::task::block_in_place(|| server.restart_immediate());
        worker.tell("go").await;
        scene.until_ended(&transfer.name).await;
        worker.stop().await;
        scene.expect(&transfer, end);
        let wrong = scene.verdict().await;
        assert!(wrong.is_empty(), "{point}:\n{}", wrong.join("\n"));
    }
    scene.is_right().await;
}
