use std::{
    cmp::Reverse,
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard},
};

use super::{Plugin, PluginStatus, chain::Progress, entry::Entry};
use crate::{domain::Position, log::LogEntry, middleware::Layers, monitor::Statistics, store::LogEventRef};

/// The plugins of a process.
pub(crate) struct Host {
    /// In the order in which they are called.
    entries: RwLock<Vec<Arc<Entry>>>,
    /// How far the chains have come that are to be tried again.
    unfinished: Mutex<HashMap<Position, Progress>>,
    pub(super) layers: Layers,
    pub(super) statistics: Statistics,
}

/// More chains than this are not remembered; they begin anew.
const MOST: usize = 10_000;

impl Host {
    pub(crate) fn new(layers: Layers, statistics: Statistics) -> Self {
        Self { entries: RwLock::default(), unfinished: Mutex::default(), layers, statistics }
    }

    /// Adds plugins, or none of them where a name is taken.
    ///
    /// # Errors
    /// The name.
    pub(crate) fn add(&self, plugins: Vec<Box<dyn Plugin>>) -> Result<(), String> {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let mut all = entries.clone();
        for added in plugins.into_iter().map(Entry::new) {
            if all.iter().any(|entry| entry.name == added.name) {
                return Err(added.name.to_string());
            }
            all.push(Arc::new(added));
        }
        all.sort_by_key(|entry| Reverse(entry.priority));
        *entries = all;
        Ok(())
    }

    /// Removes a plugin. Whether there was one of that name.
    pub(crate) fn remove(&self, name: &str) -> bool {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        let before = entries.len();
        entries.retain(|entry| *entry.name != *name);
        entries.len() < before
    }

    /// Lets a plugin be called, or not. Whether there is one of that name.
    pub(crate) fn set_enabled(&self, name: &str, enabled: bool) -> bool {
        let entries = self.entries();
        let found = entries.iter().find(|entry| *entry.name == *name);
        found.inspect(|entry| entry.set_enabled(enabled)).is_some()
    }

    /// How they stand, in the order in which they are called.
    pub(crate) fn list(&self) -> Vec<PluginStatus> {
        self.entries().iter().map(|entry| entry.status()).collect()
    }

    /// Whether some plugin wants an event.
    pub(crate) fn wants(&self, event: LogEventRef<'_>) -> bool {
        self.entries().iter().any(|entry| entry.wants(event))
    }

    /// Those that want an event now, in their order.
    pub(super) fn wanting(&self, event: &LogEntry) -> Vec<Arc<Entry>> {
        self.entries().iter().filter(|entry| entry.wants(event.as_log_event())).cloned().collect()
    }

    /// How far the chain of an event has come in this process.
    pub(super) fn resume(&self, position: Position) -> Progress {
        self.unfinished.lock().unwrap_or_else(PoisonError::into_inner).remove(&position).unwrap_or_default()
    }

    /// Remembers how far the chain of an event has come.
    pub(super) fn pause(&self, position: Position, progress: Progress) {
        let mut unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        if unfinished.len() >= MOST {
            unfinished.clear();
        }
        unfinished.insert(position, progress);
    }

    fn entries(&self) -> RwLockReadGuard<'_, Vec<Arc<Entry>>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries().iter().map(|entry| entry.name.clone())).finish()
    }
}
