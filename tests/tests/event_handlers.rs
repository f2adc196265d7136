//! Event handlers: in order per stream, at least once, and what fails holds up nobody else.

#[macro_use]
mod desk;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use desk::{Desk, Plan, events, scan, told, until};
use gesta::{
    App,
    domain::{
        Backoff, BreakerPolicy, Delivery, DeliveryPolicy, EventHandler, HandlerFailure, Meta, React,
        Reactions,
    },
    event_handler::BreakerState,
    log::Filter,
    store::{DeliveryState, NewEvent, Store},
};
use gesta_tests::{
    Place, on_every_store,
    post::{ParcelEvent, ParcelId, Register, Scan},
};

const HOUR: Duration = Duration::from_secs(3_600);
const SOON: Backoff = Backoff::fixed(Duration::from_millis(1));
const LATER: Backoff = Backoff::fixed(HOUR);
const OPEN: Duration = Duration::from_millis(200);

const fn policy() -> DeliveryPolicy {
    DeliveryPolicy::new().shards(4).backoff(SOON).attempts(3)
}

handlers! {
    Plain "plain" policy();
    Patient "patient" policy().backoff(LATER);
    Quick "quick" policy().timeout(Duration::from_millis(50)).attempts(2);
    Stubborn "stubborn" policy().attempts(1_000);
    Guarded "guarded" policy().concurrency(1).breaker(BreakerPolicy::new(3, OPEN));
    First "first" policy().priority(10);
    Second "second" policy().priority(5);
    Third "third" policy();
}

offices! {
    PlainOffice [Plain];
    PatientOffice [Patient];
    QuickOffice [Quick];
    StubbornOffice [Stubborn];
    GuardedOffice [Guarded];
    RankedOffice [Third, First, Second];
    RelayOffice [Relay];
}

on_every_store!(
    streams_are_delivered_in_order_and_side_by_side,
    a_slow_event_holds_up_its_own_stream_only,
    a_poisoned_stream_holds_up_nobody_else,
    what_fails_is_tried_again_and_the_stream_goes_on_in_order,
    attempts_end_in_time,
    a_panic_is_a_failure,
    a_failure_for_good_is_dead_at_once,
    an_event_that_cannot_be_read_is_dead_at_once,
    used_up_attempts_end_in_a_dead_letter,
    another_application_goes_on_with_the_attempts,
    what_runs_is_waited_for,
    a_breaker_burns_no_attempts,
    handlers_of_one_event_take_their_turns,
    commands_of_a_handler_belong_to_its_event,
);

/// Sends the scans of one parcel on to another, whose number is the name of the depot.
struct Relay;

impl EventHandler for Relay {
    type Deps<'d> = ();
    const NAME: &'static str = "relay";

    fn reactions<R: Reactions<Self>>(to: &mut R) {
        to.on::<ParcelEvent>();
    }
}

impl React<ParcelEvent> for Relay {
    const VARIANTS: &'static [&'static str] = &["Scanned"];

    async fn react(
        event: &ParcelEvent,
        delivery: &Delivery<'_>,
        (): Self::Deps<'_>,
    ) -> Result<(), HandlerFailure> {
        let app = delivery.app::<App<RelayOffice>>().expect("the application");
        let ParcelEvent::Scanned { depot } = event else { return Ok(()) };
        if depot == "end" {
            return Ok(());
        }
        let scan = app.execute(&ParcelId(depot.clone()), Scan { depots: vec!["end".into()] });
        scan.key(&delivery.key).await.map(drop).map_err(HandlerFailure::retryable)
    }
}

fn desk() -> Arc<Desk> {
    Arc::default()
}

fn names(count: usize, name: &str) -> Vec<String> {
    (0..count).map(|n| format!("{name}-{n}")).collect()
}

async fn parked(store: &Store, handler: &str) -> Vec<(String, u64, DeliveryState, u32)> {
    let side = store.port().read_side().expect("a read side");
    let filter = gesta::store::DeliveryFilter { subscription: Some(handler.into()), ..Default::default() };
    let parked = side.list_deliveries(&filter, 1_000).await.expect("deliveries");
    parked.into_iter().map(|it| (it.stream.id().to_owned(), it.version, it.state, it.attempts)).collect()
}

async fn streams_are_delivered_in_order_and_side_by_side(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    let (ids, depots) = (names(20, "p"), names(10, "d"));
    let scan_all = async |half: &[String]| {
        for id in &ids {
            scan(&store, id, &half.iter().map(String::as_str).collect::<Vec<_>>()).await;
        }
    };
    // The first half is there at once; the other one comes while they work.
    scan_all(&depots[..5]).await;
    let app = PlainOffice::start(store.clone(), &desk).await;
    scan_all(&depots[5..]).await;
    app.caught_up(desk::PATIENCE).await.expect("all of it");
    for id in &ids {
        assert_eq!(desk.done("plain", id), depots, "{id}");
    }
    assert_eq!(desk.seen().len(), 200, "nothing failed, so each came once");
    let (most, clashes) = desk.crowd();
    assert!(most > 1 && most <= 8, "{most} at a time");
    assert_eq!(clashes, 0, "never two of one stream");
    let seen = &desk.seen()[0];
    assert_eq!((seen.attempt, seen.version), (1, 1));
    app.shutdown().await.expect("the end");
}

async fn a_slow_event_holds_up_its_own_stream_only(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    desk.plan("slow", Plan::Wait, 1);
    scan(&store, "snail", &["slow", "after"]).await;
    let app = PlainOffice::start(store.clone(), &desk).await;
    for id in names(20, "p") {
        scan(&store, &id, &["a", "b", "c"]).await;
    }
    desk.until("what others have", |desk| desk.seen().iter().filter(|seen| seen.done).count() == 60).await;
    assert_eq!(desk.tries("after"), 0);
    let behind = app.caught_up(Duration::from_millis(1)).await;
    assert!(behind.is_err(), "an event that runs is not done");
    desk.open();
    app.caught_up(desk::PATIENCE).await.expect("the rest");
    assert_eq!(desk.done("plain", "snail"), ["slow", "after"]);
    app.shutdown().await.expect("the end");
}

async fn a_poisoned_stream_holds_up_nobody_else(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    let app = PatientOffice::start(store.clone(), &desk).await;
    desk.plan("poison", Plan::Fail, u32::MAX);
    scan(&store, "bad", &["fine", "poison", "behind"]).await;
    for id in names(20, "p") {
        scan(&store, &id, &["a", "b"]).await;
    }
    scan(&store, "bad", &["far behind"]).await;
    app.caught_up(desk::PATIENCE).await.expect("everything else, and the parked count as done");
    assert_eq!(desk.seen().iter().filter(|seen| seen.done).count(), 41);
    assert_eq!(desk.tries("poison"), 1, "the next attempt is an hour away");
    assert_eq!(
        parked(&store, "patient").await,
        [
            ("bad".into(), 2, DeliveryState::Retrying, 1),
            ("bad".into(), 3, DeliveryState::Waiting, 0),
            ("bad".into(), 4, DeliveryState::Waiting, 0),
        ]
    );
    let status = app.event_handlers().await.expect("a status").remove(0);
    assert_eq!((&*status.name, status.parked.retrying, status.parked.waiting), ("patient", 1, 2));
    app.shutdown().await.expect("the end");
}

async fn what_fails_is_tried_again_and_the_stream_goes_on_in_order(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    let app = StubbornOffice::start(store.clone(), &desk).await;
    desk.plan("a", Plan::Fail, 3);
    desk.plan("c", Plan::Fail, 2);
    scan(&store, "p", &["a", "b", "c", "d"]).await;
    desk.until("the first failure", |desk| desk.tries("a") > 0).await;
    let more = names(300, "more");
    scan(&store, "p", &more.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let all: Vec<String> = ["a", "b", "c", "d"].into_iter().map(Into::into).chain(more).collect();
    desk.until("the whole stream", |desk| desk.done("stubborn", "p").len() == all.len()).await;
    assert_eq!(desk.done("stubborn", "p"), all);
    assert_eq!((desk.tries("a"), desk.tries("b"), desk.tries("c")), (4, 1, 3));
    let of_a: Vec<_> = desk.seen().into_iter().filter(|seen| seen.depot == "a").collect();
    assert_eq!(of_a.iter().map(|seen| seen.attempt).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(of_a.iter().all(|seen| seen.key == of_a[0].key && seen.key.starts_with("stubborn/")));
    assert_eq!(desk.crowd().1, 0, "never two at a time");
    until("an empty list", async || parked(&store, "stubborn").await.is_empty().then_some(())).await;
    scan(&store, "p", &["live again"]).await;
    app.caught_up(desk::PATIENCE).await.expect("all of it");
    desk.until("the last", |desk| desk.tries("live again") == 1).await;
    app.shutdown().await.expect("the end");
}

/// The only dead letter there will be, once it is there.
async fn dead(app: &gesta::App<impl gesta::domain::Domain>) -> gesta::store::ParkedDelivery {
    until("a dead letter", async || app.dead_letters().list(10).await.expect("a list").pop()).await
}

async fn attempts_end_in_time(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    let app = QuickOffice::start(store.clone(), &desk).await;
    desk.plan("hangs", Plan::Hang, 2);
    scan(&store, "p", &["hangs"]).await;
    let dead = dead(&app).await;
    assert_eq!(dead.attempts, 2);
    assert_eq!(dead.errors, ["the handler was not done within 50ms; the attempt was given up"]);
    app.shutdown().await.expect("the end");
}

async fn a_panic_is_a_failure(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    let app = QuickOffice::start(store.clone(), &desk).await;
    desk.plan("burns", Plan::Panic, 2);
    scan(&store, "p", &["burns"]).await;
    assert_eq!(dead(&app).await.errors, ["the handler panicked: the telephone is on fire"]);
    app.shutdown().await.expect("the end");
}

async fn a_failure_for_good_is_dead_at_once(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    let app = PlainOffice::start(store.clone(), &desk).await;
    desk.plan("wrong", Plan::Die, u32::MAX);
    scan(&store, "p", &["wrong", "behind"]).await;
    let dead = dead(&app).await;
    assert_eq!((dead.attempts, dead.state), (1, DeliveryState::Dead));
    assert_eq!(dead.errors, ["there is no such number"]);
    app.caught_up(desk::PATIENCE).await.expect("a dead letter counts as done");
    assert_eq!((desk.tries("wrong"), desk.tries("behind")), (1, 0));
    app.shutdown().await.expect("the end");
}

async fn an_event_that_cannot_be_read_is_dead_at_once(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    let app = PlainOffice::start(store.clone(), &desk).await;
    events(&store, "p", vec![NewEvent { name: "parcel.scanned", version: 2, payload: b"{}".into() }]).await;
    let dead = dead(&app).await;
    assert_eq!(dead.attempts, 1);
    assert!(dead.errors[0].contains("cannot read parcel/p at version 1"), "{:?}", dead.errors);
    assert_eq!(desk.seen(), []);
    app.shutdown().await.expect("the end");
}

async fn used_up_attempts_end_in_a_dead_letter(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    let app = PlainOffice::start(store.clone(), &desk).await;
    desk.plan("busy", Plan::Fail, u32::MAX);
    scan(&store, "p", &["busy"]).await;
    let dead = dead(&app).await;
    assert_eq!((dead.attempts, desk.tries("busy")), (3, 3));
    let told = until("what is told", async || told(&app).await.pop()).await;
    assert_eq!(told.0, "gesta.dead_lettered");
    assert_eq!((&told.1["handler"], &told.1["stream"]), (&"plain".into(), &"parcel/p".into()));
    assert_eq!((&told.1["attempts"], &told.1["errors"][0]), (&3.into(), &"the line is busy".into()));
    app.shutdown().await.expect("the end");
}

async fn another_application_goes_on_with_the_attempts(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    let first = StubbornOffice::start(store.clone(), &desk).await;
    desk.plan("busy", Plan::Fail, u32::MAX);
    desk.plan("slow", Plan::Wait, 1);
    scan(&store, "slow", &["slow"]).await;
    scan(&store, "p", &["busy", "behind"]).await;
    desk.until("some attempts", |desk| desk.tries("busy") >= 3 && desk.tries("slow") == 1).await;
    // The events of the parcel come after one that is under way: the position in the store stays before both.
    desk.open();
    first.shutdown().await.expect("the end of the first");
    let tried = desk.tries("busy");
    desk.forget_plans();
    let second = StubbornOffice::start(store.clone(), &desk).await;
    desk.until("the rest", |desk| desk.done("stubborn", "p").len() == 2).await;
    assert_eq!(desk.done("stubborn", "p"), ["busy", "behind"]);
    let seen = desk.seen();
    let last = seen.iter().rfind(|seen| seen.depot == "busy").expect("the last attempt");
    assert_eq!(last.attempt as usize, tried + 1, "those of the first application count");
    second.shutdown().await.expect("the end");
}

async fn what_runs_is_waited_for(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    let first = PlainOffice::start(store.clone(), &desk).await;
    desk.plan("slow", Plan::Wait, 1);
    scan(&store, "p", &["slow", "after"]).await;
    desk.until("it runs", |desk| desk.tries("slow") == 1).await;
    let ending = tokio::spawn(async move { first.shutdown().await });
    desk.open();
    ending.await.expect("no panic").expect("the end of the first");
    assert_eq!(desk.done("plain", "p")[0], "slow");
    let second = PlainOffice::start(store.clone(), &desk).await;
    second.caught_up(desk::PATIENCE).await.expect("the rest");
    assert_eq!(desk.done("plain", "p"), ["slow", "after"], "what was done is not done again");
    second.shutdown().await.expect("the end");
}

async fn a_breaker_burns_no_attempts(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    let app = GuardedOffice::start(store.clone(), &desk).await;
    let ids = names(3, "p");
    // Four failures for each event, of which three would be its death.
    desk.plan("any", Plan::Fail, 12);
    let begun = Instant::now();
    for id in &ids {
        scan(&store, id, &["any"]).await;
    }
    let breaker = async || app.event_handlers().await.expect("a status").remove(0).breaker;
    until("an open breaker", async || (breaker().await == BreakerState::Open).then_some(())).await;
    desk.until("all of them", |desk| ids.iter().all(|id| desk.done("guarded", id).len() == 1)).await;
    assert!(
        begun.elapsed() >= OPEN * 9,
        "nine of the failures were probes, and nothing was tried between them"
    );
    assert_eq!((desk.tries("any"), breaker().await), (15, BreakerState::Closed));
    assert_eq!(app.dead_letters().list(10).await.expect("a list"), []);
    app.caught_up(desk::PATIENCE).await.expect("everything");
    app.shutdown().await.expect("the end");
}

async fn handlers_of_one_event_take_their_turns(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    let app = RankedOffice::start(store.clone(), &desk).await;
    scan(&store, "warm", &["up"]).await;
    app.caught_up(desk::PATIENCE).await.expect("all three work");
    desk.plan("slow", Plan::Wait, 1);
    scan(&store, "p", &["slow"]).await;
    for id in names(30, "q") {
        scan(&store, &id, &[&id]).await;
    }
    let all = |desk: &Desk| desk.seen().iter().filter(|seen| seen.done).count() == 93;
    desk.until("the others", all).await;
    assert_eq!(desk.tries("slow"), 1, "the first has not ended its attempt");
    desk.open();
    app.caught_up(desk::PATIENCE).await.expect("everything");
    let story = desk.story();
    let at = |what: &str, handler: &str, depot: &str| {
        let line = format!("{what} {handler} {depot}");
        story.iter().position(|told| *told == line).unwrap_or_else(|| panic!("no {line}"))
    };
    for depot in names(30, "q").iter().map(String::as_str).chain(["slow"]) {
        assert!(at("end", "first", depot) < at("begin", "second", depot), "{depot}");
        assert!(at("end", "second", depot) < at("begin", "third", depot), "{depot}");
    }
    app.shutdown().await.expect("the end");
}

async fn commands_of_a_handler_belong_to_its_event(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    let app = RelayOffice::start(store, &desk).await;
    let (from, to) = (ParcelId("from".into()), ParcelId("to".into()));
    for id in [&from, &to] {
        app.create(id, Register { to: "Ann".into(), grams: 1 }).await.expect("a parcel");
    }
    let scan = || app.execute(&from, Scan { depots: vec!["to".into()] });
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    scan().by("ann").correlation("req-1").tenant("north").trace(trace, None).await.expect("a scan");
    scan().await.expect("another scan");
    app.caught_up(desk::PATIENCE).await.expect("all of it");
    let page =
        app.log().filter(Filter::new().of(&to).event("parcel.scanned")).page(10).await.expect("the log");
    let metas: Vec<Meta> = page.events.iter().map(|entry| entry.meta().expect("metadata")).collect();
    let [first, second] = &metas[..] else { panic!("{metas:?}") };
    assert_eq!(first.correlation.as_deref(), Some("req-1"));
    assert_eq!(first.causation.as_deref(), Some("parcel/from@2"));
    assert_eq!((first.tenant.as_deref(), first.traceparent.as_deref()), (Some("north"), Some(trace)));
    assert_eq!(first.actor, None, "the handler has sent it, not Ann");
    assert_eq!(
        second.correlation.as_deref(),
        Some("parcel/from@3"),
        "an event that belongs to nothing begins it"
    );
    assert_eq!(second.causation.as_deref(), Some("parcel/from@3"));
    app.shutdown().await.expect("the end");
}
