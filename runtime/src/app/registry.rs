use std::{
    any::Any,
    collections::BTreeMap,
    fmt,
    sync::{Arc, Weak},
};

use super::{App, Shared, StartError, agreement::KnownSaga, process_managers, schedules};
use crate::{
    domain::{CommandHandlers, Domain, EventHandler, PartOf, Projection, Supply},
    event_handler::{HandlerDriver, World},
    execute::{Executor, Inlines, Office, Routes},
    model::{Building, Describe, Model},
    process_manager::ProcessManager,
    projection::{Declared, DocumentDriver, Folds, InlineProjection},
    saga::{AnySaga, Saga, SagaDriver, Sagas},
    schedule::Commands,
    store::{Store, StreamId},
    subscription::Driver,
};

/// What follows the log in a domain: its projections and event handlers. `gesta::domain!` writes this.
pub trait Register: Domain {
    /// Names all of them.
    fn register(_registry: &mut Registry<Self>) {}

    /// Describes all of its parts, for a [`Model`](crate::model::Model).
    fn describe<M: Describe>(_to: &mut M) {}
}

/// A whole domain as data.
pub fn model_of<D: Register>() -> Model {
    let mut building = Building::of::<D>();
    D::describe(&mut building);
    building.finish()
}

/// Collects what follows the log in a domain.
pub struct Registry<D: Domain> {
    drivers: Vec<MakeDriver<D>>,
    projections: Vec<Declared>,
    inlines: Inlines,
    routes: Routes,
    commands: Commands,
    /// The definitions of each saga, by its name.
    sagas: BTreeMap<&'static str, Vec<MakeSaga<D>>>,
    known_sagas: Vec<KnownSaga>,
    mistake: Option<StartError>,
}

/// Makes a driver once there is a store and an application.
type MakeDriver<D> = Box<dyn FnOnce(&Store, &WeakApp<D>) -> Arc<dyn Driver> + Send>;

/// Makes a definition of a saga once there is an application.
type MakeSaga<D> = Box<dyn FnOnce(&WeakApp<D>) -> Arc<dyn AnySaga> + Send>;

/// An application that does not keep itself running: what runs inside of it has it in this form.
pub(crate) struct WeakApp<D: Domain>(Weak<Shared<D>>);

impl<D: Domain> WeakApp<D> {
    pub(super) fn of(app: &App<D>) -> Self {
        Self(Arc::downgrade(&app.shared))
    }

    /// The application; none once everybody else has dropped it.
    pub(crate) fn upgrade(&self) -> Option<App<D>> {
        self.0.upgrade().map(|shared| App { shared })
    }
}

impl<D: Domain> Clone for WeakApp<D> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<D: Domain> Office for App<D> {
    fn executor(&self) -> &Executor {
        &self.shared.executor
    }

    fn deps(&self) -> &(dyn Any + Send + Sync) {
        &self.shared.deps
    }

    fn routes(&self) -> &Routes {
        &self.shared.routes
    }

    fn look_at(&self, saga: &str, stream: &StreamId) {
        self.shared.posts.look_at(saga, stream);
    }
}

impl<D: Domain, H: EventHandler> World<H> for WeakApp<D>
where
    for<'d> H::Deps<'d>: Supply<'d, D::Deps>,
{
    type Held = App<D>;

    fn hold(&self) -> Option<App<D>> {
        self.upgrade()
    }

    fn deps(app: &App<D>) -> H::Deps<'_> {
        Supply::supply(&app.shared.deps)
    }

    fn app(app: &App<D>) -> &(dyn Any + Send + Sync) {
        app
    }
}

impl<D: Domain> Registry<D> {
    pub(super) fn new() -> Self {
        Self {
            drivers: Vec::new(),
            projections: Vec::new(),
            inlines: Inlines::default(),
            routes: Routes::default(),
            commands: Commands::default(),
            sagas: BTreeMap::new(),
            known_sagas: Vec::new(),
            mistake: None,
        }
    }

    /// A projection, and what it is folded from.
    pub fn projection<P: Projection>(&mut self, folds: Folds<P>) {
        self.projections.push(Declared::of::<P>());
        let folds = Arc::new(folds);
        if P::INLINE {
            self.inline(&folds);
        }
        self.drivers.push(Box::new(|_, app| {
            let statistics = app.upgrade().map(|app| app.shared.statistics.clone()).unwrap_or_default();
            Arc::new(DocumentDriver::new(folds, statistics))
        }));
    }

    /// An aggregate: sagas and process managers can send to it.
    pub fn aggregate<A: CommandHandlers + PartOf<D>>(&mut self) {
        self.routes.add::<D, A>();
        self.commands.add::<A>();
    }

    /// A saga, whose dependencies the domain provides.
    pub fn saga<S: Saga>(&mut self)
    where
        for<'d> S::Deps<'d>: Supply<'d, D::Deps>,
    {
        let make: MakeSaga<D> = Box::new(|weak| {
            let saga: Arc<dyn AnySaga> = Arc::new(Sagas::<S, _>::new(weak.clone()));
            let app = weak.upgrade();
            let wrap = app.as_ref().and_then(|app| app.shared.wrap.as_ref());
            wrap.map_or(saga.clone(), |wrap| wrap(saga))
        });
        self.sagas.entry(S::NAME).or_default().push(make);
        self.known_sagas.push(KnownSaga::of::<S>());
    }

    /// A process manager.
    pub fn process_manager<P: ProcessManager>(&mut self) {
        self.drivers.push(Box::new(|_, app| process_managers::driver::<D, P>(app)));
    }

    /// An event handler, whose dependencies the domain provides.
    pub fn event_handler<H: EventHandler>(&mut self)
    where
        for<'d> H::Deps<'d>: Supply<'d, D::Deps>,
    {
        self.drivers.push(Box::new(|_, app| {
            let handlers = app.upgrade().map(|app| app.shared.handlers.clone()).unwrap_or_default();
            Arc::new(HandlerDriver::new::<H>(app.clone(), &handlers))
        }));
    }

    fn inline<P: Projection>(&mut self, folds: &Arc<Folds<P>>) {
        match &folds.categories()[..] {
            [category] => self.inlines.add(category, Arc::new(InlineProjection::new(folds.clone()))),
            several => {
                let aggregates = several.join(", ");
                self.mistake = Some(StartError::Inline { projection: P::NAME, aggregates });
            }
        }
    }

    /// What was named, to be built into an application.
    pub(super) fn take_parts(&mut self) -> Result<(Vec<Declared>, Inlines, Routes), StartError> {
        let parts = (
            std::mem::take(&mut self.projections),
            std::mem::take(&mut self.inlines),
            std::mem::take(&mut self.routes),
        );
        self.mistake.take().map_or(Ok(parts), Err)
    }

    pub(super) fn take_sagas(&mut self) -> Vec<KnownSaga> {
        std::mem::take(&mut self.known_sagas)
    }

    pub(super) fn into_drivers(self, app: &App<D>) -> Vec<Arc<dyn Driver>> {
        let (store, weak) = (app.shared.executor.store(), WeakApp::of(app));
        let drivers = self.drivers.into_iter().map(|make| make(store, &weak));
        let sagas = self.sagas.into_iter().filter_map(|(name, definitions)| {
            let mut definitions = definitions.into_iter().map(|make| make(&weak));
            let first = definitions.next()?;
            let driver = {
                let (post, statistics) = (app.shared.posts.named(name), app.shared.statistics.clone());
                SagaDriver::new(first, definitions.collect(), post, statistics)
            };
            Some(Arc::new(driver) as Arc<dyn Driver>)
        });
        let sends = schedules::driver(&weak, self.commands);
        drivers.chain(sagas).chain(sends).collect()
    }
}

impl<D: Domain> fmt::Debug for Registry<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("drivers", &self.drivers.len()).finish()
    }
}
