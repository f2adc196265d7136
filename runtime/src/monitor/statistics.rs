use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use super::{
    alarm::{Alarm, Alarms, Thresholds},
    lag, sagas,
    series::Series,
    snapshot::{self, StatisticsSnapshot},
};
use crate::{
    domain::Position,
    store::{Store, StoreError},
};

/// Counts and times what an application does, by whoever does it. Cheap to clone; clones count into the same.
///
/// A count costs a look into a table and some numbers: less than a microsecond.
///
/// ```
/// # use std::time::Duration;
/// # use gesta::{domain::Position, monitor::Statistics};
/// let statistics = Statistics::new();
/// statistics.handled("statements", "account.withdrawn", Position::START, Duration::from_millis(3), true);
/// let handlers = statistics.counted().handlers;
/// assert_eq!(handlers["statements"].count, 1);
/// ```
#[derive(Clone)]
pub struct Statistics {
    inner: Arc<Inner>,
}

struct Inner {
    begun: Instant,
    commands: Table,
    appended: Table,
    events: Table,
    handlers: Table,
    projections: Table,
    steps: Table,
    doubts: Table,
    undo_failures: Table,
    alarms: Alarms,
}

impl Statistics {
    /// Nothing counted yet, and no thresholds.
    pub fn new() -> Self {
        let inner = Inner {
            begun: Instant::now(),
            commands: Table::default(),
            appended: Table::default(),
            events: Table::default(),
            handlers: Table::default(),
            projections: Table::default(),
            steps: Table::default(),
            doubts: Table::default(),
            undo_failures: Table::default(),
            alarms: Alarms::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Changes the thresholds: handlers that cross one from now on are told of by an event.
    pub fn set_thresholds(&self, change: impl FnOnce(&mut Thresholds)) {
        self.inner.alarms.set_thresholds(change);
    }

    /// A command took so long, and was executed or not.
    pub fn executed(&self, command: &str, took: Duration, ok: bool) {
        self.inner.commands.of(command).add(self.second(), Some(took), 1, ok);
    }

    /// A command has stored an event of this name.
    pub fn appended(&self, event: &str) {
        self.inner.appended.of(event).add(self.second(), None, 1, true);
    }

    /// An attempt of a handler at an event took so long, and failed or not.
    pub fn handled(&self, handler: &str, event: &str, position: Position, took: Duration, ok: bool) {
        let second = self.second();
        self.inner.events.of(event).add(second, Some(took), 1, ok);
        let series = self.inner.handlers.of(handler);
        series.add(second, Some(took), 1, ok);
        self.inner.alarms.look(&Attempt { handler, event, position, took, ok, second }, &series);
    }

    /// A projection has folded a batch of so many events, or failed to, in so long.
    pub fn folded(&self, projection: &str, events: u64, took: Duration, ok: bool) {
        if events > 0 {
            let each = took.div_f64(events as f64);
            self.inner.projections.of(projection).add(self.second(), Some(each), events, ok);
        }
    }

    /// An attempt at a step of a saga, or at undoing it, has come to an end after so long.
    pub(crate) fn stepped(&self, saga: &str, step: &str, undo: bool, took: Duration, ok: bool) {
        let name = format!("{saga}.{step}{}", if undo { "/undo" } else { "" });
        self.inner.steps.of(&name).add(self.second(), Some(took), 1, ok);
        if undo && !ok {
            self.inner.undo_failures.of(saga).add(self.second(), None, 1, false);
        }
    }

    /// An attempt has ended, and nobody knows whether the step has happened.
    pub(crate) fn doubted(&self, saga: &str) {
        self.inner.doubts.of(saga).add(self.second(), None, 1, true);
    }

    /// What was counted so far, without what stands in the store.
    pub fn counted(&self) -> StatisticsSnapshot {
        let second = self.second();
        let Inner { commands, appended, events, handlers, projections, steps, .. } = &*self.inner;
        StatisticsSnapshot {
            commands: commands.snapshot(second),
            appended: appended.snapshot(second),
            events: events.snapshot(second),
            handlers: handlers.snapshot(second),
            projections: projections.snapshot(second),
            lags: BTreeMap::new(),
            sagas: BTreeMap::new(),
            steps: steps.snapshot(second),
        }
    }

    /// What was counted so far, how far the subscriptions of a store are behind, and how its sagas stand.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn snapshot(&self, store: &Store) -> Result<StatisticsSnapshot, StoreError> {
        let mut sagas = sagas::of(store).await?;
        for (saga, numbers) in &mut sagas {
            numbers.in_doubt = self.inner.doubts.count(saga);
            numbers.compensation_failures = self.inner.undo_failures.count(saga);
        }
        Ok(StatisticsSnapshot { lags: lag::of(store).await?, sagas, ..self.counted() })
    }

    /// Waits until a threshold is crossed. Only one may wait.
    pub(crate) async fn alarm(&self) -> Alarm {
        self.inner.alarms.next().await
    }

    /// A threshold that was crossed and is still to be told.
    pub(crate) fn alarm_now(&self) -> Option<Alarm> {
        self.inner.alarms.take()
    }

    fn second(&self) -> u64 {
        self.inner.begun.elapsed().as_secs()
    }
}

impl Default for Statistics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statistics").field("since", &self.inner.begun.elapsed()).finish_non_exhaustive()
    }
}

/// One attempt of a handler.
pub(super) struct Attempt<'a> {
    pub(super) handler: &'a str,
    pub(super) event: &'a str,
    pub(super) position: Position,
    pub(super) took: Duration,
    pub(super) ok: bool,
    pub(super) second: u64,
}

/// A series for each name.
#[derive(Default)]
struct Table(RwLock<HashMap<Arc<str>, Arc<Series>>>);

impl Table {
    fn of(&self, name: &str) -> Arc<Series> {
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            return known.clone();
        }
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        table.entry(name.into()).or_insert_with(|| Arc::new(Series::new())).clone()
    }

    fn count(&self, name: &str) -> u64 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).map_or(0, |series| series.count())
    }

    fn snapshot(&self, second: u64) -> BTreeMap<String, snapshot::Series> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        table.iter().map(|(name, series)| (name.to_string(), series.snapshot(second))).collect()
    }
}
