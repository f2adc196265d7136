//! Event handlers that do what a test says, and a desk at which it sees what they did.

#![allow(dead_code, reason = "each of the tests uses a part of it")]

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gesta::{
    App,
    domain::{Delivery, Domain, HandlerFailure, Provide},
    store::{Append, Expected, NewEvent, Outcome, Store, StreamId},
};
use gesta_tests::post::{Couriers, Tariff};
use tokio::{sync::watch, time::timeout};

/// Whatever takes longer will not come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What a handler is to do with an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Plan {
    /// Fail in a way that may pass.
    Fail,
    /// Fail for good.
    Die,
    /// Panic.
    Panic,
    /// Never end.
    Hang,
    /// Wait until the test opens the desk.
    Wait,
    /// The same, and fail then in a way that may pass.
    WaitAndFail,
}

/// One attempt at an event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) handler: String,
    pub(crate) id: String,
    pub(crate) depot: String,
    pub(crate) attempt: u32,
    pub(crate) key: String,
    pub(crate) version: u64,
    /// Whether the handler was done with it.
    pub(crate) done: bool,
}

#[derive(Debug, Default)]
struct State {
    plans: HashMap<String, (Plan, u32)>,
    seen: Vec<Seen>,
    /// What happened in which order: `begin` and `end` of handler and depot.
    story: Vec<String>,
    running: HashSet<(String, String)>,
    most: usize,
    clashes: usize,
}

/// What the handlers of a test share.
#[derive(Debug)]
pub(crate) struct Desk {
    state: Mutex<State>,
    rings: watch::Sender<u64>,
    open: watch::Sender<bool>,
}

impl Default for Desk {
    fn default() -> Self {
        Self { state: Mutex::default(), rings: watch::Sender::new(0), open: watch::Sender::new(false) }
    }
}

impl Desk {
    /// So many times, a handler does this with the events of a depot.
    pub(crate) fn plan(&self, depot: &str, plan: Plan, times: u32) {
        self.state().plans.insert(depot.into(), (plan, times));
    }

    /// Every handler is done at once from now on.
    pub(crate) fn forget_plans(&self) {
        self.state().plans.clear();
    }

    /// Lets those go on that wait.
    pub(crate) fn open(&self) {
        self.open.send_replace(true);
    }

    /// All attempts that have begun, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state().seen.clone()
    }

    /// `begin` and `end` of handlers and depots, in order.
    pub(crate) fn story(&self) -> Vec<String> {
        self.state().story.clone()
    }

    /// The depots of a stream that a handler is done with, in order.
    pub(crate) fn done(&self, handler: &str, id: &str) -> Vec<String> {
        let state = self.state();
        let done = state.seen.iter().filter(|seen| seen.handler == handler && seen.id == id && seen.done);
        done.map(|seen| seen.depot.clone()).collect()
    }

    /// How often a depot was tried.
    pub(crate) fn tries(&self, depot: &str) -> usize {
        self.state().seen.iter().filter(|seen| seen.depot == depot).count()
    }

    /// How many attempts there were at a time at most, and how many met another at the same stream.
    pub(crate) fn crowd(&self) -> (usize, usize) {
        let state = self.state();
        (state.most, state.clashes)
    }

    /// Waits until the attempts are as they should be.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let mut rings = self.rings.subscribe();
        let waiting = async {
            while !holds(self) {
                rings.changed().await.expect("the desk is there");
            }
        };
        let late = timeout(PATIENCE, waiting).await.is_err();
        assert!(!late, "{what} has not happened; seen: {:#?}", self.seen());
    }

    /// What a handler does that is given an event.
    pub(crate) async fn handle(&self, delivery: &Delivery<'_>, depot: &str) -> Result<(), HandlerFailure> {
        let (at, plan) = self.begin(delivery, depot);
        let result = self.follow(plan).await;
        self.end(at, delivery, depot, result.is_ok());
        result
    }

    async fn follow(&self, plan: Option<Plan>) -> Result<(), HandlerFailure> {
        match plan {
            None => tokio::task::yield_now().await,
            Some(Plan::Fail) => return Err(HandlerFailure::retryable("the line is busy")),
            Some(Plan::Die) => return Err(HandlerFailure::permanent("there is no such number")),
            Some(Plan::Panic) => panic!("the telephone is on fire"),
            Some(Plan::Hang) => std::future::pending().await,
            Some(Plan::Wait | Plan::WaitAndFail) => {
                self.open.subscribe().wait_for(|open| *open).await.expect("the desk is there");
            }
        }
        match plan {
            Some(Plan::WaitAndFail) => Err(HandlerFailure::retryable("the line is busy")),
            _ => Ok(()),
        }
    }

    fn begin(&self, delivery: &Delivery<'_>, depot: &str) -> (usize, Option<Plan>) {
        let mut state = self.state();
        let plan = state.plans.get_mut(depot).filter(|(_, times)| *times > 0).map(|(plan, times)| {
            *times -= 1;
            *plan
        });
        state.seen.push(Seen {
            handler: delivery.handler.into(),
            id: delivery.id.into(),
            depot: depot.into(),
            attempt: delivery.attempt,
            key: delivery.key.to_string(),
            version: delivery.version,
            done: false,
        });
        state.story.push(format!("begin {} {depot}", delivery.handler));
        let new = state.running.insert((delivery.handler.into(), delivery.id.into()));
        // What hangs or panics does not say that it has ended.
        state.clashes += usize::from(!new && !matches!(plan, Some(Plan::Hang | Plan::Panic)));
        state.most = state.most.max(state.running.len());
        let at = state.seen.len() - 1;
        if matches!(plan, Some(Plan::Hang | Plan::Panic)) {
            state.running.remove(&(delivery.handler.into(), delivery.id.into()));
        }
        drop(state);
        self.ring();
        (at, plan)
    }

    fn end(&self, at: usize, delivery: &Delivery<'_>, depot: &str, done: bool) {
        let mut state = self.state();
        state.seen[at].done = done;
        state.story.push(format!("end {} {depot}", delivery.handler));
        state.running.remove(&(delivery.handler.into(), delivery.id.into()));
        drop(state);
        self.ring();
    }

    fn ring(&self) {
        self.rings.send_modify(|rings| *rings += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the applications of these tests have: several share a desk.
#[derive(Debug)]
pub(crate) struct Deps {
    desk: std::sync::Arc<Desk>,
    tariff: Tariff,
    couriers: Couriers,
}

impl From<&std::sync::Arc<Desk>> for Deps {
    fn from(desk: &std::sync::Arc<Desk>) -> Self {
        let gesta_tests::post::Deps { tariff, couriers } = Default::default();
        Self { desk: desk.clone(), tariff, couriers }
    }
}

impl Provide<Desk> for Deps {
    fn provide(&self) -> &Desk {
        &self.desk
    }
}

impl Provide<Tariff> for Deps {
    fn provide(&self) -> &Tariff {
        &self.tariff
    }
}

impl Provide<Couriers> for Deps {
    fn provide(&self) -> &Couriers {
        &self.couriers
    }
}

/// Defines event handlers that bring every scan to the desk, each with a name and a policy.
macro_rules! handlers {
    ($($handler:ident $name:literal $policy:expr;)+) => {
        $(
            struct $handler;

            impl gesta::domain::EventHandler for $handler {
                type Deps<'d> = (&'d $crate::desk::Desk,);
                const NAME: &'static str = $name;

                fn policy() -> gesta::domain::DeliveryPolicy {
                    $policy
                }

                fn reactions<R: gesta::domain::Reactions<Self>>(to: &mut R) {
                    to.on::<gesta_tests::post::ParcelEvent>();
                }
            }

            impl gesta::domain::React<gesta_tests::post::ParcelEvent> for $handler {
                const VARIANTS: &'static [&'static str] = &["Scanned"];

                async fn react(
                    event: &gesta_tests::post::ParcelEvent,
                    delivery: &gesta::domain::Delivery<'_>,
                    (desk,): Self::Deps<'_>,
                ) -> Result<(), gesta::domain::HandlerFailure> {
                    match event {
                        gesta_tests::post::ParcelEvent::Scanned { depot } => desk.handle(delivery, depot).await,
                        other => panic!("{other:?} was not asked for"),
                    }
                }
            }
        )+
    };
}

/// Defines domains of parcels with some event handlers.
macro_rules! offices {
    ($($office:ident [$($handler:ident),+];)+) => {
        $(
            enum $office {}

            impl gesta::domain::Domain for $office {
                type Deps = $crate::desk::Deps;
                const NAME: &'static str = stringify!($office);
                const PARTS: &'static [gesta::domain::PartInfo] = gesta_tests::post::Post::PARTS;
            }

            impl gesta::app::Register for $office {
                fn register(registry: &mut gesta::app::Registry<Self>) {
                    $(registry.event_handler::<$handler>();)+
                }
            }

            impl gesta::domain::PartOf<$office> for gesta_tests::post::Parcel {
                fn supply(deps: &$crate::desk::Deps) -> <Self as gesta::domain::CommandHandlers>::Deps<'_> {
                    gesta::domain::Supply::supply(deps)
                }
            }

            impl $office {
                async fn start(store: gesta::store::Store, desk: &std::sync::Arc<$crate::desk::Desk>) -> gesta::App<Self> {
                    gesta::Builder::new(store, desk.into()).start().await.expect("an application")
                }
            }
        )+
    };
}

/// Stores scans of a parcel.
pub(crate) async fn scan(store: &Store, id: &str, depots: &[&str]) {
    let event = |depot: &&str| NewEvent {
        name: "parcel.scanned",
        version: 2,
        payload: serde_json::to_vec(&serde_json::json!({ "depot": depot })).expect("JSON"),
    };
    events(store, id, depots.iter().map(event).collect()).await;
}

/// Stores events of a parcel.
pub(crate) async fn events(store: &Store, id: &str, events: Vec<NewEvent>) {
    let (stream, meta) = (StreamId::new("parcel", id), Default::default());
    let documents = Vec::new();
    let append = Append {
        stream,
        expected: Expected::Any,
        key: None,
        meta,
        events,
        documents,
        process: None,
        together: None,
    };
    let outcomes = store.port().append(&[append]).await.expect("an outcome");
    assert!(matches!(outcomes[..], [Outcome::Appended(_)]), "{outcomes:?}");
}

/// Waits until something holds in the store.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
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

/// The names of what the framework tells, in order, with what they say.
pub(crate) async fn told<D: Domain>(app: &App<D>) -> Vec<(String, serde_json::Value)> {
    let page =
        app.log().filter(gesta::log::Filter::new().category("gesta")).page(1_000).await.expect("the log");
    page.events.iter().map(|entry| (entry.name.clone(), entry.json().expect("JSON"))).collect()
}
