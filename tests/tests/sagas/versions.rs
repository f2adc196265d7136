//! Instances that are under way while the program changes, and instances that events start.

use std::{convert::Infallible, time::Duration};

use gesta::{
    prelude::*,
    saga,
    saga::{SagaEvent, SagaHandle},
    store::{SagaStatus, Store},
};
use gesta_tests::{Place, on_every_store};
use serde::{Deserialize, Serialize};
use tokio::{sync::watch, time::timeout};

use crate::PATIENCE;

on_every_store!(
    an_instance_goes_on_by_the_definition_that_it_has_begun_with,
    an_instance_is_brought_to_a_later_definition,
    an_instance_of_a_version_that_nobody_knows_is_parked_and_can_go_on_later,
    changed_steps_under_the_same_version_are_parked,
    a_step_put_before_one_that_has_run_is_not_run_late,
    an_older_program_leaves_newer_instances_alone,
    what_a_program_would_not_go_on_with_is_told_before_it_starts,
    an_event_starts_a_saga_once,
);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub(crate) struct OrderId(pub(crate) String);

#[event]
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OrderEvent {
    Placed { total: u64 },
    Noted { what: String },
}

#[aggregate(id = OrderId, event = OrderEvent)]
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Order {
    notes: Vec<String>,
}

#[apply(OrderEvent)]
impl Order {
    fn placed(&mut self) {}
    fn noted(&mut self, what: &String) {
        self.notes.push(what.clone());
    }
}

#[derive(Clone)]
pub(crate) struct Place_ {
    total: u64,
}

#[derive(Clone)]
pub(crate) struct Note {
    what: String,
}

#[command_handler]
impl Order {
    fn place(cmd: Place_) -> Result<OrderEvent, Infallible> {
        Ok(OrderEvent::Placed { total: cmd.total })
    }
    fn note(&self, cmd: Note) -> Result<OrderEvent, Infallible> {
        Ok(OrderEvent::Noted { what: cmd.what })
    }
}

fn note(order: &OrderId, what: &str) -> Dispatch<OrderId, Note> {
    order.send(Note { what: what.into() })
}

/// Lets steps pass that wait for it.
pub(crate) struct Door(watch::Receiver<bool>);

impl Door {
    async fn pass(&self) -> Result<(), Infallible> {
        let _ = self.0.clone().wait_for(|open| *open).await;
        Ok(())
    }
}

#[derive(Provide)]
pub(crate) struct Deps {
    door: Door,
}

/// As it was first.
#[derive(Serialize, Deserialize, Schema)]
pub(crate) struct First {
    order: OrderId,
}

#[saga(name = "shipping", version = 1)]
impl First {
    #[step(no_compensation = "a note is a note")]
    fn pack(&self) -> Dispatch<OrderId, Note> {
        note(&self.order, "first: packed")
    }
    #[step(no_compensation = "waiting leaves nothing", timeout = "60s")]
    async fn wait(&self, door: &Door) -> Result<(), Infallible> {
        door.pass().await
    }
    #[step(pivot)]
    fn ship(&self) -> Dispatch<OrderId, Note> {
        note(&self.order, "first: shipped")
    }
}

/// As it is now, with a step more at the end.
#[derive(Serialize, Deserialize)]
pub(crate) struct Second {
    order: OrderId,
    by: String,
}

impl From<First> for Second {
    fn from(first: First) -> Self {
        Self { order: first.order, by: "post".into() }
    }
}

#[saga(name = "shipping", version = 2, from(First))]
impl Second {
    #[step(no_compensation = "a note is a note")]
    fn pack(&self) -> Dispatch<OrderId, Note> {
        note(&self.order, "second: packed")
    }
    #[step(no_compensation = "waiting leaves nothing", timeout = "60s")]
    async fn wait(&self, door: &Door) -> Result<(), Infallible> {
        door.pass().await
    }
    #[step(pivot)]
    fn ship(&self) -> Dispatch<OrderId, Note> {
        note(&self.order, &format!("second: shipped by {}", self.by))
    }
    #[step(retriable)]
    fn tell(&self) -> Dispatch<OrderId, Note> {
        note(&self.order, "second: told")
    }
}

/// The same without a word about instances of before.
#[derive(Serialize, Deserialize)]
pub(crate) struct Silent {
    order: OrderId,
}

#[saga(name = "shipping", version = 3)]
impl Silent {
    #[step(pivot)]
    fn ship(&self) -> Dispatch<OrderId, Note> {
        note(&self.order, "silent: shipped")
    }
}

/// Steps of its own under the number of the first.
#[derive(Serialize, Deserialize)]
pub(crate) struct Careless {
    order: OrderId,
}

#[saga(name = "shipping", version = 1)]
impl Careless {
    #[step(no_compensation = "a note is a note")]
    fn pack(&self) -> Dispatch<OrderId, Note> {
        note(&self.order, "careless: packed")
    }
    #[step(pivot)]
    fn ship(&self) -> Dispatch<OrderId, Note> {
        note(&self.order, "careless: shipped")
    }
}

/// Data of its own under the number of the first, with the same steps.
#[derive(Serialize, Deserialize, Schema)]
pub(crate) struct Hasty {
    order: OrderId,
    by: String,
}

#[saga(name = "shipping", version = 1)]
impl Hasty {
    #[step(no_compensation = "a note is a note")]
    fn pack(&self) -> Dispatch<OrderId, Note> {
        note(&self.order, "hasty: packed")
    }
    #[step(no_compensation = "waiting leaves nothing", timeout = "60s")]
    async fn wait(&self, door: &Door) -> Result<(), Infallible> {
        door.pass().await
    }
    #[step(pivot)]
    fn ship(&self) -> Dispatch<OrderId, Note> {
        note(&self.order, &format!("hasty: shipped by {}", self.by))
    }
}

/// A step more at the beginning.
#[derive(Serialize, Deserialize)]
pub(crate) struct Late {
    order: OrderId,
}

impl From<First> for Late {
    fn from(first: First) -> Self {
        Self { order: first.order }
    }
}

#[saga(name = "shipping", version = 2, from(First))]
impl Late {
    #[step(no_compensation = "a note is a note")]
    fn check(&self) -> Dispatch<OrderId, Note> {
        note(&self.order, "late: checked")
    }
    #[step(no_compensation = "a note is a note")]
    fn pack(&self) -> Dispatch<OrderId, Note> {
        note(&self.order, "late: packed")
    }
    #[step(no_compensation = "waiting leaves nothing", timeout = "60s")]
    async fn wait(&self, door: &Door) -> Result<(), Infallible> {
        door.pass().await
    }
    #[step(pivot)]
    fn ship(&self) -> Dispatch<OrderId, Note> {
        note(&self.order, "late: shipped")
    }
}

/// Welcomes whoever places an order.
#[derive(Serialize, Deserialize)]
pub(crate) struct Welcome {
    order: OrderId,
    total: u64,
}

#[saga(version = 1)]
impl Welcome {
    #[start(OrderEvent::Placed { total })]
    fn placed(id: &OrderId, total: &u64) -> Option<Self> {
        (*total > 100).then(|| Self { order: id.clone(), total: *total })
    }
    #[step(pivot)]
    fn greet(&self) -> Dispatch<OrderId, Note> {
        note(&self.order, &format!("welcome: {}", self.total))
    }
}

gesta::domain! { pub(crate) Version1 { deps: Deps, aggregates: [Order], sagas: [First] } }
gesta::domain! { pub(crate) Version2 { deps: Deps, aggregates: [Order], sagas: [Second] } }
gesta::domain! { pub(crate) Both { deps: Deps, aggregates: [Order], sagas: [Second, First] } }
gesta::domain! { pub(crate) Version3 { deps: Deps, aggregates: [Order], sagas: [Silent] } }
gesta::domain! { pub(crate) SameNumber { deps: Deps, aggregates: [Order], sagas: [Careless] } }
gesta::domain! { pub(crate) OtherData { deps: Deps, aggregates: [Order], sagas: [Hasty] } }
gesta::domain! { pub(crate) Inserted { deps: Deps, aggregates: [Order], sagas: [Late] } }
gesta::domain! { pub(crate) Greeting { deps: Deps, aggregates: [Order], sagas: [Welcome] } }

fn order() -> OrderId {
    OrderId("o-1".into())
}

fn deps(open: bool) -> (watch::Sender<bool>, Deps) {
    let (opener, door) = watch::channel(open);
    (opener, Deps { door: Door(door) })
}

/// An instance that was begun by the first version and waits in its second step; its program has ended.
async fn begun(store: &Store) {
    let (_closed, deps) = deps(false);
    let app = Version1::app(store.clone(), deps).start().await.unwrap();
    app.create(&order(), Place_ { total: 7 }).await.unwrap();
    let handle = app.start_saga("s-1", First { order: order() }).await.unwrap();
    until(&handle, |kinds| kinds.contains(&"step.intended")).await;
    // It is waited for the step for a while, and then given up: the next one finds it in doubt.
    app.shutdown().await.unwrap();
}

async fn until<S: gesta::saga::Saga>(handle: &SagaHandle<S>, reached: impl Fn(&[&'static str]) -> bool) {
    let wait = async {
        loop {
            let timeline = handle.timeline().await.unwrap_or_default();
            let kinds: Vec<_> = timeline.iter().map(|entry| entry.event.kind()).collect();
            if reached(&kinds) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, wait).await.expect("it comes that far in time");
}

async fn outcome<S: gesta::saga::Saga>(handle: &SagaHandle<S>) -> SagaOutcome {
    timeout(PATIENCE, handle.outcome()).await.expect("an outcome in time").unwrap()
}

async fn notes<D>(app: &App<D>) -> Vec<String>
where
    D: gesta::domain::Domain,
    Order: gesta::domain::PartOf<D>,
{
    app.load::<Order>(&order()).await.unwrap().unwrap().notes.clone()
}

async fn an_instance_goes_on_by_the_definition_that_it_has_begun_with(place: &Place) {
    let store = place.open().await;
    begun(&store).await;
    let (_open, deps) = deps(true);
    let app = Both::app(store.clone(), deps).start().await.unwrap();
    assert_eq!(outcome(&app.saga::<First>("s-1")).await, SagaOutcome::Completed);
    assert_eq!(notes(&app).await, ["first: packed", "first: shipped"]);
    let second = app.start_saga("s-2", Second { order: order(), by: "bike".into() }).await.unwrap();
    assert_eq!(outcome(&second).await, SagaOutcome::Completed);
    assert_eq!(notes(&app).await[2..], ["second: packed", "second: shipped by bike", "second: told"]);
    app.shutdown().await.unwrap();
}

async fn an_instance_is_brought_to_a_later_definition(place: &Place) {
    let store = place.open().await;
    begun(&store).await;
    let (_open, deps) = deps(true);
    let app = Version2::app(store.clone(), deps).start().await.unwrap();
    let handle = app.saga::<Second>("s-1");
    assert_eq!(outcome(&handle).await, SagaOutcome::Completed);
    assert_eq!(notes(&app).await, ["first: packed", "second: shipped by post", "second: told"]);
    let timeline = handle.timeline().await.unwrap();
    assert!(
        timeline.iter().any(|entry| matches!(&entry.event, SagaEvent::Migrated(to) if to.definition == 2))
    );
    app.shutdown().await.unwrap();
}

async fn an_instance_of_a_version_that_nobody_knows_is_parked_and_can_go_on_later(place: &Place) {
    let store = place.open().await;
    begun(&store).await;
    let (_open, there) = deps(true);
    let app = Version3::app(store.clone(), there).start().await.unwrap();
    let SagaOutcome::Parked { reason, .. } = outcome(&app.saga::<Silent>("s-1")).await else { panic!() };
    assert!(reason.contains("which version 3 of `shipping` does not have"), "{reason}");
    app.shutdown().await.unwrap();
    let (_open, back) = deps(true);
    let app = Version1::app(store.clone(), back).start().await.unwrap();
    let handle = app.saga::<First>("s-1");
    handle.retry("olga", "the old program is back").await.unwrap();
    until(&handle, |kinds| kinds.last() == Some(&"completed")).await;
    assert_eq!(notes(&app).await, ["first: packed", "first: shipped"]);
    app.shutdown().await.unwrap();
}

async fn what_a_program_would_not_go_on_with_is_told_before_it_starts(place: &Place) {
    let store = place.open().await;
    begun(&store).await;
    let told = async |agreement: gesta::app::Agreement| {
        assert_eq!(agreement.findings, [], "sagas keep nobody from starting");
        agreement.stranded.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    macro_rules! stranded {
        ($domain:ident) => {
            told($domain::app(store.clone(), deps(true).1).agreement().await.expect("an answer")).await
        };
    }
    assert_eq!([stranded!(Version1), stranded!(Both), stranded!(Version2)].concat(), [] as [String; 0]);
    for parked in [stranded!(Version3), stranded!(SameNumber)] {
        assert_eq!(parked.len(), 1, "{parked:?}");
        assert!(parked[0].starts_with("1 instance of the saga `shipping` version 1: "), "{parked:?}");
        assert!(parked[0].contains("they are parked when their turn comes"), "{parked:?}");
    }
    let unread = stranded!(OtherData);
    assert_eq!(unread.len(), 1, "{unread:?}");
    assert!(unread[0].starts_with("1 instance of the saga `shipping` version 1: "), "{unread:?}");
    assert!(unread[0].contains("data of another shape under this version"), "{unread:?}");

    let (_closed, shut) = deps(false);
    let app = Both::app(store.clone(), shut).start().await.unwrap();
    let second = app.start_saga("s-2", Second { order: order(), by: "bike".into() }).await.unwrap();
    until(&second, |kinds| kinds.contains(&"step.intended")).await;
    app.shutdown().await.unwrap();
    let waiting = stranded!(Version1);
    assert!(waiting.len() == 1 && waiting[0].contains("`shipping` version 2: "), "{waiting:?}");
    assert!(waiting[0].contains("they wait for a program that has"), "{waiting:?}");
}

async fn changed_steps_under_the_same_version_are_parked(place: &Place) {
    let store = place.open().await;
    begun(&store).await;
    let (_open, deps) = deps(true);
    let app = SameNumber::app(store.clone(), deps).start().await.unwrap();
    assert!(matches!(outcome(&app.saga::<Careless>("s-1")).await, SagaOutcome::Parked { .. }));
    assert_eq!(notes(&app).await, ["first: packed"]);
    app.shutdown().await.unwrap();
}

async fn a_step_put_before_one_that_has_run_is_not_run_late(place: &Place) {
    let store = place.open().await;
    begun(&store).await;
    let (_open, deps) = deps(true);
    let app = Inserted::app(store.clone(), deps).start().await.unwrap();
    let SagaOutcome::Parked { reason, .. } = outcome(&app.saga::<Late>("s-1")).await else { panic!() };
    assert!(reason.contains("has a step before it"), "{reason}");
    assert_eq!(notes(&app).await, ["first: packed"]);
    app.shutdown().await.unwrap();
}

async fn an_older_program_leaves_newer_instances_alone(place: &Place) {
    let store = place.open().await;
    let (_open, newer) = deps(true);
    let commands = Version2::app(store.clone(), newer).commands_only().await.unwrap();
    commands.create(&order(), Place_ { total: 7 }).await.unwrap();
    let (_open, old) = deps(true);
    let app = Version1::app(store.clone(), old).start().await.unwrap();
    let new = commands.start_saga("s-1", Second { order: order(), by: "bike".into() }).await.unwrap();
    let old = app.start_saga("s-0", First { order: order() }).await.unwrap();
    assert_eq!(outcome(&old).await, SagaOutcome::Completed);
    assert_eq!(new.status().await.unwrap().status, SagaStatus::Running);
    app.shutdown().await.unwrap();
    let (_open, now) = deps(true);
    let app = Version2::app(store.clone(), now).start().await.unwrap();
    assert_eq!(outcome(&new).await, SagaOutcome::Completed);
    app.shutdown().await.unwrap();
}

async fn an_event_starts_a_saga_once(place: &Place) {
    let store = place.open().await;
    let (_open, first) = deps(true);
    let app = Greeting::app(store.clone(), first).start().await.unwrap();
    let other = OrderId("o-2".into());
    app.create(&order(), Place_ { total: 700 }).by("ann").await.unwrap();
    app.create(&other, Place_ { total: 7 }).await.unwrap();
    let handle = app.saga::<Welcome>("o-1");
    until(&handle, |kinds| kinds.last() == Some(&"completed")).await;
    assert_eq!(notes(&app).await, ["welcome: 700"]);
    let meta = handle.timeline().await.unwrap()[0].meta.clone();
    assert_eq!((meta.actor.as_deref(), meta.causation.as_deref()), (Some("ann"), Some("order/o-1@1")));
    // From the beginning again: the event is delivered anew.
    app.pause("saga.welcome").await.unwrap();
    app.reset("saga.welcome", gesta::domain::Start::Beginning).await.unwrap();
    app.resume("saga.welcome").await.unwrap();
    let receipt = app.create(&OrderId("o-3".into()), Place_ { total: 300 }).await.unwrap();
    let _ = receipt;
    until(&app.saga::<Welcome>("o-3"), |kinds| kinds.last() == Some(&"completed")).await;
    assert_eq!(notes(&app).await, ["welcome: 700"]);
    assert!(app.saga::<Welcome>("o-2").timeline().await.is_err());
    app.shutdown().await.unwrap();
}
