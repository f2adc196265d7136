use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use super::{Settings, appender::Appender, cache::Cache};
use crate::store::Store;

/// States in memory and the way into the store: one for each database that this process writes to, however many
/// applications there are on it. Two of them would meet in conflicts; one knows what it does.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) cache: Cache,
    pub(super) appender: Arc<Appender>,
}

/// The engines of this process, by the location of their database.
static ENGINES: Mutex<Option<HashMap<String, Weak<Engine>>>> = Mutex::new(None);

impl Engine {
    /// The engine of a database. The settings are those of the application that came first.
    pub(super) fn of(store: &Store, settings: &Settings) -> Arc<Self> {
        let Some(location) = store.port().location() else { return Self::new(store, settings) };
        let mut engines = ENGINES.lock().unwrap_or_else(PoisonError::into_inner);
        let engines = engines.get_or_insert_default();
        if let Some(engine) = engines.get(&location).and_then(Weak::upgrade) {
            return engine;
        }
        engines.retain(|_, engine| engine.strong_count() > 0);
        let engine = Self::new(store, settings);
        engines.insert(location, Arc::downgrade(&engine));
        engine
    }

    fn new(store: &Store, settings: &Settings) -> Arc<Self> {
        let appender = Arc::new(Appender::new(store.clone(), settings));
        Arc::new(Self { cache: Cache::new(settings.states), appender })
    }
}
