use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use super::Plugin;
use crate::{log::Filter, monitor::CATEGORY, store::LogEventRef};

/// A plugin that is registered.
pub(super) struct Entry {
    pub(super) name: Arc<str>,
    pub(super) priority: i32,
    pub(super) timeout: Duration,
    pub(super) plugin: Box<dyn Plugin>,
    filter: Filter,
    /// Whether it has asked for the framework's own events.
    monitors: bool,
    enabled: AtomicBool,
    handled: AtomicU64,
    failures: AtomicU64,
    given_up: AtomicU64,
    last_error: Mutex<Option<String>>,
}

/// How a plugin stands in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PluginStatus {
    /// Its name.
    pub name: Arc<str>,
    /// Plugins with a greater number come first.
    pub priority: i32,
    /// Whether it is called.
    pub enabled: bool,
    /// How many events it has handled.
    pub handled: u64,
    /// How many of its attempts have failed.
    pub failures: u64,
    /// How many events it was not able to handle: the chain went on without it.
    pub given_up: u64,
    /// What went wrong last: the error, and its causes.
    pub last_error: Option<String>,
}

impl Entry {
    pub(super) fn new(plugin: Box<dyn Plugin>) -> Self {
        let filter = plugin.filter();
        Self {
            name: plugin.name().into(),
            priority: plugin.priority(),
            timeout: plugin.timeout(),
            monitors: filter.asks_for_category(CATEGORY),
            filter,
            plugin,
            enabled: AtomicBool::new(true),
            handled: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
            last_error: Mutex::default(),
        }
    }

    /// Whether it is to be called with this event.
    pub(super) fn wants(&self, event: LogEventRef<'_>) -> bool {
        self.enabled.load(Relaxed)
            && (self.monitors || event.stream.category() != CATEGORY)
            && self.filter.matches(event)
    }

    pub(super) fn set_enabled(&self, enabled: bool) {
        self.enabled.store(enabled, Relaxed);
    }

    pub(super) fn handled(&self) {
        self.handled.fetch_add(1, Relaxed);
    }

    pub(super) fn failed(&self, errors: &[String]) {
        self.failures.fetch_add(1, Relaxed);
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(errors.join(": "));
    }

    pub(super) fn gave_up(&self) {
        self.given_up.fetch_add(1, Relaxed);
    }

    pub(super) fn status(&self) -> PluginStatus {
        PluginStatus {
            name: self.name.clone(),
            priority: self.priority,
            enabled: self.enabled.load(Relaxed),
            handled: self.handled.load(Relaxed),
            failures: self.failures.load(Relaxed),
            given_up: self.given_up.load(Relaxed),
            last_error: self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
