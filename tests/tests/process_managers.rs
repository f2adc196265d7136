//! Process managers: each input once, deadlines that come once and not after they were taken away, and what fails holds
//! up its own instance only.

use std::time::Duration;

use gesta::{App, domain::Position, log::Filter, store::DeliveryState, test::TestApp};
use gesta_tests::{
    Place,
    library::{Card, CardId, Curse, Issue, Lend, Library, LoanId, Overdue, Renew, Return, Shelf},
    on_every_store,
};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

on_every_store!(@store memory, None,
    a_deadline_comes_once_and_is_set_anew
    a_deadline_that_is_taken_away_or_moved_does_not_come
    an_event_is_for_several_instances
    a_refused_command_is_a_dead_letter_that_can_be_retried
    a_poisoned_instance_holds_up_nobody_else
    what_was_seen_is_not_seen_again
);

fn loan(n: usize) -> LoanId {
    LoanId(format!("loan-{n}"))
}

fn card(n: usize) -> CardId {
    CardId(format!("card-{n}"))
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

async fn notes(app: &App<Library>, card: &CardId) -> Vec<String> {
    app.load::<Card>(card).await.expect("loaded").map(|card| card.notes.clone()).unwrap_or_default()
}

async fn cards(app: &App<Library>, count: usize) -> Vec<CardId> {
    let cards: Vec<_> = (0..count).map(card).collect();
    for card in &cards {
        app.create(card, Issue).await.expect("a card");
    }
    cards
}

async fn overdue(app: &App<Library>, loan: &LoanId) -> Option<gesta::process_manager::Instance<Overdue>> {
    app.process_manager::<Overdue>(loan).await.expect("an instance")
}

fn lend(readers: &[CardId], millis: u64) -> Lend {
    Lend { readers: readers.to_vec(), millis }
}

async fn a_deadline_comes_once_and_is_set_anew(place: &Place) {
    let store = place.open().await;
    let app = Library::start(store.clone()).await;
    let cards = cards(&app, 2).await;
    app.create(&loan(1), lend(&cards, 60)).await.expect("lent");
    until("the second note", async || overdue(&app, &loan(1)).await.filter(|it| it.notes == 2)).await;
    app.caught_up(PATIENCE).await.expect("all of it");
    for card in &cards {
        assert_eq!(
            notes(&app, card).await,
            ["loan-1 #1", "loan-1 is overdue #1", "loan-1 is overdue #2"],
            "each reader got each note once"
        );
    }
    let instance = overdue(&app, &loan(1)).await.expect("an instance");
    assert!(instance.deadlines.is_empty(), "{instance:?}");
    assert_eq!(instance.revision, 3);
    let page = app.log().filter(Filter::new().category("process.overdue")).page(100).await.expect("the log");
    let told: Vec<_> = page.events.iter().map(|entry| entry.name.as_str()).collect();
    let (fired, reacted) = ("process.overdue.timer_fired", "process.overdue.reacted");
    assert_eq!(told, [reacted, fired, reacted, fired, reacted]);
    let second = page.events[2].json().expect("JSON");
    assert_eq!(second["on"], "process.overdue/loan-1@2");
    assert_eq!(second["sent"][1], serde_json::json!({ "command": "Note", "to": "card/card-1" }));
    let note =
        app.log().filter(Filter::new().of(&cards[0])).page(10).await.expect("the log").events.remove(2);
    let meta = note.meta().expect("metadata");
    assert_eq!(meta.causation.as_deref(), Some("process.overdue/loan-1@2"));
    assert_eq!(meta.correlation.as_deref(), Some("loan/loan-1@1"), "it all follows from the first event");
    app.shutdown().await.expect("the end");
}

async fn a_deadline_that_is_taken_away_or_moved_does_not_come(place: &Place) {
    let store = place.open().await;
    let app = Library::start(store.clone()).await;
    let cards = cards(&app, 1).await;
    app.create(&loan(1), lend(&cards, 100)).await.expect("lent");
    app.create(&loan(2), lend(&cards, 100)).await.expect("lent");
    app.execute(&loan(1), Return).await.expect("back");
    app.execute(&loan(2), Renew { millis: 3_600_000 }).await.expect("renewed");
    app.create(&loan(3), lend(&cards, 150)).await.expect("lent");
    until("what came after", async || overdue(&app, &loan(3)).await.filter(|it| it.notes == 2)).await;
    assert!(overdue(&app, &loan(1)).await.is_some_and(|it| it.notes == 0 && it.deadlines.is_empty()));
    let moved = overdue(&app, &loan(2)).await.expect("an instance");
    assert_eq!((moved.notes, moved.deadlines.len()), (0, 1));
    let now = store.port().read_side().expect("a read side").now().await.expect("the time");
    let left = moved.deadlines[0].due_at.expect("a time").as_micros() - now.as_micros();
    assert!((3_000_000_000..=3_600_000_000).contains(&left), "{left}");
    let all = app.process_managers::<Overdue>(None, 10).await.expect("a list");
    assert_eq!(all.iter().map(|it| it.key.as_str()).collect::<Vec<_>>(), ["loan-1", "loan-2", "loan-3"]);
    assert_eq!(app.process_managers::<Overdue>(Some("loan-2"), 10).await.expect("a list").len(), 1);
    app.shutdown().await.expect("the end");
}

async fn an_event_is_for_several_instances(place: &Place) {
    let store = place.open().await;
    let app = Library::start(store.clone()).await;
    let cards = cards(&app, 10).await;
    for n in 0..20 {
        app.create(&loan(n), lend(&cards, 3_600_000)).await.expect("lent");
    }
    app.caught_up(PATIENCE).await.expect("all of it");
    let expected: Vec<String> = (0..20).map(|n| format!("loan-{n} #{}", n + 1)).collect();
    for card in &cards {
        assert_eq!(notes(&app, card).await, expected, "in the order of the log");
        let shelf = app.process_manager::<Shelf>(card).await.expect("loaded").expect("an instance");
        assert_eq!(shelf.loans.len(), 20);
    }
    app.shutdown().await.expect("the end");
}

async fn a_refused_command_is_a_dead_letter_that_can_be_retried(place: &Place) {
    let store = place.open().await;
    let app = Library::start(store.clone()).await;
    app.create(&loan(1), lend(&[card(7)], 3_600_000)).await.expect("lent");
    let letters = app.dead_letters().handler("process.shelf");
    let letter = until("a dead letter", async || letters.list(10).await.expect("a list").pop()).await;
    assert_eq!((letter.stream.to_string().as_str(), letter.attempts), ("process.shelf/card-7", 1));
    assert!(letter.errors[0].contains("`Note` was not done by card/card-7"), "{:?}", letter.errors);
    app.create(&loan(2), lend(&[card(7)], 3_600_000)).await.expect("lent");
    app.caught_up(PATIENCE).await.expect("it waits behind");
    assert!(app.process_manager::<Shelf>(&card(7)).await.expect("loaded").is_none());
    app.create(&card(7), Issue).await.expect("a card");
    assert_eq!(letters.retry("ann", "there is a card now").await.expect("retried"), 1);
    until("both notes", async || Some(notes(&app, &card(7)).await).filter(|notes| notes.len() == 2)).await;
    assert_eq!(notes(&app, &card(7)).await, ["loan-1 #1", "loan-2 #2"]);
    app.shutdown().await.expect("the end");
}

async fn a_poisoned_instance_holds_up_nobody_else(place: &Place) {
    let store = place.open().await;
    let app = Library::start(store.clone()).await;
    let cards = cards(&app, 1).await;
    app.create(&loan(0), lend(&cards, 3_600_000)).await.expect("lent");
    app.execute(&loan(0), Curse).await.expect("cursed");
    app.execute(&loan(0), Return).await.expect("back");
    for n in 1..20 {
        app.create(&loan(n), lend(&cards, 3_600_000)).await.expect("lent");
    }
    let letters = app.dead_letters().handler("process.overdue");
    let letter = until("a dead letter", async || letters.list(10).await.expect("a list").pop()).await;
    assert_eq!((letter.stream.id(), letter.attempts, letter.event.as_str()), ("loan-0", 4, "loan.cursed"));
    app.caught_up(PATIENCE).await.expect("all of the others");
    let waiting = letters.clone().state(DeliveryState::Waiting).list(10).await.expect("a list");
    assert_eq!(waiting.iter().map(|it| it.version).collect::<Vec<_>>(), [3]);
    assert_eq!(overdue(&app, &loan(0)).await.expect("an instance").deadlines.len(), 1);
    assert_eq!(app.process_managers::<Overdue>(None, 100).await.expect("a list").len(), 20);
    assert_eq!(letters.discard("ann", "nobody is cursed for ever").await.expect("discarded"), 1);
    until("what waited behind", async || overdue(&app, &loan(0)).await.filter(|it| it.deadlines.is_empty()))
        .await;
    app.shutdown().await.expect("the end");
}

async fn what_was_seen_is_not_seen_again(place: &Place) {
    let store = place.open().await;
    let app = Library::start(store.clone()).await;
    let cards = cards(&app, 3).await;
    for n in 0..5 {
        app.create(&loan(n), lend(&cards, 3_600_000)).await.expect("lent");
    }
    app.caught_up(PATIENCE).await.expect("all of it");
    let before = store.port().last_position().await.expect("a position");
    for name in ["process.shelf", "process.overdue"] {
        app.reset(name, gesta::domain::Start::Beginning).await.expect("set back");
    }
    app.caught_up(PATIENCE).await.expect("all of it again");
    assert_eq!(store.port().last_position().await.expect("a position"), before, "nothing was stored");
    assert_ne!(before, Position::START);
    app.shutdown().await.expect("the end");
}

#[tokio::test]
async fn a_test_moves_the_time_by_hand() {
    let app = TestApp::<Library>::start(()).await;
    let cards = cards(&app, 1).await;
    let month = Duration::from_secs(30 * 86_400);
    app.create(&loan(1), lend(&cards, month.as_millis() as u64)).await.expect("lent");
    app.caught_up(PATIENCE).await.expect("all of it");
    for n in 1..=2 {
        app.clock().advance(month - Duration::from_secs(1));
        app.caught_up(PATIENCE).await.expect("nothing to do");
        assert_eq!(overdue(&app, &loan(1)).await.expect("an instance").notes, n - 1);
        app.clock().advance(Duration::from_secs(1));
        until("a note", async || overdue(&app, &loan(1)).await.filter(|it| it.notes == n)).await;
    }
    assert_eq!(notes(&app, &cards[0]).await.len(), 3);
}
