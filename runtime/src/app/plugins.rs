use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::App;
use crate::{
    domain::{Backoff, DeliveryPolicy, Domain, Start},
    event_handler::{Call, HandlerDriver, Handlers, Outcome},
    log::{Filter, LogEntry},
    middleware::Layers,
    monitor::Statistics,
    plugin::{Host, Plugin, PluginStatus, SUBSCRIPTION},
    store::StreamId,
    subscription::{Engine, SubscriptionError},
};

/// The plugins of an application in this process: see [`plugin`](crate::plugin). Cheap to clone.
#[derive(Clone)]
pub struct Plugins {
    host: Arc<Host>,
    engine: Weak<Engine>,
    statistics: Statistics,
    /// The subscription, from the first plugin on.
    running: Arc<OnceCell<()>>,
}

/// Why a plugin could not be registered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// There is one of this name.
    #[error("a plugin named `{name}` is registered already; unregister it first, or choose another name")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The application has been shut down.
    #[error("the application has been shut down: no plugin can be registered any more")]
    Closed,
    /// The subscription of the plugins cannot be run.
    #[error("plugins cannot follow the log: {0}")]
    Subscription(#[from] SubscriptionError),
}

impl<D: Domain> App<D> {
    /// The plugins of this application in this process: handlers that are registered, enabled and disabled while it runs.
    ///
    /// They see the events that are stored from the first registration on, ever: how far they have come is kept in the
    /// store. A process in which none is registered does not take part.
    pub fn plugins(&self) -> Plugins {
        self.shared.plugins.clone()
    }
}

impl Plugins {
    pub(super) fn new(engine: &Arc<Engine>, layers: Layers, statistics: Statistics) -> Self {
        let host = Arc::new(Host::new(layers, statistics.clone()));
        Self { host, engine: Arc::downgrade(engine), statistics, running: Arc::default() }
    }

    /// Adds a plugin. It is called with every event that it wants and that is stored after this has returned.
    ///
    /// # Errors
    /// [`PluginError::NameTaken`], [`PluginError::Closed`], [`PluginError::Subscription`].
    pub async fn register(&self, plugin: impl Plugin) -> Result<(), PluginError> {
        self.register_all([Box::new(plugin) as Box<dyn Plugin>]).await
    }

    /// Adds several plugins at once, or none of them. At the start of a process this is better than one after the other:
    /// what has come while no process ran is handled as soon as there is a plugin, and so by all of them.
    ///
    /// # Errors
    /// As [`Plugins::register`].
    pub async fn register_all(
        &self,
        plugins: impl IntoIterator<Item = Box<dyn Plugin>>,
    ) -> Result<(), PluginError> {
        let plugins: Vec<_> = plugins.into_iter().collect();
        let names: Vec<_> = plugins.iter().map(|plugin| plugin.name().to_owned()).collect();
        self.host.add(plugins).map_err(|name| PluginError::NameTaken { name })?;
        let begun = self.running.get_or_try_init(|| self.follow()).await;
        begun.copied().inspect_err(|_| {
            names.iter().for_each(|name| {
                self.host.remove(name);
            });
        })
    }

    /// Takes a plugin away; what it is at, it finishes. Whether there was one of that name.
    pub fn unregister(&self, name: &str) -> bool {
        self.host.remove(name)
    }

    /// Lets a plugin be called again. Events that came meanwhile have passed it by. Whether there is one of that name.
    pub fn enable(&self, name: &str) -> bool {
        self.host.set_enabled(name, true)
    }

    /// Lets a plugin not be called any more, until it is enabled. Whether there is one of that name.
    pub fn disable(&self, name: &str) -> bool {
        self.host.set_enabled(name, false)
    }

    /// How they stand, in the order in which they are called.
    pub fn list(&self) -> Vec<PluginStatus> {
        self.host.list()
    }

    /// Begins to follow the log.
    async fn follow(&self) -> Result<(), PluginError> {
        let engine = self.engine.upgrade().ok_or(PluginError::Closed)?;
        let call = Chain { host: self.host.clone(), engine: self.engine.clone() };
        // The chain ends by itself, so it is never given up from outside, and its plugins have timeouts of their own.
        let policy = DeliveryPolicy::new()
            .attempts(u32::MAX)
            .timeout(FOREVER)
            .backoff(Backoff::exponential(PAUSE).cap(LONGEST_PAUSE))
            .start(Start::Now);
        // They are no event handlers of the domain, so they stand on no list of these.
        let handlers = Handlers::new(Layers::new(), self.statistics.clone());
        let driver = HandlerDriver::of(SUBSCRIPTION.into(), policy, call, &handlers);
        Ok(engine.run(Arc::new(driver)).await?)
    }
}

/// The first pause before a plugin is tried again, and the longest.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

const FOREVER: Duration = Duration::from_secs(86_400);

/// The plugins as one handler.
struct Chain {
    host: Arc<Host>,
    engine: Weak<Engine>,
}

#[async_trait]
impl Call for Chain {
    /// What they want changes while they run, so it is in the filter.
    fn events(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn filter(&self) -> Filter {
        let host = self.host.clone();
        Filter::new().when(move |event| host.wants(event))
    }

    /// Each plugin is counted by itself.
    fn is_counted(&self) -> bool {
        false
    }

    async fn call(&self, entry: &LogEntry, _lane: &StreamId, _attempt: u32, _limit: Duration) -> Outcome {
        let Some(Ok(store)) = self.engine.upgrade().map(|engine| engine.store()) else {
            return Outcome::NotTried(None);
        };
        self.host.run(&store, entry).await.map_or_else(Outcome::Failed, |()| Outcome::Done)
    }
}

impl fmt::Debug for Plugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugins").field("plugins", &self.host).finish_non_exhaustive()
    }
}
