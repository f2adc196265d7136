//! What the fence and the intents are for: without them the same oracle finds what is wrong, on schedules that leave
//! nothing to chance.

use std::time::Duration;

use gesta_tests::{
    Database, Kind,
    clearing::{Manners, Moment},
    transfers::{End, Scene, arriving},
};

const LEASE: Duration = Duration::from_millis(400);
const PROGRAM: &str = env!("CARGO_BIN_EXE_saga_worker");

async fn scene(flaw: Option<&'static str>) -> (Scene, Database) {
    let database = Database::new(Kind::Postgres).await;
    let mut scene = Scene::new(PROGRAM, database.url(), database.url(), LEASE, Manners::good()).await;
    scene.workers.flaw = flaw;
    (scene, database)
}

/// A worker is frozen when what it has ordered has happened, another one takes over and comes to the end, and the first
/// wakes up.
async fn a_zombie(flaw: Option<&'static str>) -> Vec<String> {
    let (mut scene, database) = scene(flaw).await;
    let (transfer, end) = arriving("t-1");
    let fault = "freeze before step.succeeded clear t-1".parse().expect("a fault");
    let mut first = scene.doomed(&fault).await;
    first.begin(&transfer).await;
    first.says("at ").await;
    first.is_frozen().await;
    let second = scene.worker().await;
    scene.until_ended("t-1").await;
    first.thaw();
    first.stop().await;
    second.stop().await;
    scene.expect(&transfer, end);
    let wrong = scene.verdict().await;
    scene.app.shutdown().await.expect("the end");
    database.remove().await;
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_fence_a_zombie_has_no_say() {
    assert_eq!(a_zombie(None).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_fence_a_zombie_goes_on_after_the_end() {
    let wrong = a_zombie(Some("unfenced")).await;
    assert!(wrong.iter().any(|what| what.contains("after the end")), "{wrong:?}");
}

/// A worker is killed when the clearing house has reserved and it does not know yet, and somebody wants the transfer
/// undone before anybody takes over.
async fn a_change_of_mind(flaw: Option<&'static str>) -> Vec<String> {
    let (mut scene, database) = scene(flaw).await;
    let (transfer, _) = arriving("t-1");
    let mut held = scene.clearing.hold("reserve", "t-1", Moment::AfterEffect);
    let mut first = scene.worker().await;
    first.begin(&transfer).await;
    held.reached().await;
    first.kill().await;
    held.go();
    scene.compensate("t-1").await;
    let second = scene.worker().await;
    scene.until_ended("t-1").await;
    second.stop().await;
    scene.expect(&transfer, End::Compensated("clear".into()));
    let wrong = scene.verdict().await;
    scene.app.shutdown().await.expect("the end");
    database.remove().await;
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_intended_is_undone_though_nobody_knows_whether_it_has_happened() {
    assert_eq!(a_change_of_mind(None).await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_intent_before_the_effect_a_reservation_stays_for_ever() {
    let wrong = a_change_of_mind(Some("late-intents")).await;
    let stays = |what: &String| what.contains(r#"and ["reserve"] was done"#);
    assert!(wrong.iter().any(stays), "{wrong:?}");
}

/// A worker is frozen before its order has reached the clearing house, somebody wants the transfer undone, another worker
/// takes over, and the order comes after all that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_comes_late_does_not_stay_after_it_was_undone() {
    let (mut scene, database) = scene(None).await;
    let (transfer, _) = arriving("t-1");
    let fault = "freeze after step.intended clear t-1".parse().expect("a fault");
    let mut first = scene.doomed(&fault).await;
    first.begin(&transfer).await;
    first.says("at ").await;
    first.is_frozen().await;
    scene.compensate("t-1").await;
    let second = scene.worker().await;
    scene.until_ended("t-1").await;
    first.thaw();
    first.stop().await;
    second.stop().await;
    let wrong = scene.verdict().await;
    scene.app.shutdown().await.expect("the end");
    database.remove().await;
    assert_eq!(wrong, [""; 0]);
}
