//! What keys and revisions are for: without them the same looks find what is wrong, on schedules that leave nothing to chance.

use gesta_tests::{
    Kind,
    clockwork::{CLOCK, TICK},
};

use super::{
    races::taken_back,
    scene::{Scene, wake},
};

/// What is wrong when a worker that lacks something comes to grief at a point, and another one takes over.
async fn deadline(flaw: Option<&'static str>, fault: &str) -> Vec<String> {
    let scene = Scene::new(Kind::Postgres, flaw).await;
    let doomed = scene.doomed(fault);
    scene.lend("loan").await;
    let frozen = doomed.strikes().await;
    let second = scene.worker().await;
    scene.until_overdue("loan").await;
    // What is awake has nothing more to do, so that who wakes up has the last word.
    scene.all_is_done().await;
    wake(frozen).await;
    second.stop().await;
    let wrong = scene.wrong_with_loan("loan").await;
    scene.end().await;
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_keys_a_reaction_is_done_again() {
    assert_eq!(deadline(None, "kill before noted * loan-b").await, [""; 0]);
    let wrong = deadline(Some("keys"), "kill before noted * loan-b").await;
    assert!(
        wrong.iter().any(|what| what.contains(r#"a: ["loan is overdue #1", "loan is overdue #1""#)),
        "{wrong:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_revisions_a_late_reaction_goes_back() {
    assert_eq!(deadline(None, "freeze before reacted * loan").await, [""; 0]);
    let wrong = deadline(Some("revisions"), "freeze before reacted * loan").await;
    assert!(wrong.iter().any(|what| what.contains("notes: 0")), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_revisions_what_was_taken_back_is_sent_late() {
    let scene = Scene::new(Kind::Postgres, Some("revisions")).await;
    assert_eq!(taken_back(&scene, "before noted", 0, false).await, ["once"]);
    scene.end().await;
}

async fn ticks(flaw: Option<&'static str>, fault: &str) -> Vec<String> {
    let scene = Scene::ticking(Kind::Postgres, flaw).await;
    let begin = scene.last_position().await;
    let frozen = scene.doomed(fault).strikes().await;
    let second = scene.others(false).await;
    scene.until_it_has_come_again().await;
    wake(frozen).await;
    scene.until_it_stands_still(second).await;
    let wrong = scene.wrong_with_ticks(begin).await;
    scene.end().await;
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_keys_a_time_is_noted_twice() {
    let wrong = ticks(Some("keys"), &format!("kill after noted * {CLOCK}")).await;
    assert!(wrong.iter().any(|what| what.contains("notes with")), "{wrong:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_keys_of_firing_a_time_comes_twice() {
    let wrong = ticks(Some("firing-keys"), &format!("freeze before came * {TICK}")).await;
    assert!(wrong.iter().any(|what| what.contains("is followed by")), "{wrong:?}");
}
