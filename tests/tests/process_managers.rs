//! Process managers: each input once, deadlines that come once and not after they were taken away, and what fails holds
//! up its own instance only.

use std::time::Duration;

use gesta::{
    App,
    domain::{AggregateId, Position},
    log::Filter,
    store::{DeliveryState, Outcome},
    test::{TestApp, given_instance},
};
use gesta_tests::{
    Belated, Omission, Place, Shaky,
    library::{
        Card, CardId, Curse, Issue, Lend, Library, LoanEvent, LoanId, Note, Overdue, Renew, Return, Shelf,
    },
    on_every_store,
};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

on_every_store!(
    a_deadline_comes_once_and_is_set_anew,
    each_reaction_happens_once_whatever_fails,
    a_reaction_that_is_late_does_nothing,
    a_deadline_that_is_taken_away_or_moved_does_not_come,
    an_event_is_for_several_instances,
    a_refused_command_is_a_dead_letter_that_can_be_retried,
    a_poisoned_instance_holds_up_nobody_else,
    what_was_seen_is_not_seen_again,
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
        let mut notes = notes(&app, card).await;
        let own = notes.iter().position(|note| note == "loan-1 #1").map(|at| notes.remove(at));
        assert!(
            own.is_some(),
            "what another process manager notes may come before, between or after: {notes:?}"
        );
        assert_eq!(notes, ["loan-1 is overdue #1", "loan-1 is overdue #2"], "each reader got each note once");
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
    let of_card = app.log().filter(Filter::new().of(&cards[0])).page(10).await.expect("the log").events;
    let first = |text: &str| text.contains("loan-1 is overdue #1");
    let note =
        of_card.iter().find(|entry| str::from_utf8(&entry.payload).is_ok_and(first)).expect("the note");
    let meta = note.meta().expect("metadata");
    assert_eq!(meta.causation.as_deref(), Some("process.overdue/loan-1@2"));
    assert_eq!(meta.correlation.as_deref(), Some("loan/loan-1@1"), "it all follows from the first event");
    app.shutdown().await.expect("the end");
}

async fn a_deadline_that_is_taken_away_or_moved_does_not_come(place: &Place) {
    let store = place.open().await;
    // Nobody works yet: all of it stands in the log before the first deadline can come.
    let calm = gesta::Builder::<Library>::new(store.clone(), ()).commands_only().await.expect("commands");
    let cards = cards(&calm, 1).await;
    calm.create(&loan(1), lend(&cards, 100)).await.expect("lent");
    calm.create(&loan(2), lend(&cards, 100)).await.expect("lent");
    calm.execute(&loan(1), Return).await.expect("back");
    calm.execute(&loan(2), Renew { millis: 3_600_000 }).await.expect("renewed");
    calm.shutdown().await.expect("the end");
    let app = Library::start(store.clone()).await;
    app.create(&loan(3), lend(&cards, 150)).await.expect("lent");
    until("what came after", async || overdue(&app, &loan(3)).await.filter(|it| it.notes == 2)).await;
    app.caught_up(PATIENCE).await.expect("all of it");
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
    assert_eq!((letter.stream.id(), letter.attempts, letter.event.as_str()), ("loan-0", 8, "loan.cursed"));
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

/// Lends to all of four readers in a store that fails all the time, to two applications, until all is said. What stands on
/// the cards, sorted.
async fn lent_in_trouble(place: &Place, seed: u64, omission: Omission) -> Vec<Vec<String>> {
    let shaky = Shaky::new(seed, omission);
    let mut apps = Vec::new();
    // All applications of a process append through the store of the first.
    for _ in 0..2 {
        let store = shaky.shake(place.open().await);
        let start = async || {
            let builder = gesta::Builder::<Library>::new(store.clone(), ());
            builder.lease(Duration::from_millis(600)).start().await.ok()
        };
        apps.push(until("an application", start).await);
    }
    let calm =
        gesta::Builder::<Library>::new(place.open().await, ()).commands_only().await.expect("commands");
    let cards: Vec<_> = (0..4).map(card).collect();
    for card in &cards {
        until("a card", async || calm.create(card, Issue).key(&*card.0).await.ok()).await;
    }
    for n in 0..LOANS {
        let key = format!("lend {n}");
        until("lent", async || calm.create(&loan(n), lend(&cards, 20)).key(&*key).await.ok()).await;
        if n % 3 == 0 {
            let key = format!("renew {n}");
            until("renewed", async || calm.execute(&loan(n), Renew { millis: 10 }).key(&*key).await.ok())
                .await;
        }
    }
    let said = async || {
        let all = calm.process_managers::<Overdue>(None, 1_000).await.expect("a list");
        (all.iter().filter(|it| it.notes == 2).count() == LOANS).then_some(())
    };
    until("all of the notes", said).await;
    let faults = shaky.shaking(false);
    println!("seed {seed}: {faults} faults");
    assert!(faults > 5, "{faults}");
    for app in &apps {
        until("all of it", async || app.caught_up(PATIENCE).await.ok()).await;
    }
    let letters = calm.dead_letters().count().await.expect("a count");
    assert_eq!(letters, 0, "everything passes in the end");
    let mut all = Vec::new();
    for card in &cards {
        let mut notes = notes(&calm, card).await;
        notes.sort();
        all.push(notes);
    }
    for app in apps {
        app.shutdown().await.expect("the end");
    }
    calm.shutdown().await.expect("the end");
    all
}

const LOANS: usize = 25;

/// What stands on each card if everything happens once.
fn said_once() -> Vec<String> {
    let overdue = (0..LOANS).flat_map(|n| (1..=2).map(move |time| format!("loan-{n} is overdue #{time}")));
    let mut all: Vec<_> = (0..LOANS).map(|n| format!("loan-{n} #{}", n + 1)).chain(overdue).collect();
    all.sort();
    all
}

async fn each_reaction_happens_once_whatever_fails(place: &Place) {
    let seed = std::process::id().into();
    for (n, notes) in lent_in_trouble(place, seed, Omission::Nothing).await.into_iter().enumerate() {
        assert_eq!(notes, said_once(), "card {n}, seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_keys_it_happens_again() {
    let mut again = false;
    for seed in 0..20 {
        let place = Place::new(None).await;
        again |=
            lent_in_trouble(&place, seed, Omission::Keys).await.iter().any(|notes| *notes != said_once());
        place.remove().await;
        if again {
            return;
        }
    }
    panic!("commands without keys were done once each, in twenty runs");
}

/// A reaction is lost on its way and done again, the instance goes on, and then it arrives after all. What the store says
/// of it, and how the instance stands before and after.
async fn late(place: &Place, omission: Omission) -> (Vec<Outcome>, [(u32, u64, usize); 2]) {
    let belated = Belated::new("process.overdue", omission);
    let app = Library::start(belated.delay(place.open().await)).await;
    let cards = cards(&app, 1).await;
    app.create(&loan(1), lend(&cards, 3_600_000)).await.expect("lent");
    until("a reaction on its way", async || belated.is_sent().then_some(())).await;
    app.execute(&loan(1), Renew { millis: 7_200_000 }).await.expect("renewed");
    app.execute(&loan(1), Return).await.expect("back");
    let stands = async || {
        let it = overdue(&app, &loan(1)).await.expect("an instance");
        (it.notes, it.revision, it.deadlines.len())
    };
    until("the return", async || overdue(&app, &loan(1)).await.filter(|it| it.revision == 3)).await;
    let before = stands().await;
    let outcomes = belated.arrive().await;
    let after = stands().await;
    app.shutdown().await.expect("the end");
    (outcomes, [before, after])
}

async fn a_reaction_that_is_late_does_nothing(place: &Place) {
    let (outcomes, [before, after]) = late(place, Omission::Nothing).await;
    // What it shared its batch with is repeated by its key.
    let refused = |outcome: &Outcome| matches!(outcome, Outcome::Conflict { .. } | Outcome::Duplicate(_));
    assert!(!outcomes.is_empty() && outcomes.iter().all(refused), "{outcomes:?}");
    assert_eq!((before, after), ((0, 3, 0), (0, 3, 0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_revisions_a_late_reaction_goes_back() {
    let place = Place::new(None).await;
    let (_, [before, after]) = late(&place, Omission::Revisions).await;
    assert_eq!((before, after), ((0, 3, 0), (0, 1, 1)), "the book is back, and a deadline is set");
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

#[test]
fn a_test_says_what_an_instance_does() {
    let (id, readers, hour) = (loan(1), vec![card(1), card(2)], Duration::from_secs(3_600));
    let lent = LoanEvent::Lent { readers, millis: 3_600_000 };
    let note = |n: usize, time: u32| card(n).send(Note { text: format!("loan-1 is overdue #{time}") });
    given_instance::<Overdue>(&id).when(&id, lent.clone()).then(Overdue::DUE.after(hour));
    let given = given_instance::<Overdue>(&id).and(&id, [lent.clone()]);
    given.clone().when(&id, LoanEvent::Returned {}).then(Overdue::DUE.cancel());
    let first = given.clone().when_deadline(Overdue::DUE);
    first
        .then((note(1, 1), note(2, 1), Overdue::DUE.after(hour)))
        .then_state(|state| assert_eq!(state.notes, 1));
    let second = given.clone().and_deadline(Overdue::DUE).when_deadline(Overdue::DUE);
    second.then([note(1, 2), note(2, 2)]);
    given_instance::<Shelf>(&card(2))
        .when(&id, lent.clone())
        .then(card(2).send(Note { text: "loan-1 #1".into() }));
    given_instance::<Shelf>(&card(2)).when(&id, LoanEvent::Returned {}).then_nothing();

    let fails = |what: &str, test: Box<dyn FnOnce() + std::panic::UnwindSafe>| {
        let panic = std::panic::catch_unwind(test).expect_err(what);
        panic.downcast_ref::<String>().expect("a text").clone()
    };
    let (other, again) = (given.clone(), lent.clone());
    let text =
        fails("another note", Box::new(move || drop(other.when_deadline(Overdue::DUE).then(note(1, 7)))));
    assert!(text.contains("loan-1 is overdue #7") && text.contains("loan-1 is overdue #1"), "{text}");
    assert!(text.contains("the deadline `due`") && text.contains("Timer"), "{text}");
    let back = given.and(&id, [LoanEvent::Returned {}]);
    let text = fails("it is not set", Box::new(move || drop(back.when_deadline(Overdue::DUE))));
    assert!(text.contains("`due` is not set"), "{text}");
    let stranger = given_instance::<Shelf>(&card(9));
    let text = fails("it is for others", Box::new(move || drop(stranger.when(&id, again))));
    assert!(text.contains("card-9") && text.contains("card-1, card-2"), "{text}");
}
