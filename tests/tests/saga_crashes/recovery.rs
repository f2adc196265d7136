//! Workers that take over, and to whom something happens then; and attempts that are to be repeated.

use gesta_tests::{
    clearing::Manners,
    transfers::{arriving, returning},
};

use super::{Case, Expected, fault, scene, scene_on_a_server};

/// Where the first worker is killed.
const PLACES: [Case; 3] = [
    ("before step.succeeded clear", arriving),
    ("after step.intended notify", arriving),
    ("before compensation.succeeded clear", returning),
];

/// The clearing house fails the first time that it is asked anything.
const TWICE: Manners = Manners { wrong: 1_000, patience: 1, ..Manners::good() };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recovery_may_race_recovery() {
    let (mut scene, database) = scene(Manners::good()).await;
    for (number, (place, transfer)) in PLACES.into_iter().enumerate() {
        let (transfer, end) = transfer(&format!("t-{number}"));
        let mut first = scene.doomed(&fault("kill", place, &transfer.name)).await;
        first.begin(&transfer).await;
        first.is_gone().await;
        let mut second = scene.doomed(&fault("freeze", "after taken *", &transfer.name)).await;
        second.says("at ").await;
        second.is_frozen().await;
        let mut third = scene.doomed(&fault("freeze", "before step.succeeded *", &transfer.name)).await;
        if number < 2 {
            third.says("at ").await;
            third.is_frozen().await;
        }
        let fourth = scene.worker().await;
        scene.until_ended(&transfer.name).await;
        second.thaw();
        third.thaw();
        for worker in [second, third, fourth] {
            worker.stop().await;
        }
        scene.expect(&transfer, end);
    }
    scene.is_right().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_may_crash_during_recovery() {
    let (mut scene, server) = scene_on_a_server().await;
    for (number, (place, transfer)) in PLACES.into_iter().enumerate() {
        let (transfer, end) = transfer(&format!("t-{number}"));
        let mut first = scene.doomed(&fault("kill", place, &transfer.name)).await;
        first.begin(&transfer).await;
        first.is_gone().await;
        let mut second = scene.doomed(&fault("wait", "after taken *", &transfer.name)).await;
        second.says("at ").await;
        tokio::task::block_in_place(|| server.restart_immediate());
        second.tell("go").await;
        scene.until_ended(&transfer.name).await;
        second.stop().await;
        scene.expect(&transfer, end);
    }
    scene.is_right().await;
}

/// Steps that have failed and are to be tried again: due and not begun, and begun twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_is_not_lost_and_not_made_twice() {
    let (mut scene, database) = scene(TWICE).await;
    let points = [
        ("kill", "before step.failed clear", arriving as fn(&str) -> Expected),
        ("kill", "after step.failed clear", arriving),
        ("kill", "after taken *", arriving),
        ("freeze", "after step.failed clear", arriving),
        ("freeze", "after taken *", arriving),
        ("kill", "after compensation.failed clear", returning),
        ("freeze", "after compensation.failed clear", returning),
        ("kill", "after step.failed notify", arriving),
    ];
    for (number, (deed, point, transfer)) in points.into_iter().enumerate() {
        println!("{deed} {point}");
        let (transfer, end) = transfer(&format!("t-{number}"));
        let mut first = scene.doomed(&fault(deed, point, &transfer.name)).await;
        first.begin(&transfer).await;
        first.says("at ").await;
        let frozen = if deed == "freeze" {
            first.is_frozen().await;
            Some(first)
        } else {
            first.is_gone().await;
            None
        };
        let second = scene.worker().await;
        scene.until_ended(&transfer.name).await;
        if let Some(first) = frozen {
            first.thaw();
            first.stop().await;
        }
        second.stop().await;
        scene.expect(&transfer, end);
    }
    scene.is_right().await;
    database.remove().await;
}
