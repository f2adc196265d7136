use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{Settings, appender::Appender, cache::Cache};
use crate::store::Store;

/// States in memory and the way into the store: one for each database that this process writes to, however many
/// applications there are on it. Two of them would meet in conflicts; one knows what it does.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) cache: Cache,
    pub(super) appender: Arc<Appender>,
    location: Option<String>,
    store: Store,
    users: Mutex<Users>,
}

/// The executors that use an engine.
#[derive(Debug, Default)]
struct Users {
    running: usize,
    /// How many have the engine's own handle on the store, running or not.
    holding: usize,
}

/// An executor's use of an engine.
#[derive(Debug)]
pub(super) struct Use {
    engine: Arc<Engine>,
    holding: bool,
    left: AtomicBool,
}

type Engines = HashMap<String, Weak<Engine>>;

/// The engines of this process, by the location of their database.
static ENGINES: Mutex<Option<Engines>> = Mutex::new(None);

impl Engine {
    /// Begins to use the engine of a database. The settings are those of the application that came first.
    pub(super) fn join(store: &Store, settings: &Settings) -> Use {
        let Some(location) = store.port().location() else {
            return Self::new(store, settings, None).used_with(store);
        };
        let mut engines = lock(&ENGINES);
        let engines = engines.get_or_insert_default();
        let running = |engine: &Arc<Self>| lock(&engine.users).running > 0;
        if let Some(engine) = engines.get(&location).and_then(Weak::upgrade).filter(running) {
            return engine.used_with(store);
        }
        engines.retain(|_, engine| engine.strong_count() > 0);
        let engine = Self::new(store, settings, Some(location.clone()));
        engines.insert(location, Arc::downgrade(&engine));
        engine.used_with(store)
    }

    fn new(store: &Store, settings: &Settings, location: Option<String>) -> Arc<Self> {
        let appender = Arc::new(Appender::new(store.clone(), settings));
        let cache = Cache::new(settings.states);
        Arc::new(Self { cache, appender, location, store: store.clone(), users: Mutex::default() })
    }

    fn used_with(self: Arc<Self>, store: &Store) -> Use {
        let holding = Arc::ptr_eq(store.port(), self.store.port());
        let mut users = lock(&self.users);
        users.running += 1;
        users.holding += usize::from(holding);
        drop(users);
        Use { engine: self, holding, left: AtomicBool::new(false) }
    }
}

impl Use {
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Ends the use. The last one closes the store, unless somebody else holds it.
    pub(super) async fn leave(&self) {
        if !self.leaves_last() {
            return;
        }
        let Engine { store, users, .. } = &*self.engine;
        // The engine itself, its appender, and the executors that came with this very handle.
        let own = 2 + lock(users).holding;
        if store.holders() <= own {
            store.port().close().await;
        }
    }

    /// Takes the engine out of use, once; whether nobody is left. An engine without users is never joined again.
    fn leaves_last(&self) -> bool {
        if self.left.swap(true, Ordering::AcqRel) {
            return false;
        }
        let mut engines = lock(&ENGINES);
        let mut users = lock(&self.engine.users);
        users.running -= 1;
        let last = users.running == 0;
        if let (true, Some(location), Some(engines)) = (last, &self.engine.location, engines.as_mut()) {
            engines.remove(location);
        }
        last
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.leaves_last();
        lock(&self.engine.users).holding -= usize::from(self.holding);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
