//! Dead letters: which there are, and what people decide about them.

#[macro_use]
mod desk;

use std::{sync::Arc, time::Duration};

use desk::{Desk, Plan, scan, told, until};
use gesta::{
    App, Builder,
    clock::ManualClock,
    domain::{Backoff, DeliveryPolicy, Timestamp},
    event_handler::DeadLetters,
    store::{DeliveryFilter, DeliveryState, Memory, ParkedDelivery, Store, StreamId},
};
use gesta_tests::{Place, on_every_store, post::ParcelId};

const HOUR: Duration = Duration::from_secs(3_600);

const fn policy() -> DeliveryPolicy {
    DeliveryPolicy::new().shards(4).backoff(Backoff::fixed(Duration::from_millis(1))).attempts(2)
}

handlers! {
    Plain "plain" policy();
    Other "other" policy();
    Hourly "hourly" policy().backoff(Backoff::fixed(HOUR)).attempts(3);
}

offices! {
    PlainOffice [Plain];
    TwoOffice [Plain, Other];
    HourlyOffice [Hourly];
}

on_every_store!(
    they_are_found_by_what_is_known_of_them,
    a_retry_keeps_the_order_of_the_stream,
    what_waits_behind_a_discarded_one_flows,
    a_discarded_event_does_not_come_back,
    many_are_retried_from_another_application,
    each_death_is_told_once,
    a_decision_stands_that_was_made_during_an_attempt,
    dead_letters_are_retried_by_a_rule,
);

fn desk() -> Arc<Desk> {
    Arc::default()
}

/// Waits until there are so many.
async fn letters(letters: DeadLetters, count: usize) -> Vec<ParkedDelivery> {
    let what = format!("{count} of {letters:?}");
    until(&what, async || Some(letters.list(1_000).await.expect("a list")).filter(|list| list.len() == count))
        .await
}

fn ids(letters: &[ParkedDelivery]) -> Vec<&str> {
    letters.iter().map(|letter| letter.stream.id()).collect()
}

async fn they_are_found_by_what_is_known_of_them(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    desk.plan("wrong", Plan::Die, u32::MAX);
    desk.plan("busy", Plan::Fail, u32::MAX);
    let app = TwoOffice::start(store.clone(), &desk).await;
    scan(&store, "a", &["wrong"]).await;
    scan(&store, "b", &["busy", "behind"]).await;
    scan(&store, "c", &["wrong"]).await;
    let all = letters(app.dead_letters(), 6).await;
    assert!(all.is_sorted_by_key(|letter| (letter.subscription.clone(), letter.position)));
    let list = async |letters: DeadLetters| letters.list(100).await.expect("a list");
    assert_eq!(ids(&list(app.dead_letters().handler("plain")).await), ["a", "b", "c"]);
    assert_eq!(ids(&list(app.dead_letters().handler("nobody")).await), [""; 0]);
    assert_eq!(ids(&list(app.dead_letters().of(&ParcelId("b".into()))).await), ["b", "b"]);
    assert_eq!(ids(&list(app.dead_letters().stream(StreamId::new("parcel", "c"))).await), ["c", "c"]);
    assert_eq!(list(app.dead_letters().event("parcel.scanned")).await.len(), 6);
    assert_eq!(list(app.dead_letters().event("parcel.delivered")).await.len(), 0);
    assert_eq!(ids(&list(app.dead_letters().error_contains("is busy")).await), ["b", "b"]);
    assert_eq!(list(app.dead_letters().position(all[0].position)).await.len(), 2);
    let (first, last) = (all.iter().map(|letter| letter.parked_at))
        .fold((Timestamp::from_micros(i64::MAX), Timestamp::from_micros(0)), |(first, last), at| {
            (first.min(at), last.max(at))
        });
    let after_last = Timestamp::from_micros(last.as_micros() + 1);
    assert_eq!(list(app.dead_letters().parked_between(first, after_last)).await.len(), 6);
    assert_eq!(
        list(app.dead_letters().parked_between(after_last, Timestamp::from_micros(i64::MAX))).await.len(),
        0
    );
    let waiting = list(app.dead_letters().handler("plain").state(DeliveryState::Waiting)).await;
    assert_eq!((ids(&waiting), waiting[0].version), (vec!["b"], 2));
    assert_eq!(app.dead_letters().count().await.expect("a count"), 6);
    let (mut pages, mut page) = (Vec::new(), app.dead_letters());
    while let Some(last) = page.list(4).await.expect("a page").last() {
        pages.extend(page.list(4).await.expect("the page"));
        page = page.after(last);
    }
    assert_eq!(pages, all);
    app.shutdown().await.expect("the end");
}

async fn a_retry_keeps_the_order_of_the_stream(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    desk.plan("dies", Plan::Fail, 2);
    desk.plan("dies too", Plan::Die, 1);
    let app = PlainOffice::start(store.clone(), &desk).await;
    scan(&store, "p", &["fine", "dies", "between", "dies too"]).await;
    letters(app.dead_letters(), 1).await;
    scan(&store, "p", &["last"]).await;
    app.caught_up(desk::PATIENCE).await.expect("the parked count as done");
    assert_eq!(desk.done("plain", "p"), ["fine"]);
    assert_eq!(app.dead_letters().retry("ann", "the line is free").await.expect("a retry"), 1);
    desk.until("the next death", |desk| desk.tries("dies too") == 1).await;
    letters(app.dead_letters(), 1).await;
    assert_eq!(app.dead_letters().retry("ann", "once more").await.expect("a retry"), 1);
    desk.until("the last", |desk| desk.done("plain", "p").len() == 5).await;
    until("the end of it", async || app.dead_letters().count().await.ok().filter(|count| *count == 0)).await;
    assert_eq!(desk.done("plain", "p"), ["fine", "dies", "between", "dies too", "last"]);
    let retried = desk.seen().into_iter().rfind(|seen| seen.depot == "dies").expect("the last attempt");
    assert_eq!((retried.attempt, desk.tries("dies")), (1, 3), "its attempts begin anew");
    app.shutdown().await.expect("the end");
}

async fn what_waits_behind_a_discarded_one_flows(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    desk.plan("dies", Plan::Die, u32::MAX);
    let app = PlainOffice::start(store.clone(), &desk).await;
    scan(&store, "p", &["dies", "behind", "behind it"]).await;
    letters(app.dead_letters(), 1).await;
    assert_eq!(
        app.dead_letters().handler("plain").discard("ann", "nobody needs it").await.expect("a count"),
        1
    );
    desk.until("the rest", |desk| desk.done("plain", "p").len() == 2).await;
    assert_eq!(desk.done("plain", "p"), ["behind", "behind it"]);
    scan(&store, "p", &["live"]).await;
    desk.until("what came later", |desk| desk.tries("live") == 1).await;
    let kept = app.dead_letters().state(DeliveryState::Discarded).list(10).await.expect("a list");
    assert_eq!(
        (kept[0].decided_by.as_deref(), kept[0].reason.as_deref()),
        (Some("ann"), Some("nobody needs it"))
    );
    assert_eq!(
        app.dead_letters().retry("ann", "after all").await.expect("a count"),
        0,
        "given up is given up"
    );
    let counts = app.event_handlers().await.expect("a status")[0].parked;
    assert_eq!((counts.discarded, counts.dead), (1, 0));
    app.shutdown().await.expect("the end");
}

/// The position of a shard may stand before an event that was discarded.
async fn a_discarded_event_does_not_come_back(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    desk.plan("slow", Plan::WaitAndFail, u32::MAX);
    desk.plan("dies", Plan::Die, u32::MAX);
    let first = PlainOffice::start(store.clone(), &desk).await;
    // An event that runs holds up the position of its shard.
    let shard = |id: &str| gesta::subscription::shard_of_stream(&StreamId::new("parcel", id), 4);
    let slow = (0..).map(|n| format!("slow-{n}")).find(|id| shard(id) == shard("p")).expect("one");
    scan(&store, &slow, &["slow"]).await;
    desk.until("it runs", |desk| desk.tries("slow") == 1).await;
    scan(&store, "p", &["dies", "behind"]).await;
    letters(first.dead_letters(), 1).await;
    assert_eq!(first.dead_letters().discard("ann", "nobody needs it").await.expect("a count"), 1);
    desk.until("what was behind", |desk| desk.done("plain", "p") == ["behind"]).await;
    let side = store.port().read_side().expect("a read side");
    // A stream that is still held up in the store would hold up the event that comes again as well.
    let held_up = async || side.parked_streams("plain", &[0, 1, 2, 3]).await.expect("streams");
    until("nothing of it is parked", async || held_up().await.is_empty().then_some(())).await;
    let dead = first.dead_letters().state(DeliveryState::Discarded).list(1).await.expect("a list").remove(0);
    // The leases are taken away: what the first still wants to store is refused, as after a crash.
    assert!(side.set_paused("plain", true).await.expect("a pause"));
    desk.open();
    first.shutdown().await.expect("the end of the first");
    let state = side.subscriptions(Some("plain")).await.expect("a state").remove(0);
    let its_shard = &state.shards[usize::from(shard("p"))];
    assert!(its_shard.position < dead.position, "the second has to read the discarded event again");
    assert!(side.set_paused("plain", false).await.expect("no pause"));
    desk.forget_plans();
    let second = PlainOffice::start(store.clone(), &desk).await;
    second.caught_up(desk::PATIENCE).await.expect("all of it");
    assert_eq!(desk.tries("dies"), 1, "it was given up");
    assert_eq!(desk.done("plain", &slow), ["slow"]);
    second.shutdown().await.expect("the end");
}

async fn many_are_retried_from_another_application(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    desk.plan("busy", Plan::Fail, u32::MAX);
    let app = PlainOffice::start(store.clone(), &desk).await;
    let ids: Vec<String> = (0..30).map(|n| format!("p-{n}")).collect();
    for id in &ids {
        scan(&store, id, &["busy", "behind"]).await;
    }
    letters(app.dead_letters(), 30).await;
    let office: App<PlainOffice> =
        Builder::new(store.clone(), (&desk).into()).commands_only().await.expect("another application");
    let dead = office.dead_letters();
    assert_eq!(
        dead.clone().of(&ParcelId("p-7".into())).mark_permanent("bob", "no").await.expect("a count"),
        1
    );
    desk.forget_plans();
    assert_eq!(dead.clone().error_contains("elsewhere").retry("ann", "why not").await.expect("a count"), 0);
    assert_eq!(dead.retry("ann", "the line is free").await.expect("a count"), 29);
    desk.until("the streams", |desk| {
        ids.iter().filter(|id| desk.done("plain", id) == ["busy", "behind"]).count() == 29
    })
    .await;
    assert_eq!(desk.done("plain", "p-7"), [""; 0], "it is to stay dead");
    let permanent = dead.clone().state(DeliveryState::Permanent);
    assert_eq!(permanent.retry("bob", "after all").await.expect("a count"), 1);
    desk.until("the last", |desk| desk.done("plain", "p-7") == ["busy", "behind"]).await;
    app.shutdown().await.expect("the end");
}

async fn each_death_is_told_once(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    desk.plan("dies", Plan::Die, u32::MAX);
    let first = PlainOffice::start(store.clone(), &desk).await;
    scan(&store, "p", &["dies"]).await;
    scan(&store, "q", &["dies"]).await;
    letters(first.dead_letters(), 2).await;
    first.shutdown().await.expect("the end of the first");
    // Whoever has the shards next looks whether all were told of.
    let second = PlainOffice::start(store.clone(), &desk).await;
    let names = async || told(&second).await.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let both = vec!["gesta.dead_lettered".to_owned(); 2];
    until("both are told", async || Some(names().await).filter(|names| *names == both)).await;
    scan(&store, "r", &["dies"]).await;
    until("another", async || (names().await.len() == 3).then_some(())).await;
    let p = ParcelId("p".into());
    assert_eq!(second.dead_letters().of(&p).discard("ann", "nobody needs it").await.expect("a count"), 1);
    assert_eq!(second.dead_letters().of(&p).discard("ann", "nobody needs it").await.expect("a count"), 0);
    let decided = told(&second).await;
    assert_eq!(decided.len(), 4);
    let (name, said) = &decided[3];
    assert_eq!(name, "gesta.dead_letter_decided");
    for (field, value) in [
        ("handler", "plain"),
        ("stream", "parcel/p"),
        ("event", "parcel.scanned"),
        ("decision", "discard"),
        ("actor", "ann"),
        ("reason", "nobody needs it"),
    ] {
        assert_eq!(said[field], value, "{field}");
    }
    second.shutdown().await.expect("the end");
}

async fn a_decision_stands_that_was_made_during_an_attempt(place: &Place) {
    let (store, desk) = (place.open().await, desk());
    desk.plan("dies", Plan::Die, 1);
    let app = PlainOffice::start(store.clone(), &desk).await;
    scan(&store, "p", &["dies", "behind"]).await;
    letters(app.dead_letters(), 1).await;
    desk.plan("dies", Plan::WaitAndFail, 1);
    app.dead_letters().retry("ann", "once more").await.expect("a retry");
    desk.until("the attempt", |desk| desk.tries("dies") == 2).await;
    let retrying = app.dead_letters().state(DeliveryState::Retrying);
    assert_eq!(retrying.discard("bob", "give it up").await.expect("a count"), 1);
    desk.open();
    desk.until("the rest", |desk| desk.tries("behind") == 1).await;
    assert_eq!(desk.tries("dies"), 2);
    letters(app.dead_letters().state(DeliveryState::Discarded), 1).await;
    app.shutdown().await.expect("the end");
}

async fn dead_letters_are_retried_by_a_rule(place: &Place) {
    let desk = desk();
    // It dies twice, and after that it is handled.
    desk.plan("busy", Plan::Fail, 4);
    desk.plan("gone", Plan::Die, 1);
    let store = place.open().await;
    let builder = Builder::<PlainOffice>::new(store.clone(), (&desk).into());
    let rule = |letters: DeadLetters| letters.handler("plain").error_contains("busy");
    let app = builder.retry_dead_letters("soon", Duration::from_millis(50), rule).start().await.expect("one");
    scan(&store, "p", &["busy", "behind"]).await;
    scan(&store, "q", &["gone"]).await;
    desk.until("it is handled in the end", |desk| desk.done("plain", "p").contains(&"behind".into())).await;
    assert_eq!(desk.done("plain", "p"), ["busy", "behind"], "in the order of the stream");
    let left = letters(app.dead_letters(), 1).await;
    assert_eq!(ids(&left), ["q"], "the rule is not about this one");
    let told = told(&app).await;
    let decided = told.iter().filter(|(name, _)| name == "gesta.dead_letter_decided");
    let actors: Vec<_> = decided.map(|(_, told)| told["actor"].as_str().unwrap_or_default()).collect();
    assert!(!actors.is_empty() && actors.iter().all(|actor| *actor == "schedule soon"), "{actors:?}");
    app.shutdown().await.expect("the end");
}

/// How often somebody has decided something.
async fn decisions(app: &App<PlainOffice>) -> usize {
    told(app).await.iter().filter(|(name, _)| name == "gesta.dead_letter_decided").count()
}

/// Of several processes with the same rule one retries at each time, and nobody before it. What is counted is decisions:
/// the leases run out with each hour of this clock, so that an attempt may be made twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_time_of_a_rule_is_used_once() {
    let (clock, desk) = (ManualClock::new(), desk());
    let store: Store = Memory::with_clock(&clock).into();
    // Each time it is tried, it dies at once.
    desk.plan("gone", Plan::Die, u32::MAX);
    let mut apps = Vec::new();
    for _ in 0..3 {
        let builder = Builder::<PlainOffice>::new(store.clone(), (&desk).into());
        apps.push(builder.retry_dead_letters("hourly", HOUR, |letters| letters).start().await.expect("one"));
    }
    scan(&store, "p", &["gone"]).await;
    let side = || store.port().read_side().expect("a read side");
    until("the rule is known", async || {
        let found = side().load_documents("gesta.retries", &["hourly"]).await.expect("readable");
        found.into_iter().flatten().next()
    })
    .await;
    let hour = i64::try_from(HOUR.as_micros()).expect("a number");
    for times in 0..3 {
        letters(apps[0].dead_letters(), 1).await;
        assert_eq!(decisions(&apps[0]).await, times, "once at each time");
        // To a moment before the next hour, and to the hour.
        let left = hour - clock.now().as_micros().rem_euclid(hour);
        clock.advance(Duration::from_micros(left.unsigned_abs() - 1));
        assert_eq!(decisions(&apps[0]).await, times, "not yet");
        clock.advance(Duration::from_micros(1));
        until("the next retry", async || (decisions(&apps[0]).await > times).then_some(())).await;
    }
    letters(apps[0].dead_letters(), 1).await;
    assert_eq!(decisions(&apps[0]).await, 3, "once at each time");
    for app in &apps {
        app.shutdown().await.expect("the end");
    }
}

#[tokio::test]
async fn rules_that_cannot_be_kept_are_refused() {
    let builder = || Builder::<PlainOffice>::new(Memory::new().into(), (&desk()).into());
    let never = builder().retry_dead_letters("never", Duration::ZERO, |letters| letters).start().await;
    assert!(never.expect_err("no times").to_string().contains("`never` cannot recur"));
    let same = builder().retry_dead_letters("a", HOUR, |letters| letters);
    let same = same.retry_dead_letters("a", HOUR, |letters| letters).start().await;
    assert!(same.expect_err("a name twice").to_string().contains("named `a`"));
}

async fn due(store: &Store) -> usize {
    let side = store.port().read_side().expect("a read side");
    side.due_deliveries("hourly", &[0, 1, 2, 3], 10).await.expect("what is due").len()
}

/// Time is the store's: it stands still until the test moves it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pauses_end_by_the_clock_of_the_store() {
    let (clock, desk) = (ManualClock::new(), desk());
    let store: Store = Memory::with_clock(&clock).into();
    desk.plan("busy", Plan::Fail, 3);
    let app = HourlyOffice::start(store.clone(), &desk).await;
    scan(&store, "p", &["busy"]).await;
    for tries in 1..3 {
        desk.until("an attempt", |desk| desk.tries("busy") == tries).await;
        let retrying = letters(app.dead_letters().state(DeliveryState::Retrying), 1).await;
        until("its outcome", async || {
            let filter = DeliveryFilter { position: Some(retrying[0].position), ..DeliveryFilter::default() };
            let side = store.port().read_side().expect("a read side");
            let parked = side.list_deliveries(&filter, 1).await.expect("it").remove(0);
            (parked.attempts as usize == tries).then_some(())
        })
        .await;
        clock.advance(HOUR - Duration::from_micros(1));
        assert_eq!(due(&store).await, 0, "not yet");
        clock.advance(Duration::from_micros(1));
    }
    letters(app.dead_letters(), 1).await;
    assert_eq!(desk.tries("busy"), 3);
    app.dead_letters().retry_after(HOUR * 5, "ann", "they open in the morning").await.expect("a retry");
    clock.advance(HOUR * 5 - Duration::from_micros(1));
    assert_eq!(due(&store).await, 0, "not yet");
    clock.advance(Duration::from_micros(1));
    desk.until("the attempt in the morning", |desk| desk.done("hourly", "p") == ["busy"]).await;
    app.shutdown().await.expect("the end");
}
