//! Plugins: their order, what they see of each other, what they emit, and that none of them holds up the others.

#![allow(missing_docs, reason = "a domain of this test alone")]

use std::{
    convert::Infallible,
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use futures_util::future::BoxFuture;
use gesta::{
    app::PluginError,
    domain::HandlerFailure,
    log::{Filter, LogEntry},
    monitor::MonitorEvent,
    plugin::{Plugin, PluginContext, PluginFn, PluginOutcome, async_trait},
    prelude::*,
};
use gesta_tests::{Place, on_every_store};
use serde_json::json;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct NoteId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum NoteEvent {
    Written { text: String },
    Flagged { why: String },
}

#[aggregate(id = NoteId, event = NoteEvent)]
#[derive(Debug, Default, PartialEq)]
pub struct Note {
    written: u64,
    flags: u64,
}

#[apply(NoteEvent)]
impl Note {
    fn written(&mut self) {
        self.written += 1;
    }
    fn flagged(&mut self) {
        self.flags += 1;
    }
}

#[derive(Clone, Debug)]
pub struct Begin(pub String);
#[derive(Clone, Debug)]
pub struct Write(pub String);

#[command_handler]
impl Note {
    fn begin(cmd: Begin) -> Result<NoteEvent, Infallible> {
        Ok(NoteEvent::Written { text: cmd.0 })
    }
    fn write(&self, cmd: Write) -> Result<NoteEvent, Infallible> {
        Ok(NoteEvent::Written { text: cmd.0 })
    }
}

gesta::domain! {
    pub Desk {
        aggregates: [Note],
    }
}

type Seen = Arc<Mutex<Vec<String>>>;

async fn desk(place: &Place) -> App<Desk> {
    Desk::app(place.open().await, ()).start().await.expect("an application")
}

fn id(name: &str) -> NoteId {
    NoteId(name.into())
}

async fn begin(app: &App<Desk>, name: &str, text: &str) {
    app.create(&id(name), Begin(text.into())).correlation(format!("req-{name}")).await.expect("a note");
}

fn written() -> Filter {
    Filter::new().event("note.written")
}

/// Waits for a condition, with a deadline.
async fn until<Fut: Future<Output = bool>>(what: &str, condition: impl Fn() -> Fut) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

fn seen(seen: &Seen) -> Vec<String> {
    seen.lock().expect("no panic").clone()
}

/// The text of a written note.
fn text(event: &LogEntry) -> String {
    event.json().expect("JSON")["text"].as_str().unwrap_or_default().to_owned()
}

/// Notes by whom it was called, with what text, and the results so far.
fn noting(name: &'static str, to: &Seen, outcome: fn(&LogEntry) -> PluginOutcome) -> PluginFn {
    let to = to.clone();
    PluginFn::new(name, written(), move |event, context| {
        let to = to.clone();
        Box::pin(async move {
            let results: Vec<_> = context.results().map(|(name, value)| format!("{name}={value}")).collect();
            to.lock().expect("no panic").push(format!("{name} {} [{}]", text(event), results.join(" ")));
            Ok(outcome(event))
        })
    })
}

async fn plugins_run_by_priority_and_see_the_results_of_earlier_ones(place: &Place) {
    let (app, to) = (desk(place).await, Seen::default());
    let plugins = app.plugins();
    begin(&app, "before", "nobody was there").await;
    plugins.register(noting("last", &to, |_| PluginOutcome::nothing()).priority(-5)).await.expect("room");
    plugins
        .register(noting("middle", &to, |event| match text(event).as_str() {
            "spam" => PluginOutcome::Stop(json!("spam")),
            _ => json!({ "length": text(event).len() }).into(),
        }))
        .await
        .expect("room");
    plugins.register(noting("first", &to, |_| json!(1).into()).priority(5)).await.expect("room");
    let names: Vec<_> = plugins.list().iter().map(|status| status.name.to_string()).collect();
    assert_eq!(names, ["first", "middle", "last"]);

    begin(&app, "a", "hello").await;
    until("the last one", || async { seen(&to).len() == 3 }).await;
    begin(&app, "b", "spam").await;
    until("the chain ended", || async { seen(&to).len() == 5 }).await;
    app.caught_up(Duration::from_secs(30)).await.expect("done");
    let expected = [
        "first hello []",
        "middle hello [first=1]",
        "last hello [first=1 middle={\"length\":5}]",
        "first spam []",
        "middle spam [first=1]",
    ];
    assert_eq!(seen(&to), expected);
    app.shutdown().await.expect("a clean end");
}

async fn plugins_are_enabled_disabled_and_replaced_while_the_application_runs(place: &Place) {
    let (app, to) = (desk(place).await, Seen::default());
    let plugins = app.plugins();
    plugins.register(noting("a", &to, |_| PluginOutcome::nothing())).await.expect("room");
    let taken = plugins.register(noting("a", &to, |_| PluginOutcome::nothing())).await.expect_err("taken");
    assert!(matches!(&taken, PluginError::NameTaken { name } if name == "a"), "{taken}");
    for (step, (change, heard)) in [
        (None::<fn(&gesta::app::Plugins) -> bool>, true),
        (Some(|plugins| plugins.disable("a")), false),
        (Some(|plugins| plugins.enable("a")), true),
        (Some(|plugins| plugins.unregister("a")), false),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(change.is_none_or(|change| change(&plugins)), "there is one of that name");
        let name = format!("n{step}");
        begin(&app, &name, &name).await;
        app.caught_up(Duration::from_secs(30)).await.expect("done");
        assert_eq!(seen(&to).contains(&format!("a {name} []")), heard, "step {step}: {:?}", seen(&to));
    }
    assert!(!plugins.enable("a") && !plugins.unregister("b"));
    assert!(plugins.list().is_empty());
    app.shutdown().await.expect("a clean end");
}

/// Flags every note, and fails after it has said so, as often as it is told to.
struct Flag {
    failures: AtomicU32,
    calls: Arc<AtomicU32>,
}

#[async_trait]
impl Plugin for Flag {
    fn name(&self) -> &str {
        "flag"
    }
    fn filter(&self) -> Filter {
        written()
    }
    async fn handle(
        &self,
        event: &LogEntry,
        context: &mut PluginContext,
    ) -> Result<PluginOutcome, HandlerFailure> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let note = id(event.stream.id());
        for why in ["first", "second"] {
            context.emit(&note, NoteEvent::Flagged { why: why.into() })?;
        }
        let failing =
            self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if failing.is_ok() {
            return Err(HandlerFailure::retryable("not yet"));
        }
        Ok(PluginOutcome::nothing())
    }
}

async fn emitted_events_are_stored_once_and_belong_to_their_cause(place: &Place) {
    let (app, calls, before) = (desk(place).await, Arc::new(AtomicU32::new(0)), Seen::default());
    let flag = Flag { failures: AtomicU32::new(1), calls: calls.clone() };
    app.plugins().register(noting("before", &before, |_| json!(1).into()).priority(1)).await.expect("room");
    app.plugins().register(flag).await.expect("room");
    begin(&app, "a", "hello").await;
    let flags = || async { app.load::<Note>(&id("a")).await.expect("readable").expect("there").flags };
    until("it was flagged", || async { flags().await == 2 }).await;
    let attempts = calls.load(Ordering::SeqCst);
    assert_eq!(attempts, 2, "one failed");
    assert_eq!(seen(&before).len(), 1, "what was done is not done again");

    // Everything once more, as after a process that has ended before it could say that it was done.
    app.reset("plugins", gesta::domain::Start::Beginning).await.expect("there is one");
    until("it was called again", || async { calls.load(Ordering::SeqCst) > attempts }).await;
    app.caught_up(Duration::from_secs(30)).await.expect("done");
    assert_eq!(flags().await, 2);

    let log = app.log().filter(Filter::new().event("note.flagged")).page(10).await.expect("the log");
    let whys: Vec<_> = log.events.iter().map(|event| event.json().expect("JSON")["why"].clone()).collect();
    assert_eq!(whys, ["first", "second"]);
    for event in &log.events {
        let meta = event.meta().expect("metadata");
        assert_eq!(meta.correlation.as_deref(), Some("req-a"));
        assert_eq!(meta.causation.as_deref(), Some("note/a@1"));
        assert_eq!(meta.actor.as_deref(), Some("flag"));
    }
    // The aggregate goes on after the events that nobody decided about.
    let receipt = app.execute(&id("a"), Write("more".into())).await.expect("written");
    assert_eq!(receipt.version, 4);
    app.shutdown().await.expect("a clean end");
}

type Handled<'a> = BoxFuture<'a, Result<PluginOutcome, HandlerFailure>>;

fn permanent<'a>(_: &'a LogEntry, _: &'a mut PluginContext) -> Handled<'a> {
    Box::pin(async { Err(HandlerFailure::permanent("the address does not exist")) })
}
fn retryable<'a>(_: &'a LogEntry, _: &'a mut PluginContext) -> Handled<'a> {
    Box::pin(async { Err(HandlerFailure::retryable("the service is down")) })
}
fn panicking<'a>(_: &'a LogEntry, _: &'a mut PluginContext) -> Handled<'a> {
    Box::pin(async { panic!("a mistake in the plugin") })
}
fn hanging<'a>(_: &'a LogEntry, _: &'a mut PluginContext) -> Handled<'a> {
    Box::pin(std::future::pending())
}

async fn a_plugin_that_fails_is_told_of_and_holds_up_nobody_for_ever(place: &Place) {
    let (app, to) = (desk(place).await, Seen::default());
    let plugins = app.plugins();
    let broken = |name, handle: for<'a> fn(&'a LogEntry, &'a mut PluginContext) -> Handled<'a>| {
        PluginFn::new(name, written(), handle).priority(1).timeout(Duration::from_millis(50))
    };
    plugins.register(broken("permanent", permanent)).await.expect("room");
    plugins.register(broken("retryable", retryable)).await.expect("room");
    plugins.register(broken("panicking", panicking)).await.expect("room");
    plugins.register(broken("hanging", hanging)).await.expect("room");
    plugins.register(noting("fine", &to, |_| PluginOutcome::nothing())).await.expect("room");
    begin(&app, "a", "one").await;
    app.execute(&id("a"), Write("two".into())).await.expect("written");
    until("both passed", || async { seen(&to).len() == 2 }).await;
    assert_eq!(seen(&to), ["fine one []", "fine two []"], "each stream in its order");
    let status = |name: &str| plugins.list().into_iter().find(|status| *status.name == *name).expect("there");
    for (name, attempts, error) in [
        ("permanent", 2, "the address does not exist"),
        ("retryable", 6, "the service is down"),
        ("panicking", 6, "the plugin panicked: a mistake in the plugin"),
        ("hanging", 6, "the plugin was not done within 50ms; the attempt was given up"),
    ] {
        let status = status(name);
        assert_eq!((status.handled, status.failures, status.given_up), (0, attempts, 2), "{name}");
        assert_eq!(status.last_error.as_deref(), Some(error));
    }
    assert_eq!(status("fine").handled, 2);

    let told = app.log().filter(Filter::new().event("gesta.dead_lettered")).page(100).await.expect("the log");
    assert_eq!(told.events.len(), 8, "each of four, for each of two events");
    let MonitorEvent::DeadLettered(first) = told.events[0].decode().expect("readable") else {
        panic!("another")
    };
    assert_eq!(
        (first.handler.as_str(), first.stream.as_str(), first.attempts),
        ("plugins/permanent", "note/a", 1)
    );
    let statistics = app.statistics().await.expect("numbers").handlers;
    assert_eq!((statistics["retryable"].count, statistics["retryable"].errors), (6, 6));
    assert_eq!((statistics["fine"].count, statistics["fine"].errors), (2, 0));
    app.shutdown().await.expect("a clean end");
}

async fn a_stream_that_is_tried_again_does_not_hold_up_the_others(place: &Place) {
    let (app, to, open) = (desk(place).await, Seen::default(), Arc::new(AtomicBool::new(false)));
    let gate = open.clone();
    let stuck = PluginFn::new("stuck", written().id("a"), move |_, _| {
        let open = gate.clone();
        Box::pin(async move {
            while !open.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Ok(PluginOutcome::nothing())
        })
    });
    app.plugins().register(stuck.priority(1).timeout(Duration::from_secs(60))).await.expect("room");
    app.plugins().register(noting("fine", &to, |_| PluginOutcome::nothing())).await.expect("room");
    begin(&app, "a", "slow").await;
    begin(&app, "b", "quick").await;
    until("the other stream", || async { seen(&to) == ["fine quick []"] }).await;
    open.store(true, Ordering::SeqCst);
    until("this stream", || async { seen(&to).len() == 2 }).await;
    app.shutdown().await.expect("a clean end");
}

async fn events_of_the_framework_are_for_those_who_name_them(place: &Place) {
    let (app, to) = (desk(place).await, Seen::default());
    let names = |name: &'static str, filter: Filter| {
        let to = to.clone();
        PluginFn::new(name, filter, move |event, _| {
            to.lock().expect("no panic").push(format!("{name} {}", event.name));
            Box::pin(async { Ok(PluginOutcome::nothing()) })
        })
    };
    let plugins = app.plugins();
    plugins.register(names("all", Filter::new())).await.expect("room");
    plugins
        .register(names("like", Filter::new().event_like("gesta.*").expect("a pattern")))
        .await
        .expect("room");
    plugins.register(PluginFn::new("broken", written(), permanent)).await.expect("room");
    begin(&app, "a", "one").await;
    until("it was told", || async { seen(&to).iter().any(|seen| seen.starts_with("like")) }).await;
    app.caught_up(Duration::from_secs(30)).await.expect("done");
    assert_eq!(seen(&to), ["all note.written", "like gesta.dead_lettered"]);
    app.shutdown().await.expect("a clean end");
}

async fn what_came_while_no_process_ran_is_handled_by_the_next(place: &Place) {
    let (to, store) = (Seen::default(), place.open().await);
    let desk = async || Desk::app(store.clone(), ()).start().await.expect("an application");
    let app = desk().await;
    app.plugins().register(noting("a", &to, |_| PluginOutcome::nothing())).await.expect("room");
    begin(&app, "a", "one").await;
    app.caught_up(Duration::from_secs(30)).await.expect("done");
    app.shutdown().await.expect("a clean end");
    drop(app);
    let app = desk().await;
    begin(&app, "b", "two").await;
    assert_eq!(seen(&to), ["a one []"]);
    let again: [Box<dyn Plugin>; 2] = [
        Box::new(noting("b", &to, |_| PluginOutcome::nothing())),
        Box::new(noting("a", &to, |_| json!(1).into()).priority(1)),
    ];
    app.plugins().register_all(again).await.expect("room");
    until("it was made up for", || async { seen(&to).len() == 3 }).await;
    assert_eq!(seen(&to), ["a one []", "a two []", "b two [a=1]"]);

    // All or none.
    let taken: [Box<dyn Plugin>; 2] = [
        Box::new(noting("c", &to, |_| PluginOutcome::nothing())),
        Box::new(noting("a", &to, |_| PluginOutcome::nothing())),
    ];
    assert!(app.plugins().register_all(taken).await.is_err());
    assert_eq!(app.plugins().list().len(), 2);
    app.shutdown().await.expect("a clean end");
}

on_every_store! {
    plugins_run_by_priority_and_see_the_results_of_earlier_ones,
    plugins_are_enabled_disabled_and_replaced_while_the_application_runs,
    emitted_events_are_stored_once_and_belong_to_their_cause,
    a_plugin_that_fails_is_told_of_and_holds_up_nobody_for_ever,
    a_stream_that_is_tried_again_does_not_hold_up_the_others,
    events_of_the_framework_are_for_those_who_name_them,
    what_came_while_no_process_ran_is_handled_by_the_next,
}
