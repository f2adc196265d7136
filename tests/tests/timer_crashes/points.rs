//! Every point between the time that comes and what comes of it.

use gesta_tests::{
    Kind,
    clockwork::{CLOCK, TICK},
    library::{Issue, Note},
};

use super::scene::{SOON, Scene, card, stop, wake};
use gesta::prelude::*;

/// Of a deadline that is set, and comes with two commands: the second is stored together with the reaction.
const DEADLINES: [(&str, &str); 9] = [
    ("before reacted", ""),
    ("after reacted", ""),
    ("after found", ""),
    ("before timer_fired", ""),
    ("after timer_fired", ""),
    ("before noted", "-a"),
    ("after noted", "-a"),
    ("before noted", "-b"),
    ("after noted", "-b"),
];

/// Of a scheduled command, and of what recurs.
const COMMANDS: [&str; 5] = ["found", "before told", "after told", "before noted", "after noted"];

async fn deadlines(kind: Kind, deed: &str) {
    let scene = Scene::new(kind, None).await;
    for (number, (point, stream)) in DEADLINES.into_iter().enumerate() {
        let name = format!("loan-{number}");
        println!("{deed} {point} {name}{stream}");
        let doomed = scene.doomed(&format!("{deed} {point} * {name}{stream}"));
        scene.lend(&name).await;
        let frozen = doomed.strikes().await;
        let others = scene.others(frozen.is_some()).await;
        scene.until_overdue(&name).await;
        wake(frozen).await;
        stop(others).await;
    }
    // What somebody may still have to do is done.
    let last = scene.worker().await;
    scene.all_is_done().await;
    last.stop().await;
    for (number, (point, stream)) in DEADLINES.into_iter().enumerate() {
        let wrong = scene.wrong_with_loan(&format!("loan-{number}")).await;
        assert_eq!(wrong, [""; 0], "{deed} {point} loan-{number}{stream}");
    }
    scene.end().await;
}

/// A point of a scheduled command or of what recurs: the event that tells that the time has come, and whose stream it is in.
fn fault(deed: &str, point: &str, (told, stream): (&str, &str), noted: &str) -> String {
    match point {
        "found" => format!("{deed} after found * {stream}"),
        _ if point.ends_with("told") => format!("{deed} {} * {stream}", point.replace("told", told)),
        _ => format!("{deed} {point} * {noted}"),
    }
}

async fn scheduled(kind: Kind, deed: &str) {
    let scene = Scene::new(kind, None).await;
    for (number, point) in COMMANDS.into_iter().enumerate() {
        let (id, name) = (format!("s-{number}"), format!("card-{number}"));
        let fault = fault(deed, point, ("due", &id), &name);
        println!("{fault}");
        let doomed = scene.doomed(&fault);
        scene.app.create(&card(&name), Issue).await.expect("a card");
        let note = card(&name).send(Note { text: "once".into() });
        scene.app.schedule(SOON, note).key(&id).await.expect("scheduled");
        let frozen = doomed.strikes().await;
        let others = scene.others(frozen.is_some()).await;
        let sent = async || scene.app.scheduled(None, 1).await.expect("a list").is_empty();
        scene.until("the command", sent).await;
        wake(frozen).await;
        stop(others).await;
    }
    let last = scene.worker().await;
    scene.all_is_done().await;
    last.stop().await;
    for (number, point) in COMMANDS.into_iter().enumerate() {
        assert_eq!(scene.notes(&format!("card-{number}")).await, ["once"], "{deed} {point}");
    }
    scene.end().await;
}

async fn recurring(kind: Kind, deed: &str) {
    let scene = Scene::ticking(kind, None).await;
    for point in COMMANDS {
        let fault = fault(deed, point, ("came", TICK), CLOCK);
        println!("{fault}");
        let begin = scene.last_position().await;
        let frozen = scene.doomed(&fault).strikes().await;
        let others = scene.others(frozen.is_some()).await;
        scene.until_it_has_come_again().await;
        wake(frozen).await;
        scene.until_it_stands_still(others).await;
        assert_eq!(scene.wrong_with_ticks(begin).await, [""; 0], "{fault}");
    }
    scene.end().await;
}

macro_rules! at_all_points {
    ($($name:ident: $what:ident $kind:ident $deed:literal;)*) => { $(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            $what(Kind::$kind, $deed).await;
        }
    )* };
}

at_all_points! {
    a_deadline_comes_once_though_workers_are_killed: deadlines Postgres "kill";
    a_deadline_comes_once_though_workers_are_frozen: deadlines Postgres "freeze";
    a_deadline_on_a_file_comes_once_though_workers_are_killed: deadlines Sqlite "kill";
    a_command_is_sent_once_though_workers_are_killed: scheduled Postgres "kill";
    a_command_is_sent_once_though_workers_are_frozen: scheduled Postgres "freeze";
    a_command_on_a_file_is_sent_once_though_workers_are_killed: scheduled Sqlite "kill";
    each_time_comes_once_though_workers_are_killed: recurring Postgres "kill";
    each_time_comes_once_though_workers_are_frozen: recurring Postgres "freeze";
    each_time_on_a_file_comes_once_though_workers_are_killed: recurring Sqlite "kill";
}
