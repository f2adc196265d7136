//! Commands that are sent later or again and again: each once, by whatever process, and not once they were taken back.

use std::{collections::HashSet, time::Duration};

use gesta::{
    App, Builder,
    app::StartError,
    domain::{AggregateId, Dispatch, Timestamp},
    log::Filter,
    schedule::Missed,
    test::TestApp,
};
use gesta_tests::{
    Omission, Place, Shaky,
    library::{Card, CardId, Issue, Library, Note},
    on_every_store,
};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

on_every_store!(
    a_command_is_sent_once_when_its_time_has_come,
    what_is_taken_back_is_not_sent,
    a_name_is_scheduled_once,
    a_refused_command_can_be_retried,
    all_of_many_are_sent_once_whatever_fails,
    each_time_comes_once_for_several_applications,
);

fn card(n: usize) -> CardId {
    CardId(format!("card-{n}"))
}

fn note(n: usize, text: &str) -> Dispatch<CardId, Note> {
    card(n).send(Note { text: text.into() })
}

/// Waits until something holds.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{what} has not happened"))
}

async fn notes(app: &App<Library>, n: usize) -> Vec<String> {
    app.load::<Card>(&card(n)).await.expect("loaded").map(|card| card.notes.clone()).unwrap_or_default()
}

async fn noted(app: &App<Library>, n: usize, count: usize) {
    until("the notes", async || (notes(app, n).await.len() >= count).then_some(())).await;
}

async fn a_command_is_sent_once_when_its_time_has_come(place: &Place) {
    let app = Library::start(place.open().await).await;
    app.create(&card(1), Issue).await.expect("a card");
    let later = app.schedule(HOUR, note(1, "later")).by("ann").correlation("c-1").await.expect("scheduled");
    let past = Timestamp::from_micros(1);
    app.schedule(past, note(1, "at once")).await.expect("scheduled");
    noted(&app, 1, 1).await;
    let soon = app.schedule(Duration::from_millis(30), note(1, "soon")).by("bob").await.expect("scheduled");
    noted(&app, 1, 2).await;
    app.caught_up(PATIENCE).await.expect("all of it");
    assert_eq!(notes(&app, 1).await, ["at once", "soon"]);
    let left = app.scheduled(None, 10).await.expect("a list");
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!((&left[0].id, left[0].aggregate.as_str(), left[0].to.as_str()), (&later, "card", "card-1"));
    assert_eq!((left[0].command.as_str(), left[0].json.as_str()), ("Note", r#"{"text":"later"}"#));
    assert!(left[0].due_at.is_some() && left[0].meta.correlation.as_deref() == Some("c-1"));
    assert!(!app.cancel_scheduled(&soon, "bob").await.expect("an answer"), "it was sent");
    let noted =
        app.log().filter(Filter::new().of(&card(1))).page(10).await.expect("the log").events.remove(2);
    let meta = noted.meta().expect("metadata");
    assert_eq!(meta.actor.as_deref(), Some("bob"));
    assert_eq!(meta.causation, Some(format!("schedule/{soon}@2")));
    app.shutdown().await.expect("the end");
}

async fn what_is_taken_back_is_not_sent(place: &Place) {
    // Nobody works yet, so nothing is sent before it is taken back.
    let store = place.open().await;
    let calm = Builder::<Library>::new(store.clone(), ()).commands_only().await.expect("commands");
    calm.create(&card(1), Issue).await.expect("a card");
    let first = calm.schedule(Duration::from_millis(1), note(1, "first")).await.expect("scheduled");
    assert!(calm.cancel_scheduled(&first, "ann").await.expect("an answer"));
    assert!(!calm.cancel_scheduled(&first, "ann").await.expect("an answer"), "once");
    calm.shutdown().await.expect("the end");
    let app = Library::start(store).await;
    app.schedule(Duration::from_millis(30), note(1, "second")).await.expect("scheduled");
    noted(&app, 1, 1).await;
    assert_eq!(notes(&app, 1).await, ["second"]);
    assert!(app.scheduled(None, 10).await.expect("a list").is_empty());
    app.shutdown().await.expect("the end");
}

async fn a_name_is_scheduled_once(place: &Place) {
    let app = Library::start(place.open().await).await;
    app.create(&card(1), Issue).await.expect("a card");
    for time in 0..3 {
        let text = format!("time {time}");
        let id = app.schedule(Duration::ZERO, note(1, &text)).key("the one").await.expect("scheduled");
        assert_eq!(id.as_str(), "the one");
        noted(&app, 1, 1).await;
    }
    app.caught_up(PATIENCE).await.expect("all of it");
    assert_eq!(notes(&app, 1).await, ["time 0"]);
    app.shutdown().await.expect("the end");
}

async fn a_refused_command_can_be_retried(place: &Place) {
    let app = Library::start(place.open().await).await;
    let id = app.schedule(Duration::ZERO, note(7, "no card")).await.expect("scheduled");
    let letters = app.dead_letters().handler("schedule");
    let letter = until("a dead letter", async || letters.list(10).await.expect("a list").pop()).await;
    assert_eq!(letter.stream.to_string(), format!("schedule/{id}"));
    assert!(letter.errors[0].contains("`Note` was not done by card/card-7"), "{:?}", letter.errors);
    assert_eq!(app.scheduled(None, 10).await.expect("a list")[0].due_at, None, "its time has come");
    app.create(&card(7), Issue).await.expect("a card");
    assert_eq!(letters.retry("ann", "there is a card now").await.expect("retried"), 1);
    noted(&app, 7, 1).await;
    assert!(app.scheduled(None, 10).await.expect("a list").is_empty());
    app.shutdown().await.expect("the end");
}

async fn all_of_many_are_sent_once_whatever_fails(place: &Place) {
    let shaky = Shaky::new(std::process::id().into(), Omission::Nothing);
    shaky.shaking(false);
    let app = Library::start(shaky.shake(place.open().await)).await;
    app.create(&card(1), Issue).await.expect("a card");
    let calm = Builder::<Library>::new(place.open().await, ()).commands_only().await.expect("commands");
    shaky.shaking(true);
    for n in 0..40 {
        calm.schedule(Duration::from_millis(n % 7), note(1, &format!("{n:02}"))).await.expect("scheduled");
    }
    until("all of them", async || calm.scheduled(None, 100).await.expect("a list").is_empty().then_some(()))
        .await;
    println!("{} faults", shaky.shaking(false));
    let mut all = notes(&calm, 1).await;
    all.sort();
    assert_eq!(all, (0..40).map(|n| format!("{n:02}")).collect::<Vec<_>>());
    app.shutdown().await.expect("the end");
    calm.shutdown().await.expect("the end");
}

async fn each_time_comes_once_for_several_applications(place: &Place) {
    let mut apps = Vec::new();
    for _ in 0..3 {
        let builder = Builder::<Library>::new(place.open().await, ());
        let builder = builder.recurring("tick", Duration::from_millis(100), || note(1, "tick"));
        apps.push(builder.start().await.expect("an application"));
    }
    let app = &apps[0];
    app.create(&card(1), Issue).await.expect("a card");
    noted(app, 1, 3).await;
    let state = app.recurring().await.expect("a list").remove(0);
    assert_eq!(
        (state.name.as_str(), state.rule.as_str(), state.due_at.is_some()),
        ("tick", "every 100ms", true)
    );
    apps.remove(2).shutdown().await.expect("the end");
    let before = notes(&apps[0], 1).await.len();
    noted(&apps[0], 1, before + 2).await;
    let last = apps.remove(0);
    apps.remove(0).shutdown().await.expect("the end");
    let page = last.log().filter(Filter::new().event("recurring.came")).page(1_000).await.expect("the log");
    let times: Vec<_> =
        page.events.iter().map(|entry| entry.json().expect("JSON")["time"].to_string()).collect();
    assert_eq!(times.len(), times.iter().collect::<HashSet<_>>().len(), "{times:?}");
    last.caught_up(PATIENCE).await.expect("all of it");
    last.shutdown().await.expect("the end");
}

#[tokio::test]
async fn what_was_missed_is_made_up_for_once_or_each_time() {
    let app = TestApp::<Library>::start_with((), |builder| {
        builder.recurring("nightly", "0 3 * * *", || note(1, "nightly")).recurring_with(
            "ledger",
            "0 4 * * *",
            Missed::All,
            || note(2, "ledger"),
        )
    })
    .await;
    for n in 1..=2 {
        app.create(&card(n), Issue).await.expect("a card");
    }
    until("the first times", async || {
        let states = app.recurring().await.expect("a list");
        states.iter().all(|state| state.due_at.is_some()).then_some(())
    })
    .await;
    let rules: Vec<_> = app.recurring().await.expect("a list").into_iter().map(|state| state.rule).collect();
    assert_eq!(rules, ["0 3 * * *", "0 4 * * *"]);
    app.clock().advance(DAY);
    noted(&app, 1, 1).await;
    noted(&app, 2, 1).await;
    app.clock().advance(5 * DAY);
    noted(&app, 1, 2).await;
    noted(&app, 2, 6).await;
    app.clock().advance(DAY);
    noted(&app, 1, 3).await;
    noted(&app, 2, 7).await;
    assert_eq!((notes(&app, 1).await.len(), notes(&app, 2).await.len()), (3, 7));
    let due = app.recurring().await.expect("a list")[0].due_at.expect("a time");
    assert_eq!(due.to_string(), "2020-01-08T03:00:00.000000Z");
}

#[tokio::test]
async fn what_cannot_recur_is_refused_at_the_start() {
    let builder = || Builder::<Library>::new(gesta::store::Memory::new().into(), ());
    let wrong = builder().recurring("wrong", "every day", || note(1, "")).start().await;
    let text = wrong.expect_err("no expression").to_string();
    assert!(text.contains("`wrong` cannot recur") && text.contains("`every day`"), "{text}");
    let twice = builder().recurring("a", HOUR, || note(1, "")).recurring("a", DAY, || note(1, ""));
    let error = twice.start().await.expect_err("the same name");
    assert!(matches!(error, StartError::RecurringTwice { ref name } if name == "a"), "{error}");
}
