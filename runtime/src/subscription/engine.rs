use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    task::JoinHandle,
    time::{Instant, sleep_until, timeout_at},
};
use uuid::Uuid;

use super::{
    Driver, Stop, Subscribe, SubscriptionError, SubscriptionStatus,
    handler::Handler,
    member::{Member, Members},
    membership::Membership,
    start::position_of,
    stop::Stopper,
    tail::Tail,
    worker::Worker,
};
use crate::{
    domain::{Position, Start},
    log::{Filter, LogEntry},
    store::{BoxError, ReadSide, Store, StoreError},
};

/// How subscriptions are run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EngineSettings {
    /// How long a lease of a shard is good without being renewed. 10 seconds by default.
    pub lease: Duration,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self { lease: Duration::from_secs(10) }
    }
}

/// Runs the subscriptions of an application. Dropping it ends them as a crash would: the leases run out.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(super) core: Arc<Core>,
}

/// What the engine shares with what it runs.
#[derive(Debug)]
pub(super) struct Core {
    id: Uuid,
    settings: EngineSettings,
    pub(super) tail: Arc<Tail>,
    pub(super) members: Arc<Members>,
    nudge: Arc<Notify>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// None once it was stopped: who closes the store wants to be the last to hold it.
    store: Option<Store>,
    /// Those that serve all subscriptions, from the first one on.
    services: Vec<JoinHandle<()>>,
    running: Vec<Running>,
}

/// A subscription that runs.
#[derive(Debug)]
struct Running {
    stopper: Arc<Stopper>,
    task: JoinHandle<()>,
}

/// The first pause between two questions to the store how far others are, and the longest.
const PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// How long it is waited for reading that nobody wants any more.
const PATIENCE: Duration = Duration::from_secs(1);

impl Engine {
    pub(crate) fn new(store: Store, settings: EngineSettings) -> Self {
        let state = State { store: Some(store), services: Vec::new(), running: Vec::new() };
        Self {
            core: Arc::new(Core {
                id: Uuid::now_v7(),
                settings,
                tail: Tail::new(),
                members: Arc::default(),
                nudge: Arc::default(),
                state: Mutex::new(state),
            }),
        }
    }

    /// The store, until the engine is stopped.
    pub(crate) fn store(&self) -> Result<Store, StoreError> {
        self.core.store()
    }

    /// Declares a driver's subscription and begins to work on it.
    pub(crate) async fn run(&self, driver: Arc<dyn Driver>) -> Result<(), SubscriptionError> {
        self.core.run(driver).await.map(drop)
    }

    #[allow(dead_code, reason = "readers follow")]
    /// Waits until a subscription is done with everything up to a position, in whatever process. Whether it was in
    /// time.
    pub(crate) async fn reached(
        &self,
        subscription: &str,
        position: Position,
        deadline: Instant,
    ) -> Result<bool, StoreError> {
        self.core.reached(subscription, position, deadline).await
    }

    /// Waits until every subscription of this process, or of the store if there is none here, is done with everything
    /// that is in the log now.
    pub(crate) async fn caught_up(&self, timeout: Duration) -> Result<(), SubscriptionError> {
        let (deadline, store) = (Instant::now() + timeout, self.core.store()?);
        let position = store.port().last_position().await?;
        let mut names: Vec<_> = self.core.members.all().iter().map(|it| Arc::clone(&it.name)).collect();
        if let (true, Some(port)) = (names.is_empty(), store.port().read_side()) {
            let states = port.subscriptions(None).await?;
            names.extend(states.into_iter().filter(|state| !state.paused).map(|state| state.name));
        }
        // All of them are told first, so that they write their positions at the same time.
        self.core.members.all().iter().for_each(|member| member.want(position));
        let mut behind = Vec::new();
        for name in names {
            if !self.core.reached(&name, position, deadline).await? {
                behind.push(name);
            }
        }
        if behind.is_empty() { Ok(()) } else { Err(SubscriptionError::Behind { names: behind, position }) }
    }

    /// A subscription in code, about to be made.
    pub(crate) fn subscribe<F, Fut, E>(&self, filter: Filter, handler: F) -> Subscribe
    where
        F: Fn(Arc<LogEntry>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Subscribe::new(Arc::clone(&self.core), filter, Handler::new(handler))
    }

    /// How all subscriptions of the store stand.
    pub(crate) async fn subscriptions(&self) -> Result<Vec<SubscriptionStatus>, StoreError> {
        let store = self.core.store()?;
        let last = store.port().last_position().await?;
        let states = read_side(&store)?.subscriptions(None).await?;
        let status = |state| {
            let mut status = SubscriptionStatus::new(state, last);
            if let Some(member) = self.core.members.find(&status.name) {
                status.here = member.troubles.here();
                status.trouble = member.troubles.current(member.local.borrow().position);
            }
            status
        };
        Ok(states.into_iter().map(status).collect())
    }

    pub(crate) async fn set_paused(&self, name: &str, paused: bool) -> Result<(), SubscriptionError> {
        let store = self.core.store()?;
        let known = read_side(&store)?.set_paused(name, paused).await?;
        // Those of this process need not find out by the next claim.
        self.core.nudge.notify_one();
        if known { Ok(()) } else { Err(SubscriptionError::Unknown { name: name.to_owned() }) }
    }

    /// Sets a subscription to where another start would have put it.
    pub(crate) async fn reset(&self, name: &str, start: Start) -> Result<(), SubscriptionError> {
        let store = self.core.store()?;
        let port = read_side(&store)?;
        let position = position_of(&store, start).await?;
        let Some(state) = port.subscriptions(Some(name)).await?.pop() else {
            return Err(SubscriptionError::Unknown { name: name.to_owned() });
        };
        let member = self.core.members.find(name);
        if let Some(member) = &member {
            port.set_paused(name, true).await?;
            member.driver.before_reset(&store).await?;
        }
        port.reset(name, position).await?;
        if let Some(member) = &member {
            member.forget();
            port.set_paused(name, state.paused).await?;
        }
        self.core.nudge.notify_one();
        Ok(())
    }

    /// Lets everybody finish what he is at, and gives the leases back.
    pub(crate) async fn stop(&self) {
        let (running, services, store) = {
            let mut state = self.core.state();
            let State { store, services, running } = &mut *state;
            (std::mem::take(running), std::mem::take(services), store.take())
        };
        running.iter().for_each(|running| running.stopper.ask());
        for Running { task, .. } in running {
            // It does not panic: what panics inside is caught.
            let _ = task.await;
        }
        for service in services {
            service.abort();
            // Cancelled, which was wanted: once it is gone it does not hold the store any more.
            let _ = service.await;
        }
        // Feeds that are gone have stopped their reading, which ends when it comes to think of it.
        let _ = tokio::time::timeout(PATIENCE, self.core.tail.read_by_nobody()).await;
        if let Some(port) = store.as_ref().and_then(|store| store.port().read_side()) {
            // Unreachable as it may be now, the leases run out.
            let _ = port.leave(self.core.id).await;
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let mut state = self.core.state();
        state.store = None;
        state.services.drain(..).for_each(|task| task.abort());
        state.running.drain(..).for_each(|running| running.task.abort());
    }
}

impl Core {
    /// The store, until the engine is stopped.
    pub(super) fn store(&self) -> Result<Store, StoreError> {
        self.state().store.clone().ok_or(StoreError::Closed)
    }

    /// Declares a driver's subscription and begins to work on it.
    pub(super) async fn run(
        &self,
        driver: Arc<dyn Driver>,
    ) -> Result<(Arc<Member>, Arc<Stopper>), SubscriptionError> {
        let store = self.store()?;
        let plan = driver.plan();
        let start = position_of(&store, plan.start).await?;
        read_side(&store)?.declare(&plan.name, plan.shards, start).await?;
        let member = Member::new(plan, driver);
        if !self.members.add(&member) {
            return Err(SubscriptionError::Duplicate { name: member.name.to_string() });
        }
        let started = self.spawn(|stop| {
            let (id, tail) = (self.id, Arc::clone(&self.tail));
            let (members, nudge) = (Arc::clone(&self.members), Arc::clone(&self.nudge));
            Worker { id, store, tail, member: Arc::clone(&member), members, nudge, stop }.run()
        });
        if started.is_err() {
            self.members.remove(&member);
        }
        Ok((member, started?))
    }

    /// Runs something until it is asked to stop, at the latest when the engine is stopped.
    pub(super) fn spawn<F>(&self, run: impl FnOnce(Stop) -> F) -> Result<Arc<Stopper>, StoreError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stopper, stop) = Stop::new();
        let stopper = Arc::new(stopper);
        let mut state = self.state();
        let Some(store) = state.store.clone() else { return Err(StoreError::Closed) };
        if state.services.is_empty() {
            let tail = Arc::clone(&self.tail);
            let membership = Membership {
                id: self.id,
                store: store.clone(),
                members: Arc::clone(&self.members),
                nudge: Arc::clone(&self.nudge),
                ttl: self.settings.lease,
            };
            state.services.push(tokio::spawn(async move { tail.run(store).await }));
            state.services.push(tokio::spawn(membership.run()));
        }
        let task = tokio::spawn(run(stop));
        state.running.retain(|running| !running.task.is_finished());
        state.running.push(Running { stopper: Arc::clone(&stopper), task });
        Ok(stopper)
    }

    pub(super) async fn reached(
        &self,
        subscription: &str,
        position: Position,
        deadline: Instant,
    ) -> Result<bool, StoreError> {
        let store = self.store()?;
        let member = self.members.find(subscription);
        let mut local = member.as_ref().map(|member| member.local.subscribe());
        if let Some(member) = &member {
            member.want(position);
        }
        let mut pause = PAUSE;
        loop {
            let here = local.as_mut().map(|local| *local.borrow_and_update()).unwrap_or_default();
            if here.whole && here.position >= Some(position) {
                return Ok(true);
            }
            // What is here alone cannot be further than it says.
            if !here.whole {
                let states = read_side(&store)?.subscriptions(Some(subscription));
                let Ok(states) = timeout_at(deadline, states).await else { return Ok(false) };
                if states?.first().is_some_and(|state| state.position() >= position) {
                    return Ok(true);
                }
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            let again = (Instant::now() + pause).min(deadline);
            pause = (pause * 2).min(LONGEST_PAUSE);
            match &mut local {
                Some(local) => drop(tokio::time::timeout_at(again, local.changed()).await),
                None => sleep_until(again).await,
            }
        }
    }

    /// A panic cannot leave it half changed: nothing in between panics.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn read_side(store: &Store) -> Result<&dyn ReadSide, StoreError> {
    store.port().read_side().ok_or(StoreError::Unsupported { store: "this store", what: "follow the log" })
}
