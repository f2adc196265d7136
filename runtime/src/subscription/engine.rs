use std::{collections::HashMap, ops::ControlFlow, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{sync::Mutex, task::JoinHandle, time::Instant};
use uuid::Uuid;

use super::{Driver, Feed, Plan, Stop, SubscriptionError, Work, driver::ProgressSender, stop::Stopper};
use crate::{
    domain::{Position, Start, Timestamp},
    store::{Claim, Lease, LogEventRef, ReadLog, ReadSide, Store, StoreError},
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

/// Runs the durable subscriptions of an application.
#[derive(Debug)]
pub(crate) struct Engine {
    store: Store,
    worker: Uuid,
    settings: EngineSettings,
    running: Mutex<Vec<Running>>,
}

#[derive(Debug)]
struct Running {
    name: Arc<str>,
    stopper: Stopper,
    task: JoinHandle<()>,
}

const PAUSE: Duration = Duration::from_millis(100);

impl Engine {
    pub(crate) fn new(store: Store, settings: EngineSettings) -> Self {
        Self { store, worker: Uuid::now_v7(), settings, running: Mutex::default() }
    }

    /// Declares a driver's subscription and begins to work on it.
    pub(crate) async fn run(&self, driver: Arc<dyn Driver>) -> Result<(), StoreError> {
        let plan = driver.plan();
        let start = position_of(&self.store, plan.start).await?;
        read_side(&self.store)?.declare(&plan.name, plan.shards, start).await?;
        let (stopper, stop) = Stop::new();
        let run = Run {
            store: self.store.clone(),
            worker: self.worker,
            plan,
            driver,
            stop,
            settings: self.settings.clone(),
        };
        let name = Arc::clone(&run.plan.name);
        let task = tokio::spawn(run.forever());
        self.running.lock().await.push(Running { name, stopper, task });
        Ok(())
    }

    /// Waits until every subscription of this process, or of the store if there is none here, is done with everything
    /// that is in the log now.
    pub(crate) async fn caught_up(&self, timeout: Duration) -> Result<(), SubscriptionError> {
        let deadline = Instant::now() + timeout;
        let position = self.store.port().last_position().await?;
        let mut names: Vec<_> = self.running.lock().await.iter().map(|it| Arc::clone(&it.name)).collect();
        if names.is_empty() {
            let states = read_side(&self.store)?.subscriptions(None).await?;
            names.extend(states.into_iter().filter(|state| !state.paused).map(|state| state.name));
        }
        let mut behind = Vec::new();
        for name in names {
            if !self.reached(&name, position, deadline).await? {
                behind.push(name);
            }
        }
        if behind.is_empty() { Ok(()) } else { Err(SubscriptionError::Behind { names: behind, position }) }
    }

    /// Waits until a subscription is done with everything up to a position, in whatever process. Whether it was in
    /// time.
    pub(crate) async fn reached(
        &self,
        subscription: &str,
        position: Position,
        deadline: Instant,
    ) -> Result<bool, StoreError> {
        loop {
            let states = read_side(&self.store)?.subscriptions(Some(subscription)).await?;
            if states.first().is_some_and(|state| state.position() >= position) {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Lets every driver finish what it is at, and gives the leases back.
    pub(crate) async fn stop(&self) {
        let running = std::mem::take(&mut *self.running.lock().await);
        running.iter().for_each(|running| running.stopper.ask());
        for Running { task, .. } in running {
            // It does not panic: what panics inside is caught.
            let _ = task.await;
        }
        if let Ok(port) = read_side(&self.store) {
            // Unreachable as it may be now, the leases run out.
            let _ = port.leave(self.worker).await;
        }
    }
}

fn read_side(store: &Store) -> Result<&dyn ReadSide, StoreError> {
    store.port().read_side().ok_or(StoreError::Unsupported { store: "this store", what: "follow the log" })
}

async fn position_of(store: &Store, start: Start) -> Result<Position, StoreError> {
    match start {
        Start::Beginning => Ok(Position::START),
        Start::Now => store.port().last_position().await,
        Start::After(position) => Ok(position),
        Start::At(time) => before(store, time).await,
    }
}

/// The position after which the first event lies that was recorded at a time or later.
async fn before(store: &Store, time: Timestamp) -> Result<Position, StoreError> {
    let mut after = Position::START;
    loop {
        let (from, mut found) = (ReadLog { after, limit: 1_000 }, false);
        let mut visit = |event: LogEventRef<'_>| {
            found = event.event.recorded_at >= time;
            if found {
                return ControlFlow::Break(());
            }
            after = event.event.position;
            ControlFlow::Continue(())
        };
        let to = store.port().read_log(&from, &mut visit).await?;
        if found || to == from.after {
            return Ok(after);
        }
    }
}

struct Run {
    store: Store,
    worker: Uuid,
    plan: Plan,
    driver: Arc<dyn Driver>,
    stop: Stop,
    settings: EngineSettings,
}

impl Run {
    async fn forever(self) {
        while !self.stop.is_asked() {
            if let Err(error) = self.once().await {
                tracing::warn!(subscription = %self.plan.name, %error, "a subscription failed and goes on in a moment");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn once(&self) -> Result<(), StoreError> {
        let leases = self.claim().await?;
        if leases.is_empty() {
            tokio::time::sleep(PAUSE).await;
            return Ok(());
        }
        let (stopper, stop) = Stop::new();
        let after = leases.iter().map(|lease| lease.position).min().unwrap_or_default();
        let work = Work {
            store: self.store.clone(),
            shards: self.plan.shards,
            feed: Feed::new(self.store.clone(), self.plan.filter.clone(), after, stop.clone()),
            stop,
            progress: ProgressSender { send: Arc::new(tokio::sync::watch::Sender::new(None)) },
            leases: leases.clone(),
        };
        let mut working = AssertUnwindSafe(self.driver.work(work)).catch_unwind().boxed();
        loop {
            tokio::select! {
                done = &mut working => return done.unwrap_or_else(|_| {
                    tracing::error!(subscription = %self.plan.name, "a subscription panicked");
                    Ok(())
                }),
                () = self.stop.asked() => {
                    stopper.ask();
                    return working.await.unwrap_or(Ok(()));
                }
                () = tokio::time::sleep(self.settings.lease / 3) => {
                    let same = |a: &[Lease], b: &[Lease]| {
                        let tokens = |l: &[Lease]| l.iter().map(|l| (l.shard, l.token)).collect::<HashMap<_, _>>();
                        tokens(a) == tokens(b)
                    };
                    if !self.claim().await.is_ok_and(|now| same(&now, &leases)) {
                        stopper.ask();
                    }
                }
            }
        }
    }

    async fn claim(&self) -> Result<Vec<Lease>, StoreError> {
        let names = [self.plan.name.clone()];
        let claim = Claim { worker: self.worker, subscriptions: &names, ttl: self.settings.lease };
        Ok(read_side(&self.store)?
            .claim(claim)
            .await?
            .into_iter()
            .flat_map(|holding| holding.leases)
            .collect())
    }
}
