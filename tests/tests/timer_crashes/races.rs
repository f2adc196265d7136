//! Somebody takes back what is about to come, or sets it anew, while a worker is in the middle of letting it come.

use std::time::Duration;

use gesta::{domain::Position, prelude::*};
use gesta_tests::{
    Kind,
    library::{Issue, Note, Renew, Return},
};

use super::scene::{SOON, Scene, card, loan, wake};

/// Where a worker is frozen, between the time that comes and what comes of it.
const TO_COME: [&str; 2] = ["after found", "before timer_fired"];

/// The book comes back while its deadline is about to be fired: the return stands before it in the log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_is_taken_away_does_not_come_late() {
    let scene = Scene::new(Kind::Postgres, None).await;
    for (number, point) in TO_COME.into_iter().enumerate() {
        let name = format!("loan-{number}");
        let doomed = scene.doomed(&format!("freeze {point} * {name}"));
        scene.lend(&name).await;
        let frozen = doomed.strikes().await;
        scene.app.execute(&loan(&name), Return).await.expect("it is back");
        let second = scene.worker().await;
        scene.all_is_done().await;
        wake(frozen).await;
        scene.all_is_done().await;
        second.stop().await;
        let instance = scene.overdue(&name).await.expect("an instance");
        assert_eq!((instance.notes, instance.deadlines.len()), (0, 0), "{point}");
        for reader in ["a", "b"] {
            assert_eq!(scene.notes(&format!("{name}-{reader}")).await, [""; 0], "{point}");
        }
        let fired = scene.told("process.overdue.timer_fired").await;
        let late = fired.iter().filter(|event| event.stream.id() == name).count();
        assert!(late <= 1, "{point}: it is told at most once");
    }
    scene.end().await;
}

/// It is set anew meanwhile: it comes at its new time, as often as it is to come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_is_set_anew_comes_at_its_new_time() {
    let scene = Scene::new(Kind::Postgres, None).await;
    for (number, point) in TO_COME.into_iter().enumerate() {
        let name = format!("loan-{number}");
        let doomed = scene.doomed(&format!("freeze {point} * {name}"));
        scene.lend(&name).await;
        let frozen = doomed.strikes().await;
        let millis = SOON.as_millis().try_into().expect("few");
        scene.app.execute(&loan(&name), Renew { millis }).await.expect("renewed");
        let renewed = scene.last_position().await;
        let second = scene.worker().await;
        scene.until_overdue(&name).await;
        wake(frozen).await;
        scene.all_is_done().await;
        second.stop().await;
        assert_eq!(scene.wrong_with_loan(&name).await, [""; 0], "{point}");
        let notes = scene.told("card.noted").await;
        let early = |at: Position| at < renewed;
        let of_it = notes.iter().filter(|note| note.stream.id().starts_with(&name));
        assert_eq!(
            of_it.filter(|note| early(note.position)).count(),
            0,
            "{point}: nothing before the new time"
        );
    }
    scene.end().await;
}

/// A command is taken back while a worker is about to send it. It is sent, or taken back, and whoever has taken it back
/// knows which.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_taken_back_is_not_sent_late() {
    let scene = Scene::new(Kind::Postgres, None).await;
    let points = [
        ("after found", false),
        ("before due", false),
        ("after due", false),
        ("before noted", false),
        ("after noted", true),
    ];
    for (number, (point, sent)) in points.into_iter().enumerate() {
        let notes = taken_back(&scene, point, number, sent).await;
        assert_eq!(notes, vec!["once"; usize::from(sent)], "{point}");
    }
    scene.end().await;
}

/// What is noted of a command that was taken back while a worker was frozen at a point.
pub(crate) async fn taken_back(scene: &Scene, point: &str, number: usize, sent: bool) -> Vec<String> {
    let (id, name) = (format!("s-{number}"), format!("card-{number}"));
    let stream = if point.ends_with("noted") { &name } else { &id };
    let doomed = scene.doomed(&format!("freeze {point} * {stream}"));
    scene.app.create(&card(&name), Issue).await.expect("a card");
    let note = card(&name).send(Note { text: "once".into() });
    let id = scene.app.schedule(SOON, note).key(&id).await.expect("scheduled");
    let frozen = doomed.strikes().await;
    let taken_back = scene.app.cancel_scheduled(&id, "ann").await.expect("an answer");
    assert_eq!(taken_back, !sent, "{point}");
    let second = scene.worker().await;
    scene.all_is_done().await;
    wake(frozen).await;
    scene.all_is_done().await;
    second.stop().await;
    scene.notes(&name).await
}

/// A thing that was taken back before its time does not come, whoever is killed afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_file_what_was_taken_back_never_comes() {
    let scene = Scene::new(Kind::Sqlite, None).await;
    let doomed = scene.doomed("kill after cancelled * never");
    scene.lend("loan").await;
    drop(doomed);
    scene.app.execute(&loan("loan"), Return).await.expect("it is back");
    scene.app.create(&card("card"), Issue).await.expect("a card");
    let note = card("card").send(Note { text: "never".into() });
    let id = scene.app.schedule(Duration::ZERO, note).await.expect("scheduled");
    assert!(scene.app.cancel_scheduled(&id, "ann").await.expect("an answer"));
    let second = scene.worker().await;
    scene.all_is_done().await;
    second.stop().await;
    assert_eq!(scene.notes("card").await, [""; 0]);
    scene.end().await;
}
