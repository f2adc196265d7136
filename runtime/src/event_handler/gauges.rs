use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use tokio::sync::Notify;

use super::{
    board::Board,
    breaker::{Breaker, BreakerState},
};
use crate::{domain::BreakerPolicy, middleware::Layers, monitor::Statistics};

/// The event handlers of an application: what they share, and what can be seen of them from outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handlers {
    pub(super) board: Board,
    pub(super) layers: Layers,
    pub(super) statistics: Statistics,
    gauges: Arc<Mutex<Vec<Arc<Gauges>>>>,
}

/// What can be seen of one handler, and how it is woken.
#[derive(Debug)]
pub(super) struct Gauges {
    pub(super) name: Arc<str>,
    pub(super) in_flight: AtomicUsize,
    pub(super) queued: AtomicUsize,
    breaker: Mutex<Breaker>,
    /// Somebody has decided about its deliveries.
    pub(super) nudged: Notify,
}

impl Handlers {
    /// None yet, with the layers around them and where they are counted.
    pub(crate) fn new(layers: Layers, statistics: Statistics) -> Self {
        Self { layers, statistics, ..Self::default() }
    }

    /// A handler that is about to be run.
    pub(super) fn add(&self, name: &Arc<str>, breaker: Option<BreakerPolicy>) -> Arc<Gauges> {
        let gauges = Arc::new(Gauges {
            name: name.clone(),
            in_flight: AtomicUsize::new(0),
            queued: AtomicUsize::new(0),
            breaker: Mutex::new(Breaker::new(breaker)),
            nudged: Notify::new(),
        });
        lock(&self.gauges).push(gauges.clone());
        gauges
    }

    /// All of them, in the order in which they were registered.
    pub(super) fn all(&self) -> Vec<Arc<Gauges>> {
        lock(&self.gauges).clone()
    }

    /// Lets a handler look at its deliveries at once.
    pub(super) fn nudge(&self, name: &str) {
        let gauges = lock(&self.gauges);
        gauges.iter().filter(|gauges| *gauges.name == *name).for_each(|gauges| gauges.nudged.notify_one());
    }
}

impl Gauges {
    pub(super) fn breaker(&self) -> MutexGuard<'_, Breaker> {
        lock(&self.breaker)
    }

    pub(super) fn breaker_state(&self) -> BreakerState {
        self.breaker().state(Instant::now())
    }

    pub(super) fn show(&self, in_flight: usize, queued: usize) {
        self.in_flight.store(in_flight, Ordering::Relaxed);
        self.queued.store(queued, Ordering::Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
