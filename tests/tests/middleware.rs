//! Layers around commands: their order, what they may refuse and change, and that the caller is told who refused.

#![allow(missing_docs, reason = "a domain of this test alone")]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use futures_util::TryStreamExt;
use gesta::{
    middleware::{
        Authorize, CommandCall, Completed, Enrich, JsonSchema, Logging, Middleware, NextCommand,
        ProposedCall, ProposedEvent, Refusal, Validate, async_trait,
    },
    prelude::*,
    store::StoreError,
};
use gesta_tests::{Place, on_every_store};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct JarId(pub String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum JarEvent {
    Placed { label: String },
    Filled { sweets: u32 },
    Eaten { sweets: u32 },
}

#[aggregate(id = JarId, event = JarEvent)]
#[derive(Debug, Default, PartialEq)]
pub struct Jar {
    sweets: u32,
}

#[apply(JarEvent)]
impl Jar {
    fn placed(&mut self) {}
    fn filled(&mut self, sweets: &u32) {
        self.sweets += sweets;
    }
    fn eaten(&mut self, sweets: &u32) {
        self.sweets -= sweets;
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, Schema)]
pub struct Put {
    pub label: String,
}
#[derive(Clone, Debug, PartialEq)]
pub struct Fill {
    pub sweets: u32,
}
/// Not `Clone`: it can be decided once.
#[derive(Debug)]
pub struct Eat {
    pub sweets: u32,
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("only {0} left")]
pub struct TooFew(u32);

#[command_handler]
impl Jar {
    fn put(cmd: Put) -> Result<JarEvent, TooFew> {
        Ok(JarEvent::Placed { label: cmd.label })
    }
    fn fill(&self, cmd: Fill) -> Result<JarEvent, TooFew> {
        Ok(JarEvent::Filled { sweets: cmd.sweets })
    }
    fn eat(&self, cmd: Eat, meta: &Meta, limit: &Limit) -> Result<[JarEvent; 2], TooFew> {
        if cmd.sweets > self.sweets || cmd.sweets > limit.0 || meta.actor.is_none() {
            return Err(TooFew(self.sweets));
        }
        Ok([JarEvent::Eaten { sweets: cmd.sweets }, JarEvent::Filled { sweets: 0 }])
    }
}

#[derive(Debug)]
pub struct Limit(u32);

#[derive(Debug, Provide)]
pub struct Deps {
    limit: Limit,
}

gesta::domain! {
    pub Kitchen {
        deps: Deps,
        aggregates: [Jar],
    }
}

fn jar() -> JarId {
    JarId("1".into())
}

async fn builder(place: &Place) -> Builder<Kitchen> {
    Kitchen::app(place.open().await, Deps { limit: Limit(10) })
}

async fn start(builder: Builder<Kitchen>) -> App<Kitchen> {
    builder.start().await.expect("an application")
}

fn put(label: &str) -> Put {
    Put { label: label.into() }
}

/// How many events there are.
async fn stored(app: &App<Kitchen>) -> usize {
    app.log().page(100).await.expect("the log").events.len()
}

/// Notes what comes by.
struct Note {
    name: &'static str,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Note {
    fn note(&self, what: impl std::fmt::Display) {
        self.seen.lock().expect("no panic").push(format!("{} {what}", self.name));
    }
}

#[async_trait]
impl Middleware for Note {
    fn name(&self) -> &str {
        self.name
    }

    async fn command(&self, call: &mut CommandCall, next: NextCommand<'_>) -> Result<Completed, Refusal> {
        self.note(format_args!("before {} to {}", call.command_name(), call.stream()));
        let done = next.run(call).await;
        match &done {
            Ok(done) => self.note(format_args!("after {:?} {:?}", done.events(), done.error())),
            Err(refusal) => self.note(format_args!("refused by {}: {}", refusal.layer(), refusal.reason())),
        }
        done
    }

    fn events(&self, _: &ProposedCall<'_>, events: &[ProposedEvent<'_>]) -> Result<(), Refusal> {
        self.note(format_args!("about to store {}", events.len()));
        Ok(())
    }
}

async fn layers_are_called_from_the_outermost_in(place: &Place) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = |name| Note { name, seen: seen.clone() };
    let app =
        start(builder(place).await.layer(note("outer")).layer(Logging::new()).layer(note("inner"))).await;
    app.create(&jar(), put("plums")).await.expect("a jar");
    let expected = [
        "outer before Put to jar/1",
        "inner before Put to jar/1",
        "outer about to store 1",
        "inner about to store 1",
        "inner after [\"jar.placed\"] None",
        "outer after [\"jar.placed\"] None",
    ];
    assert_eq!(std::mem::take(&mut *seen.lock().expect("no panic")), expected);

    let error = app.create(&jar(), put("plums")).await.expect_err("it is there");
    assert!(matches!(error, ExecuteError::AlreadyExists), "{error}");
    let last = seen.lock().expect("no panic").last().cloned().expect("something");
    assert!(last.starts_with("outer after [] Some(\"the aggregate exists already"), "{last}");

    app.execute(&jar(), Fill { sweets: 3 }).key("once").await.expect("full");
    app.execute(&jar(), Fill { sweets: 3 }).key("once").await.expect("the same receipt");
    let last = seen.lock().expect("no panic").last().cloned().expect("something");
    assert_eq!(last, "outer after [] None", "nothing was stored the second time");
    app.shutdown().await.expect("a clean end");
}

async fn a_refused_command_says_which_layer_refused_it_and_why(place: &Place) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let builder = builder(place)
        .await
        .layer(Note { name: "outer", seen: seen.clone() })
        .layer(Authorize::new(|request| match (request.command, request.actor, request.tenant) {
            ("Eat", Some("ann"), _) | ("Put" | "Fill", ..) => Ok(()),
            (command, who, _) => Err(format!("{who:?} may not {command} from {}", request.stream).into()),
        }))
        .layer(Validate::<Fill>::new(|fill, _| match fill.sweets {
            0 => Err("nothing is not a filling".into()),
            _ => Ok(()),
        }));
    let app = start(builder).await;
    app.create(&jar(), put("plums")).await.expect("a jar");
    app.execute(&jar(), Fill { sweets: 3 }).await.expect("sweets");

    let error = app.execute(&jar(), Fill { sweets: 0 }).await.expect_err("refused");
    assert!(!error.is_retryable());
    assert_eq!(error.to_string(), "the layer `validate` refused the command: nothing is not a filling");
    match app.execute(&jar(), Eat { sweets: 1 }).by("bob").await {
        Err(ExecuteError::Refused { layer, reason }) => {
            assert_eq!(
                (layer.as_str(), reason.as_str()),
                ("authorize", "Some(\"bob\") may not Eat from jar/1")
            );
        }
        other => panic!("{other:?}"),
    }
    let last = seen.lock().expect("no panic").last().cloned().expect("something");
    assert_eq!(last, "outer refused by authorize: Some(\"bob\") may not Eat from jar/1");
    assert_eq!(stored(&app).await, 2);
    app.execute(&jar(), Eat { sweets: 1 }).by("ann").await.expect("eaten");
    // What the handler itself says is not hidden by layers.
    match app.execute(&jar(), Eat { sweets: 9 }).by("ann").await {
        Err(ExecuteError::Rejected(TooFew(left))) => assert_eq!(left, 2),
        other => panic!("{other:?}"),
    }
    app.shutdown().await.expect("a clean end");
}

async fn metadata_of_a_layer_reaches_the_handler_and_the_store(place: &Place) {
    let builder = builder(place).await.layer(Enrich::new(|meta| {
        meta.values.insert("release".into(), "7".into());
        meta.actor.get_or_insert_with(|| "somebody".into());
    }));
    let app = start(builder).await;
    app.create(&jar(), put("plums")).by("ann").await.expect("a jar");
    app.execute(&jar(), Fill { sweets: 3 }).await.expect("sweets");
    // The handler refuses everybody without a name.
    app.execute(&jar(), Eat { sweets: 1 }).await.expect("eaten");
    let history: Vec<_> = app.history::<Jar>(&jar()).try_collect().await.expect("its history");
    let actors: Vec<_> = history.iter().map(|recorded| recorded.meta.actor.as_deref()).collect();
    assert_eq!(actors, [Some("ann"), Some("somebody"), Some("somebody"), Some("somebody")]);
    assert!(history.iter().all(|recorded| recorded.meta.values["release"] == "7"));
    app.shutdown().await.expect("a clean end");
}

/// Refuses when it is too late.
struct TooLate;

#[async_trait]
impl Middleware for TooLate {
    fn name(&self) -> &str {
        "too late"
    }

    async fn command(&self, call: &mut CommandCall, next: NextCommand<'_>) -> Result<Completed, Refusal> {
        next.run(call).await?;
        Err(Refusal::new("I do not like it"))
    }
}

async fn what_was_stored_is_told_whatever_a_layer_says_afterwards(place: &Place) {
    let app = start(builder(place).await.layer(TooLate)).await;
    let receipt = app.create(&jar(), put("plums")).await.expect("it was stored");
    assert_eq!((receipt.version, stored(&app).await), (1, 1));
    app.shutdown().await.expect("a clean end");
}

/// Never comes back.
struct Stuck;

#[async_trait]
impl Middleware for Stuck {
    fn name(&self) -> &str {
        "stuck"
    }

    async fn command(&self, _: &mut CommandCall, _: NextCommand<'_>) -> Result<Completed, Refusal> {
        std::future::pending().await
    }
}

async fn the_time_of_a_command_is_that_of_its_layers_too(place: &Place) {
    let app = start(builder(place).await.layer(Stuck)).await;
    let error = app.create(&jar(), put("plums")).timeout(Duration::from_millis(20)).await.expect_err("stuck");
    assert!(matches!(error, ExecuteError::Timeout), "{error}");
    assert_eq!(stored(&app).await, 0);
    app.shutdown().await.expect("a clean end");
}

/// Refuses the events of every second decision.
struct Doubt(AtomicU64);

#[async_trait]
impl Middleware for Doubt {
    fn name(&self) -> &str {
        "doubt"
    }

    fn events(&self, call: &ProposedCall<'_>, events: &[ProposedEvent<'_>]) -> Result<(), Refusal> {
        match self.0.fetch_add(1, Ordering::SeqCst) % 2 {
            0 => Ok(()),
            _ => Err(Refusal::new(format!("no {} in {}", events[0].event_type.name, call.stream))),
        }
    }
}

async fn events_that_a_layer_refuses_are_not_stored_and_change_no_state(place: &Place) {
    let app = start(builder(place).await.layer(Doubt(AtomicU64::new(0)))).await;
    app.create(&jar(), put("plums")).await.expect("a jar");
    let error = app.execute(&jar(), Fill { sweets: 9 }).await.expect_err("doubt");
    assert_eq!(error.to_string(), "the layer `doubt` refused the command: no jar.filled in jar/1");
    app.execute(&jar(), Fill { sweets: 2 }).await.expect("no doubt");
    assert_eq!(app.load::<Jar>(&jar()).await.expect("readable").expect("there").sweets, 2);
    assert_eq!(stored(&app).await, 2);
    app.shutdown().await.expect("a clean end");
}

async fn json_schemas_are_checked(place: &Place) {
    let short = serde_json::json!({ "properties": { "label": { "maxLength": 5 } } });
    let few = serde_json::json!({ "properties": { "sweets": { "maximum": 50 } } });
    let schemas = JsonSchema::new()
        .command_with::<Put>(&short)
        .and_then(|schemas| schemas.event("jar.filled", &few))
        .expect("schemas");
    let app = start(builder(place).await.layer(schemas)).await;
    let error = app.create(&jar(), put("much too long")).await.expect_err("too long").to_string();
    assert!(
        error.starts_with("the layer `json schema` refused the command: the command does not fit"),
        "{error}"
    );
    assert!(error.contains("at `/label`") && !error.contains("much too long"), "{error}");
    app.create(&jar(), put("plums")).await.expect("short enough");
    let error = app.execute(&jar(), Fill { sweets: 51 }).await.expect_err("too many").to_string();
    assert!(error.contains("the event `jar.filled` does not fit its schema: at `/sweets`"), "{error}");
    app.execute(&jar(), Fill { sweets: 50 }).await.expect("few enough");
    assert!(JsonSchema::new().event("jar.filled", &serde_json::json!({ "type": "nothing" })).is_err());
    assert!(JsonSchema::new().command::<Put>().is_ok());
    app.shutdown().await.expect("a clean end");
}

async fn closing_is_not_held_up_by_layers(place: &Place) {
    let app = start(builder(place).await.layer(Logging::new()).metrics()).await;
    app.create(&jar(), put("plums")).await.expect("a jar");
    app.shutdown().await.expect("a clean end");
    let error = app.execute(&jar(), Fill { sweets: 1 }).await.expect_err("closed");
    assert!(matches!(error, ExecuteError::Store(StoreError::Closed)), "{error}");
}

on_every_store! {
    layers_are_called_from_the_outermost_in,
    a_refused_command_says_which_layer_refused_it_and_why,
    metadata_of_a_layer_reaches_the_handler_and_the_store,
    what_was_stored_is_told_whatever_a_layer_says_afterwards,
    the_time_of_a_command_is_that_of_its_layers_too,
    events_that_a_layer_refuses_are_not_stored_and_change_no_state,
    json_schemas_are_checked,
    closing_is_not_held_up_by_layers,
}
