//! The application: a domain, executed against a store.

mod agreement;
mod builder;
mod connect;
mod error;
mod follow;
mod handlers;
mod outlook;
mod plugins;
mod presence;
mod process_managers;
mod projections;
mod query;
mod registry;
mod retries;
mod sagas;
mod schedules;
mod timed;
mod watch;

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;

pub use agreement::{Agreement, Disagreement, Finding, Others, Rows, StoredEvent, StrandedSagas};
pub(crate) use agreement::{INSTANCES, is_ours};
pub use builder::Builder;
pub use connect::connect;
pub(crate) use connect::{Opening, is_address};
pub use error::{ShutdownError, StartError};
pub(crate) use outlook::{agreement_of, projections_of};
pub use plugins::{PluginError, Plugins};
use presence::Presence;
pub use registry::{Register, Registry, model_of};
use sagas::Posts;
use schedules::Schedules;
use watch::Watch;

use crate::{
    domain::{Aggregate, AggregateId, CommandHandlers, CommandOf, Create, Domain, Handle, PartOf},
    event_handler::Handlers,
    execute::{self, Execute, Executor, Loaded, Routes},
    log::{self, History, Log},
    monitor::{Statistics, StatisticsSnapshot},
    projection::{Declared, Rates},
    query::Source,
    saga::Wrap,
    store::StoreError,
    subscription::Engine,
};

/// A running domain. Cheap to clone; the clones share everything.
pub struct App<D: Domain> {
    shared: Arc<Shared<D>>,
}

struct Shared<D: Domain> {
    executor: Executor,
    handlers: Handlers,
    engine: Arc<Engine>,
    source: Arc<Source>,
    projections: Vec<Declared>,
    rates: Rates,
    deps: D::Deps,
    routes: Routes,
    posts: Posts,
    schedules: Schedules,
    wrap: Option<Wrap>,
    statistics: Statistics,
    watch: Watch,
    presence: Presence,
    plugins: Plugins,
}

impl<D: Domain> App<D> {
    /// Sends a command that creates an aggregate. Nothing happens until the result is awaited.
    ///
    /// Resolves to the receipt, or to [`ExecuteError`](execute::ExecuteError); `AlreadyExists` if the aggregate has
    /// events already.
    pub fn create<I, C, E>(&self, id: &I, command: C) -> Execute<E>
    where
        I: AggregateId,
        I::Aggregate: CommandHandlers + PartOf<D>,
        C: Create<I::Aggregate, Error = E>,
    {
        self.send::<I::Aggregate, C>(id, command)
    }

    /// Sends a command to an existing aggregate. Nothing happens until the result is awaited.
    ///
    /// Resolves to the receipt, or to [`ExecuteError`](execute::ExecuteError); `NotFound` if the aggregate has no
    /// events. If somebody else changes the aggregate meanwhile, the command is decided again on the new state,
    /// provided that it is `Clone`.
    pub fn execute<I, C, E>(&self, id: &I, command: C) -> Execute<E>
    where
        I: AggregateId,
        I::Aggregate: CommandHandlers + PartOf<D>,
        C: Handle<I::Aggregate, Error = E>,
    {
        self.send::<I::Aggregate, C>(id, command)
    }

    fn send<A, C>(&self, id: &A::Id, command: C) -> Execute<C::Error>
    where
        A: CommandHandlers + PartOf<D>,
        C: CommandOf<A>,
    {
        let (shared, id) = (self.shared.clone(), id.clone());
        Execute::new(move |options| {
            Box::pin(async move {
                let deps = <A as PartOf<D>>::supply(&shared.deps);
                shared.executor.execute(id, command, options, deps).await
            })
        })
    }

    /// The state of an aggregate as it stands in the store; `None` if it has no events.
    ///
    /// # Errors
    /// [`StoreError::Undecodable`] and [`StoreError::UnknownEvent`] when one of its events cannot be read,
    /// [`StoreError::OutOfPlace`] when one does not fit where it stands, and what the store itself may fail with.
    pub fn load<'a, A: Aggregate>(
        &'a self,
        id: &'a A::Id,
    ) -> BoxFuture<'a, Result<Option<Loaded<A>>, StoreError>> {
        Box::pin(execute::load(self.shared.executor.store().port().as_ref(), id))
    }

    /// The state of an aggregate after its first `version` events; `None` if it has fewer.
    ///
    /// # Errors
    /// As [`App::load`].
    pub fn load_at<'a, A: Aggregate>(
        &'a self,
        id: &'a A::Id,
        version: u64,
    ) -> BoxFuture<'a, Result<Option<Loaded<A>>, StoreError>> {
        Box::pin(execute::load_at(self.shared.executor.store().port().as_ref(), id, version))
    }

    /// The events of an aggregate, from the first. An event that cannot be read is an error in its place; the
    /// stream goes on after it.
    pub fn history<A: Aggregate>(&self, id: &A::Id) -> History<A::Event> {
        log::history::<A>(self.shared.executor.store(), id)
    }

    /// The log: the events of all aggregates in the order in which they were stored.
    pub fn log(&self) -> Log {
        Log::new(self.shared.executor.store().clone())
    }

    /// What was counted and timed in this process, and how far the subscriptions of the store are behind its log.
    /// Handlers and projections are always counted; commands and the events that they store where the application has
    /// the layer of [`Builder::metrics`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn statistics(&self) -> Result<StatisticsSnapshot, StoreError> {
        self.shared.statistics.snapshot(self.shared.executor.store()).await
    }

    /// Finishes the commands that are under way, refuses further ones ([`StoreError::Closed`]), and closes the store
    /// unless somebody else holds it too.
    ///
    /// # Errors
    /// None today; what workers may fail with as they stop will be told here.
    pub async fn shutdown(&self) -> Result<(), ShutdownError> {
        self.shared.engine.stop().await;
        self.shared.watch.end().await;
        self.shared.executor.finish().await;
        // Only now nothing is written any more.
        self.shared.presence.end().await;
        self.shared.executor.close().await;
        Ok(())
    }
}

impl<D: Domain> Clone for App<D> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<D: Domain> fmt::Debug for App<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("domain", &D::NAME).field("executor", &self.shared.executor).finish()
    }
}
