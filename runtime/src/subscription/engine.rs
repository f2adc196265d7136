use std::{future::Future, sync::Arc, time::Duration};

use tokio::time::Instant;
use uuid::Uuid;

use super::{
    Driver, Stop, Subscribe, SubscriptionError, SubscriptionStatus,
    core::{Core, Running, State, read_side},
    handler::Handler,
    start::position_of,
};
use crate::{
    domain::{Position, Start},
    log::{Filter, LogEntry},
    store::{BoxError, Store, StoreError},
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

/// How long it is waited for reading and claims that nobody wants any more.
const PATIENCE: Duration = Duration::from_secs(1);

impl Engine {
    pub(crate) fn new(store: Store, settings: EngineSettings) -> Self {
        Self { core: Arc::new(Core::new(store, settings)) }
    }

    /// By which it works on shards.
    pub(crate) fn id(&self) -> Uuid {
        self.core.id
    }

    /// The store, until the engine is stopped.
    pub(crate) fn store(&self) -> Result<Store, StoreError> {
        self.core.store()
    }

    /// Runs something until it is asked to stop, at the latest when the engine is stopped.
    pub(crate) fn spawn<F>(&self, run: impl FnOnce(Stop) -> F) -> Result<(), StoreError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.core.spawn(run).map(drop)
    }

    /// Declares a driver's subscription and begins to work on it.
    pub(crate) async fn run(&self, driver: Arc<dyn Driver>) -> Result<(), SubscriptionError> {
        self.core.run(driver).await.map(drop)
    }

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

    /// Removes a subscription that is not run here.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), SubscriptionError> {
        let store = self.core.store()?;
        if self.core.members.find(name).is_some() {
            return Err(SubscriptionError::RunsHere { name: name.to_owned() });
        }
        let known = read_side(&store)?.remove(name).await?;
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
        let Some(member) = self.core.members.find(name) else {
            return Err(SubscriptionError::NotHere { name: name.to_owned() });
        };
        port.set_paused(name, true).await?;
        member.driver.before_reset(&store).await?;
        port.reset(name, position).await?;
        member.forget();
        port.set_paused(name, state.paused).await?;
        self.core.nudge.notify_one();
        Ok(())
    }

    /// Lets everybody finish what he is at, and gives the leases back.
    pub(crate) async fn stop(&self) {
        let State { store, services, running } = self.core.close();
        running.iter().for_each(|running| running.stopper.ask());
        for Running { task, .. } in running {
            // It does not panic: what panics inside is caught.
            let _ = task.await;
        }
        // A claim that is under way must not come after the leases were given back.
        services.iter().for_each(|service| service.stopper.ask());
        for Running { mut task, .. } in services {
            if tokio::time::timeout(PATIENCE, &mut task).await.is_err() {
                task.abort();
                // Cancelled, which was wanted: once it is gone it does not hold the store any more.
                let _ = task.await;
            }
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
        let State { services, running, .. } = self.core.close();
        services.into_iter().chain(running).for_each(|running| running.task.abort());
    }
}
