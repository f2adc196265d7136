//! During calls of the clearing house, which may have happened or not.

use gesta_tests::{
    clearing::{Manners, Moment},
    transfers::{arriving, returning},
};

use super::{Case, scene};

const CALLS: [Case; 3] = [("reserve", arriving), ("release", returning), ("notify", arriving)];
const MOMENTS: [Moment; 2] = [Moment::BeforeEffect, Moment::AfterEffect];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_killed_during_a_call_is_replaced() {
    let (mut scene, database) = scene(Manners::good()).await;
    for (call, transfer) in CALLS {
        for moment in MOMENTS {
            let (transfer, end) = transfer(&format!("{call}-{moment:?}"));
            let mut held = scene.clearing.hold(call, &transfer.name, moment);
            let mut first = scene.worker().await;
            first.begin(&transfer).await;
            held.reached().await;
            first.kill().await;
            let second = scene.worker().await;
            scene.until_ended(&transfer.name).await;
            // The call of the one that is gone comes to its end after all that.
            held.go();
            second.stop().await;
            scene.expect(&transfer, end);
        }
    }
    scene.is_right().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_frozen_during_a_call_has_no_say_when_it_wakes_up() {
    let (mut scene, database) = scene(Manners::good()).await;
    for (call, transfer) in CALLS {
        for moment in MOMENTS {
            let (transfer, end) = transfer(&format!("{call}-{moment:?}"));
            let mut held = scene.clearing.hold(call, &transfer.name, moment);
            let mut first = scene.worker().await;
            first.begin(&transfer).await;
            held.reached().await;
            first.freeze();
            first.is_frozen().await;
            let second = scene.worker().await;
            scene.until_ended(&transfer.name).await;
            held.go();
            first.thaw();
            first.stop().await;
            second.stop().await;
            scene.expect(&transfer, end);
        }
    }
    scene.is_right().await;
    database.remove().await;
}

/// The answer comes after the time limit of the attempt, when the next attempt has begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_comes_after_the_time_limit_changes_nothing() {
    let (mut scene, database) = scene(Manners::good()).await;
    let worker = scene.worker().await;
    let mut worker = worker;
    let mut calls = Vec::new();
    for (call, transfer) in CALLS {
        for moment in MOMENTS {
            let (transfer, end) = transfer(&format!("{call}-{moment:?}"));
            let mut held = scene.clearing.hold(call, &transfer.name, moment);
            worker.begin(&transfer).await;
            held.reached().await;
            scene.expect(&transfer, end);
            calls.push((held, transfer));
        }
    }
    for (held, transfer) in calls {
        scene.until_ended(&transfer.name).await;
        held.go();
    }
    worker.stop().await;
    scene.is_right().await;
    database.remove().await;
}
