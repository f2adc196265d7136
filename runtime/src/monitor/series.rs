use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use super::{histogram::Histogram, snapshot::Series as Snapshot};

/// The rate is that of so many seconds.
pub(super) const SECONDS: u64 = 60;

/// What is counted and timed of one thing.
#[derive(Debug)]
pub(super) struct Series {
    count: AtomicU64,
    errors: AtomicU64,
    times: Histogram,
    recent: Mutex<Recent>,
}

/// The last seconds, each with what happened in it.
#[derive(Debug)]
struct Recent {
    slots: [Slot; SECONDS as usize],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    second: u64,
    count: u64,
    errors: u64,
}

impl Series {
    pub(super) fn new() -> Self {
        Self {
            count: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            times: Histogram::new(),
            recent: Mutex::new(Recent { slots: [Slot::default(); SECONDS as usize] }),
        }
    }

    /// Counts so many at a second, counted from when the statistics began.
    pub(super) fn add(&self, second: u64, took: Option<Duration>, times: u64, ok: bool) {
        let errors = if ok { 0 } else { times };
        self.count.fetch_add(times, Relaxed);
        self.errors.fetch_add(errors, Relaxed);
        if let Some(took) = took {
            self.times.add(took, times);
        }
        let mut recent = self.recent();
        let slot = &mut recent.slots[(second % SECONDS) as usize];
        if slot.second != second {
            *slot = Slot { second, ..Slot::default() };
        }
        slot.count += times;
        slot.errors += errors;
    }

    pub(super) fn count(&self) -> u64 {
        self.count.load(Relaxed)
    }

    /// How many there were in the last seconds, and how many of them were errors.
    pub(super) fn within(&self, second: u64, seconds: u64) -> (u64, u64) {
        let seconds = seconds.clamp(1, SECONDS);
        let recent = self.recent();
        let fresh =
            recent.slots.iter().filter(|slot| slot.second + seconds > second && slot.second <= second);
        fresh.fold((0, 0), |(count, errors), slot| (count + slot.count, errors + slot.errors))
    }

    pub(super) fn snapshot(&self, second: u64) -> Snapshot {
        let count = self.count.load(Relaxed);
        let [p50, p95, p99] = self.times.percentiles([0.50, 0.95, 0.99]);
        let mean = self.times.total().div_f64(count.max(1) as f64);
        let (recent, _) = self.within(second, SECONDS);
        let rate = recent as f64 / (second + 1).min(SECONDS) as f64;
        Snapshot { count, errors: self.errors.load(Relaxed), rate, mean, p50, p95, p99 }
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_minute() {
        let series = Series::new();
        series.add(0, None, 600, true);
        series.add(30, Some(Duration::from_millis(4)), 60, false);
        assert_eq!(series.within(30, 60), (660, 60));
        assert_eq!(series.within(30, 10), (60, 60));
        assert_eq!(series.within(60, 60), (60, 60), "the first second is over");
        assert_eq!(series.within(500, 60), (0, 0));
        let snapshot = series.snapshot(59);
        assert_eq!((snapshot.count, snapshot.errors), (660, 60));
        assert!((snapshot.rate - 11.0).abs() < 1e-9, "{}", snapshot.rate);
    }

    #[test]
    fn a_slot_is_used_again_after_a_minute() {
        let series = Series::new();
        series.add(5, None, 7, true);
        series.add(65, None, 1, true);
        assert_eq!(series.within(65, 60), (1, 0));
    }
}
