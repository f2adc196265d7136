use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// How many parts a doubling of the time is divided into: a percentile is told to about 3 %.
const PARTS_LOG: u32 = 4;
const PARTS: usize = 1 << PARTS_LOG;
/// Shorter times than 2^8 ns and longer ones than 2^43 ns (two hours and a half) are not told apart.
const SHORTEST_LOG: u32 = 8;
const LONGEST_LOG: u32 = 43;
const BUCKETS: usize = (LONGEST_LOG - SHORTEST_LOG) as usize * PARTS;

/// How often which time was taken, to be written by many threads at once.
#[derive(Debug)]
pub(super) struct Histogram {
    buckets: Box<[AtomicU64]>,
    nanos: AtomicU64,
}

impl Histogram {
    pub(super) fn new() -> Self {
        Self { buckets: (0..BUCKETS).map(|_| AtomicU64::new(0)).collect(), nanos: AtomicU64::new(0) }
    }

    /// Counts so many that took so long each.
    pub(super) fn add(&self, took: Duration, times: u64) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get(bucket_of(nanos)) {
            bucket.fetch_add(times, Relaxed);
        }
        self.nanos.fetch_add(nanos.saturating_mul(times), Relaxed);
    }

    /// The sum of all times.
    pub(super) fn total(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Relaxed))
    }

    /// The times below which these parts of all lie; zero where there are none.
    pub(super) fn percentiles<const N: usize>(&self, parts: [f64; N]) -> [Duration; N] {
        let counts: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Relaxed)).collect();
        let all: u64 = counts.iter().sum();
        parts.map(|part| {
            let wanted = ((all as f64 * part).ceil() as u64).max(1);
            let mut seen = 0;
            let found = counts.iter().position(|count| {
                seen += count;
                seen >= wanted
            });
            found.map_or(Duration::ZERO, |bucket| Duration::from_nanos(middle_of(bucket)))
        })
    }
}

fn bucket_of(nanos: u64) -> usize {
    let log = nanos.max(1).ilog2();
    if log < SHORTEST_LOG {
        return 0;
    }
    if log >= LONGEST_LOG {
        return BUCKETS - 1;
    }
    let part = (nanos >> (log - PARTS_LOG)) as usize & (PARTS - 1);
    (log - SHORTEST_LOG) as usize * PARTS + part
}

/// The middle of the times that a bucket counts.
fn middle_of(bucket: usize) -> u64 {
    let log = SHORTEST_LOG + (bucket / PARTS) as u32;
    let width = 1_u64 << (log - PARTS_LOG);
    (1_u64 << log) + (bucket % PARTS) as u64 * width + width / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_told_to_a_few_percent() {
        let mut nanos = 300_u64;
        while nanos < 1 << 42 {
            let told = middle_of(bucket_of(nanos));
            assert!(told.abs_diff(nanos) as f64 <= nanos as f64 * 0.035, "{nanos} is told as {told}");
            nanos = nanos * 21 / 20;
        }
        assert_eq!(bucket_of(0), 0);
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_are_those_of_what_was_counted() {
        let histogram = Histogram::new();
        assert_eq!(histogram.percentiles([0.5]), [Duration::ZERO]);
        for millis in 1..=1_000 {
            histogram.add(Duration::from_millis(millis), 1);
        }
        let found = histogram.percentiles([0.50, 0.95, 0.99]);
        for (found, exact) in found.into_iter().zip([500.0, 950.0, 990.0]) {
            let found = found.as_secs_f64() * 1_000.0;
            assert!((found - exact).abs() <= exact * 0.035, "{found} instead of {exact}");
        }
        assert_eq!(histogram.total(), Duration::from_millis(500_500));
    }
}
