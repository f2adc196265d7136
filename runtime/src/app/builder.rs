use std::{fmt, sync::Arc, time::Duration};

use super::{
    Agreement, App, Plugins, Register, Registry, Shared, StartError, agreement::Applicant,
    presence::Presence, retries::Retries, sagas::Posts, schedules::Schedules, watch::Watch,
};
use crate::{
    domain::{AggregateId, CommandHandlers, CommandOf, Dispatch, Domain, PartOf},
    event_handler::{DeadLetters, Handlers},
    execute::{Executor, Outgoing, Settings},
    middleware::{Layers, Metrics, Middleware},
    monitor::Statistics,
    projection::{Rates, SqlDriver, SqlProjection, check_sql, promote_when_built},
    query::Source,
    saga::Wrap,
    schedule::{IntoTimes, InvalidTimes, Missed, Recurrences, Recurring},
    store::{Store, StoreError},
    subscription::{Driver, Engine, EngineSettings},
};

/// An application about to be started.
pub struct Builder<D: Domain> {
    store: Store,
    deps: D::Deps,
    settings: Settings,
    follow: EngineSettings,
    layers: Layers,
    statistics: Statistics,
    tables: Vec<Arc<dyn Driver>>,
    recurring: Vec<(String, Result<Recurring, InvalidTimes>)>,
    retries: Vec<(String, Result<Retries, InvalidTimes>)>,
    wrap: Option<Wrap>,
    release: Option<String>,
    allow_older: bool,
}

impl<D: Domain> Builder<D> {
    /// A domain on a store, with what its handlers need.
    pub fn new(store: Store, deps: D::Deps) -> Self {
        Self {
            store,
            deps,
            settings: Settings::default(),
            follow: EngineSettings::default(),
            layers: Layers::new(),
            statistics: Statistics::new(),
            tables: Vec::new(),
            recurring: Vec::new(),
            retries: Vec::new(),
            wrap: None,
            release: None,
            allow_older: false,
        }
    }

    /// The largest payload of one event in bytes; 1,000,000 by default.
    pub fn payload_limit(mut self, bytes: usize) -> Self {
        self.settings.payload_limit = bytes;
        self
    }

    /// How many aggregates keep their state in memory; 32,768 by default.
    pub fn states_in_memory(mut self, states: usize) -> Self {
        self.settings.states = states;
        self
    }

    /// How many commands may wait to be stored before more are refused as busy; 4,096 by default.
    pub fn queue(mut self, commands: usize) -> Self {
        self.settings.queue = commands;
        self
    }

    /// How many commands share a transaction at most; 128 by default.
    pub fn batch(mut self, commands: usize) -> Self {
        self.settings.batch = commands;
        self
    }

    /// How many transactions of this application are under way at a time; 1 by default.
    pub fn lanes(mut self, lanes: usize) -> Self {
        self.settings.lanes = lanes;
        self
    }

    /// How often a command is decided again after a conflict; 16 times by default.
    pub fn conflict_retries(mut self, times: u32) -> Self {
        self.settings.retries = times;
        self
    }

    /// How long a command may take unless it says otherwise; 30 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// How long this process may work on its share of a subscription without renewing the lease of it; 10 seconds by
    /// default. A process that is gone without a word is replaced after so long.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.follow.lease = lease;
        self
    }

    /// What people call this program, for those that run beside it; the name and version of its package by default.
    pub fn release(mut self, release: impl Into<String>) -> Self {
        self.release = Some(release.into());
        self
    }

    /// Starts the application although it cannot read everything that the store holds or that others write, or others
    /// that run cannot read what it writes: [`StartError::Disagreement`] is logged as a warning instead. For deliberate
    /// cases, such as an older program that never meets the newer events, or a newer one beside older ones that are about
    /// to end. Whoever meets an event that it cannot read fails there.
    pub fn allow_older(mut self) -> Self {
        self.allow_older = true;
        self
    }

    /// Puts a layer around commands and deliveries, inside of those that were given before.
    pub fn layer(mut self, layer: impl Middleware) -> Self {
        self.layers = self.layers.with(layer);
        self
    }

    /// Counts and times commands and the events that they store, at this place among the layers: see
    /// [`App::statistics`].
    pub fn metrics(self) -> Self {
        let layer = Metrics::new(self.statistics.clone());
        self.layer(layer)
    }

    /// Stores an event `gesta.slow` when an attempt of a handler takes longer than this, at most one a minute for each
    /// handler.
    pub fn slow_event(self, limit: Duration) -> Self {
        self.statistics.set_thresholds(|thresholds| thresholds.slow = Some(limit));
        self
    }

    /// Stores an event `gesta.error_rate` when a larger part than this of a handler's attempts fails within a time of at
    /// most a minute, and at most one in that time for each handler. Fewer than five attempts say nothing.
    pub fn error_rate(self, part: f64, within: Duration) -> Self {
        self.statistics.set_thresholds(|thresholds| thresholds.error_rate = Some((part, within)));
        self
    }

    /// Runs a projection in tables of the application's own too. A process that is started with
    /// [`Builder::commands_only`] runs none.
    pub fn sql_projection(mut self, projection: impl SqlProjection) -> Self {
        self.tables.push(Arc::new(SqlDriver::new(projection)));
        self
    }

    /// Sends a command again and again, by the clock of the database: at the times of a cron expression in UTC (`0 3 * * *`,
    /// with the feature `cron`), or every [`Duration`]. Each time is sent once, by one of the processes that have something
    /// that recurs by this name; of the times that pass while there is none, the last is made up for.
    ///
    /// A name is for ever: it stands in the store with the time that comes next. The closure is called at each time.
    pub fn recurring<I, C>(
        self,
        name: impl Into<String>,
        times: impl IntoTimes,
        make: impl Fn() -> Dispatch<I, C> + Send + Sync + 'static,
    ) -> Self
    where
        I: AggregateId,
        I::Aggregate: CommandHandlers + PartOf<D>,
        C: CommandOf<I::Aggregate>,
    {
        self.recurring_with(name, times, Missed::Last, make)
    }

    /// The same, and says what becomes of times that pass while nobody is there.
    pub fn recurring_with<I, C>(
        mut self,
        name: impl Into<String>,
        times: impl IntoTimes,
        missed: Missed,
        make: impl Fn() -> Dispatch<I, C> + Send + Sync + 'static,
    ) -> Self
    where
        I: AggregateId,
        I::Aggregate: CommandHandlers + PartOf<D>,
        C: CommandOf<I::Aggregate>,
    {
        let (name, make) = (name.into(), move || Outgoing::new(make()));
        self.recurring.push((name.clone(), Recurring::new(name, times.into_times(), missed, make)));
        self
    }

    /// Retries dead letters again and again, by the clock of the database: at the times of a cron expression in UTC
    /// (`0 3 * * *`, with the feature `cron`), or every [`Duration`]. The closure says which; permanent ones are left
    /// alone. Each time is used once, by one of the processes with workers that have a rule of this name; times that pass
    /// while there is none are not made up for. Decisions are told as those of people, by the actor `schedule <name>`.
    ///
    /// ```
    /// # use gesta::{Builder, domain::Domain, prelude::*};
    /// # fn with_retries<D: Domain>(builder: Builder<D>) -> Builder<D> {
    /// builder.retry_dead_letters("mail", Duration::from_secs(3_600), |letters| {
    ///     letters.handler("statements").error_contains("mail server")
    /// })
    /// # }
    /// ```
    pub fn retry_dead_letters(
        mut self,
        name: impl Into<String>,
        times: impl IntoTimes,
        which: impl Fn(DeadLetters) -> DeadLetters + Send + Sync + 'static,
    ) -> Self {
        let name = name.into();
        let retries = Retries::new(&name, times.into_times(), which);
        self.retries.push((name, retries));
        self
    }

    /// Puts something around its sagas.
    pub(crate) fn wrap_sagas(mut self, wrap: Wrap) -> Self {
        self.wrap = Some(wrap);
        self
    }

    /// How this program and the store stand towards each other, without starting it: what would keep it from starting, the
    /// instances of its sagas that it would not go on with, and who runs.
    ///
    /// # Errors
    /// What the store fails with.
    pub async fn agreement(&self) -> Result<Agreement, StoreError>
    where
        D: Register,
    {
        self.applicant().look(&self.store).await
    }

    fn applicant(&self) -> Applicant
    where
        D: Register,
    {
        let mut registry = Registry::<D>::new();
        D::register(&mut registry);
        Applicant::new::<D>(registry.take_sagas(), self.release.clone(), self.allow_older)
    }

    /// Starts the application, with its workers.
    ///
    /// # Errors
    /// [`StartError::Store`] when the store does not answer. [`StartError::Disagreement`] when this program, the store and
    /// those that run on it do not agree.
    pub async fn start(mut self) -> Result<App<D>, StartError>
    where
        D: Register,
    {
        let tables = std::mem::take(&mut self.tables);
        let retries = Retries::all(std::mem::take(&mut self.retries))?;
        let (app, registry) = self.build(Role::Worker).await?;
        match begin(&app, registry, tables, retries).await {
            Ok(()) => Ok(app),
            Err(error) => {
                app.shared.presence.end().await;
                Err(error)
            }
        }
    }

    /// Starts the application without workers: another process runs them.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub async fn commands_only(self) -> Result<App<D>, StartError>
    where
        D: Register,
    {
        Ok(self.build(Role::Commands).await?.0)
    }

    async fn build(self, role: Role) -> Result<(App<D>, Registry<D>), StartError>
    where
        D: Register,
    {
        let applicant = self.applicant();
        let Self { store, deps, settings, follow, layers, statistics, recurring, wrap, .. } = self;
        let mut registry = Registry::new();
        D::register(&mut registry);
        let recurrences = recurrences(recurring)?;
        let (projections, inlines, routes) = registry.take_parts()?;
        let lease = follow.lease;
        let engine = Arc::new(Engine::new(store.clone(), follow));
        let joined = applicant.join(&store, engine.id(), lease).await?;
        let presence = match (joined, role) {
            (false, _) => Presence::untold(),
            (true, Role::Worker) => Presence::leased(store.clone(), engine.id()),
            (true, Role::Commands) => Presence::beating(store.clone(), applicant.member(engine.id()), lease),
        };
        let source = Arc::new(Source::new(&engine));
        let watch = Watch::begin(&store, &statistics);
        let executor = Executor::new(store, settings, layers.clone()).with_inlines(inlines);
        let handlers = Handlers::new(layers.clone(), statistics.clone());
        let plugins = Plugins::new(&engine, layers, statistics.clone());
        let shared = Shared {
            executor,
            engine,
            source,
            projections,
            rates: Rates::default(),
            handlers,
            deps,
            routes,
            posts: Posts::default(),
            schedules: Schedules::new(recurrences),
            wrap,
            statistics,
            watch,
            presence,
            plugins,
        };
        Ok((App { shared: Arc::new(shared) }, registry))
    }
}

/// What an application is started for.
#[derive(Clone, Copy)]
enum Role {
    /// It works on shards.
    Worker,
    /// Others do.
    Commands,
}

/// Lets the workers of an application begin.
async fn begin<D: Register>(
    app: &App<D>,
    registry: Registry<D>,
    tables: Vec<Arc<dyn Driver>>,
    retries: Vec<Retries>,
) -> Result<(), StartError> {
    let (engine, store) = (&app.shared.engine, app.shared.executor.store());
    for declared in &app.shared.projections {
        declared.declare(store).await?;
    }
    if !tables.is_empty() {
        check_sql(store)?;
    }
    for driver in registry.into_drivers(app).into_iter().chain(tables) {
        engine.run(driver).await?;
    }
    for declared in app.shared.projections.clone() {
        let store = store.clone();
        engine.spawn(move |stop| promote_when_built(store, declared, stop))?;
    }
    for retries in retries {
        let (store, handlers) = (store.clone(), app.shared.handlers.clone());
        engine.spawn(move |stop| retries.run(store, handlers, stop))?;
    }
    Ok(())
}

/// What recurs, unless something of it cannot.
fn recurrences(given: Vec<(String, Result<Recurring, InvalidTimes>)>) -> Result<Recurrences, StartError> {
    let mut all: Vec<Recurring> = Vec::with_capacity(given.len());
    for (name, recurring) in given {
        if all.iter().any(|other| other.name() == name) {
            return Err(StartError::RecurringTwice { name });
        }
        all.push(recurring.map_err(|source| StartError::Recurring { name, source })?);
    }
    Ok(Arc::new(all))
}

impl<D: Domain> fmt::Debug for Builder<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("domain", &D::NAME)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
