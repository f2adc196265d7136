use std::{
    future::Future,
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
    Driver, EngineSettings, Stop, SubscriptionError,
    member::{Member, Members},
    membership::Membership,
    start::position_of,
    stop::Stopper,
    tail::Tail,
    worker::Worker,
};
use crate::{
    domain::Position,
    store::{ReadSide, Store, StoreError},
};

/// What the engine shares with what it runs.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) id: Uuid,
    settings: EngineSettings,
    pub(super) tail: Arc<Tail>,
    pub(super) members: Arc<Members>,
    pub(super) nudge: Arc<Notify>,
    state: Mutex<State>,
}

/// What there is until the engine is stopped.
#[derive(Debug, Default)]
pub(super) struct State {
    /// None once it was stopped: who closes the store wants to be the last to hold it.
    pub(super) store: Option<Store>,
    /// Those that serve all subscriptions, from the first one on.
    pub(super) services: Vec<Running>,
    pub(super) running: Vec<Running>,
}

/// A task that runs until it is asked to stop.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) stopper: Arc<Stopper>,
    pub(super) task: JoinHandle<()>,
}

/// The first pause between two questions to the store how far others are, and the longest.
const PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

impl Running {
    fn spawn<F>(run: impl FnOnce(Stop) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stopper, stop) = Stop::new();
        Self { stopper: Arc::new(stopper), task: tokio::spawn(run(stop)) }
    }
}

impl Core {
    pub(super) fn new(store: Store, settings: EngineSettings) -> Self {
        Self {
            id: Uuid::now_v7(),
            settings,
            tail: Tail::new(),
            members: Arc::default(),
            nudge: Arc::default(),
            state: Mutex::new(State { store: Some(store), ..State::default() }),
        }
    }

    /// Lets go of everything: nothing can be started any more.
    pub(super) fn close(&self) -> State {
        std::mem::take(&mut *self.state())
    }

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
            let reading = async move { tail.run(store).await };
            state.services.push(Running::spawn(|stop| async move {
                tokio::select! {
                    () = reading => {}
                    () = stop.asked() => {}
                }
            }));
            state.services.push(Running::spawn(|stop| membership.run(stop)));
        }
        let running = Running::spawn(run);
        let stopper = Arc::clone(&running.stopper);
        state.running.retain(|running| !running.task.is_finished());
        state.running.push(running);
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
