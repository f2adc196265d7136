use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{App, registry::WeakApp, timed::Timed};
use crate::{
    domain::Domain,
    event_handler::{Call, HandlerDriver, Outcome, outcome_of},
    log::{Filter, LogEntry},
    process_manager::{self, FiresDeadlines, Instance, ProcessManager, Reactor},
    store::{StoreError, StreamId},
    subscription::Driver,
};

impl<D: Domain> App<D> {
    /// An instance of a process manager as it stands, with its deadlines; `None` where it has not reacted to anything.
    /// What it has reacted to so far stands in its stream, `process.<name>/<key>`.
    ///
    /// # Errors
    /// What the store may fail with; [`StoreError::Backend`] when what is kept cannot be read by this program.
    pub async fn process_manager<P: ProcessManager>(
        &self,
        key: &P::Key,
    ) -> Result<Option<Instance<P>>, StoreError> {
        process_manager::load(self.shared.executor.store(), &key.to_string()).await
    }

    /// The instances of a process manager, in the order of their keys' texts: those after a key, at most `limit`.
    ///
    /// # Errors
    /// As [`App::process_manager`].
    pub async fn process_managers<P: ProcessManager>(
        &self,
        after: Option<&str>,
        limit: u64,
    ) -> Result<Vec<Instance<P>>, StoreError> {
        process_manager::list(self.shared.executor.store(), after.map(str::to_owned), limit).await
    }
}

/// What runs a process manager.
pub(super) fn driver<D: Domain, P: ProcessManager>(app: &WeakApp<D>) -> Arc<dyn Driver> {
    let handlers = app.upgrade().map(|app| app.shared.handlers.clone()).unwrap_or_default();
    let reactor = Reactor::<P>::new();
    let (name, wheel) = (reactor.name(), reactor.wheel().clone());
    let call = Manages { reactor, app: app.clone() };
    let handler = HandlerDriver::of(name.into(), P::policy(), call, &handlers);
    Arc::new(Timed { handler, timers: vec![(wheel, Box::new(FiresDeadlines::<P>::new()))] })
}

/// A process manager as what events are delivered to.
struct Manages<D: Domain, P: ProcessManager> {
    reactor: Reactor<P>,
    app: WeakApp<D>,
}

#[async_trait]
impl<D: Domain, P: ProcessManager> Call for Manages<D, P> {
    /// Nobody waits for it: its order is that of its instances.
    fn events(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn filter(&self) -> Filter {
        self.reactor.filter()
    }

    fn lanes(&self, entry: &LogEntry) -> Vec<StreamId> {
        self.reactor.lanes(entry)
    }

    async fn call(&self, entry: &LogEntry, lane: &StreamId, _attempt: u32, limit: Duration) -> Outcome {
        let Some(app) = self.app.upgrade() else { return Outcome::NotTried(None) };
        outcome_of(self.reactor.take(&app, entry, lane), limit).await
    }
}
