use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use tokio::sync::Notify;

use super::{
    MonitorEvent,
    event::{HighErrorRate, SlowEvent},
    record,
    series::{SECONDS, Series},
    statistics::Attempt,
};
use crate::{
    clock::Clock,
    domain::{IdempotencyKey, Meta},
    store::{Store, StoreError},
};

/// When an event is stored about a handler that is slow or fails often. None by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Thresholds {
    /// An attempt that takes longer than this raises `gesta.slow`, at most once a minute for each handler.
    pub slow: Option<Duration>,
    /// How large a part of the attempts fails, within how long, before `gesta.error_rate` is raised; at most once within
    /// that time for each handler.
    pub error_rate: Option<(f64, Duration)>,
}

/// Fewer attempts say nothing about a rate.
const FEWEST: u64 = 5;

/// The time for which a slow handler is told of once.
const SLOW_WINDOW: u64 = SECONDS;

/// A threshold that was crossed.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    handler: Arc<str>,
    key: IdempotencyKey,
    event: MonitorEvent,
}

/// The thresholds that were crossed and are still to be told.
#[derive(Debug)]
pub(super) struct Alarms {
    thresholds: RwLock<Thresholds>,
    /// Windows are those of the calendar, so that several processes tell of the same once.
    clock: Clock,
    state: Mutex<State>,
    raised: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The window in which something was told last, by kind and handler.
    told: HashMap<(&'static str, Arc<str>), u64>,
    waiting: Vec<Alarm>,
}

impl Alarms {
    pub(super) fn new() -> Self {
        Self {
            thresholds: RwLock::default(),
            clock: Clock::real(),
            state: Mutex::default(),
            raised: Notify::new(),
        }
    }

    pub(super) fn set_thresholds(&self, change: impl FnOnce(&mut Thresholds)) {
        change(&mut self.thresholds.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Looks whether an attempt crosses a threshold.
    pub(super) fn look(&self, attempt: &Attempt<'_>, series: &Series) {
        let thresholds = *self.thresholds.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(limit) = thresholds.slow.filter(|limit| attempt.took > *limit) {
            self.raise("gesta.slow", attempt, SLOW_WINDOW, || MonitorEvent::Slow(slow(attempt, limit)));
        }
        let Some((limit, within)) = thresholds.error_rate.filter(|_| !attempt.ok) else { return };
        let seconds = within.as_secs().clamp(1, SECONDS);
        let (attempts, errors) = series.within(attempt.second, seconds);
        if attempts >= FEWEST && errors as f64 > limit * attempts as f64 {
            self.raise("gesta.error_rate", attempt, seconds, || {
                let handler = attempt.handler.to_owned();
                MonitorEvent::HighErrorRate(HighErrorRate { handler, attempts, errors, seconds })
            });
        }
    }

    fn raise(
        &self,
        kind: &'static str,
        attempt: &Attempt<'_>,
        seconds: u64,
        event: impl FnOnce() -> MonitorEvent,
    ) {
        let handler: Arc<str> = attempt.handler.into();
        let window = self.clock.now().as_micros().unsigned_abs() / (seconds * 1_000_000);
        let mut state = self.state();
        if state.told.insert((kind, handler.clone()), window) == Some(window) {
            return;
        }
        let key = IdempotencyKey::new(format!("{kind}/{handler}/{seconds}/{window}"));
        state.waiting.push(Alarm { handler, key, event: event() });
        drop(state);
        self.raised.notify_one();
    }

    pub(super) async fn next(&self) -> Alarm {
        loop {
            if let Some(alarm) = self.take() {
                return alarm;
            }
            self.raised.notified().await;
        }
    }

    pub(super) fn take(&self) -> Option<Alarm> {
        self.state().waiting.pop()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn slow(attempt: &Attempt<'_>, limit: Duration) -> SlowEvent {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    SlowEvent {
        handler: attempt.handler.to_owned(),
        event: attempt.event.to_owned(),
        position: attempt.position,
        took_ms: millis(attempt.took),
        limit_ms: millis(limit),
    }
}

impl Alarm {
    /// Stores the event that tells of it.
    ///
    /// # Errors
    /// Those of [`record`].
    pub(crate) async fn record(self, store: &Store) -> Result<(), StoreError> {
        let Self { handler, key, event } = self;
        record(store, &handler, [(key, event, Meta::default())]).await
    }
}
