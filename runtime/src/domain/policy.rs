use std::time::Duration;

use super::{Position, Timestamp};

/// How the events of a handler are delivered. The defaults suit a call to another service.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DeliveryPolicy {
    /// How often an event is tried in all. 8 by default.
    pub attempts: u32,
    /// How long one attempt may take. 30 seconds by default.
    pub timeout: Duration,
    /// How long it is waited between two attempts.
    pub backoff: Backoff,
    /// How many events are handled at a time by one process, each of another stream. 8 by default.
    pub concurrency: usize,
    /// Of several handlers of one event in a process, those with a greater number come first: the others begin when
    /// the attempt of these has ended. 0 by default.
    pub priority: i32,
    /// When to stop trying for a while, whatever the event.
    pub breaker: Option<BreakerPolicy>,
    /// Where the handler begins when it is run for the first time. From the beginning by default.
    pub start: Start,
    /// How many shards it has, and so how many processes can work on it at most. Only the first start decides; 16 by
    /// default.
    pub shards: u16,
}

impl DeliveryPolicy {
    /// The defaults.
    pub const fn new() -> Self {
        Self {
            attempts: 8,
            timeout: Duration::from_secs(30),
            backoff: Backoff::new(),
            concurrency: 8,
            priority: 0,
            breaker: None,
            start: Start::Beginning,
            shards: 16,
        }
    }

    /// How often an event is tried in all; at least once.
    #[must_use]
    pub const fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = if attempts == 0 { 1 } else { attempts };
        self
    }

    /// How long one attempt may take.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long it is waited between two attempts.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How many events are handled at a time by one process; at least one.
    #[must_use]
    pub const fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = if concurrency == 0 { 1 } else { concurrency };
        self
    }

    /// Which of several handlers of one event comes first: the one with the greater number.
    #[must_use]
    pub const fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// When to stop trying for a while.
    #[must_use]
    pub const fn breaker(mut self, breaker: BreakerPolicy) -> Self {
        self.breaker = Some(breaker);
        self
    }

    /// Where to begin at the very first start.
    #[must_use]
    pub const fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// How many shards it has; at least one.
    #[must_use]
    pub const fn shards(mut self, shards: u16) -> Self {
        self.shards = if shards == 0 { 1 } else { shards };
        self
    }
}

impl Default for DeliveryPolicy {
    fn default() -> Self {
        Self::new()
    }
}

/// How long to wait between attempts. Exponential from a second to five minutes with full jitter by default.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Backoff {
    /// How the pause grows.
    pub growth: Growth,
    /// The first pause.
    pub first: Duration,
    /// The longest pause.
    pub cap: Duration,
    /// Which part of each pause is left to chance, from 0 (none) to 1 (all of it), so that what failed together does
    /// not come back together.
    pub jitter: f64,
}

/// How a pause grows from attempt to attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    /// It stays the same.
    Fixed,
    /// By the first pause each time.
    Linear,
    /// It doubles.
    Exponential,
}

impl Backoff {
    /// Exponential from a second to five minutes, with full jitter.
    pub const fn new() -> Self {
        Self::exponential(Duration::from_secs(1))
    }

    /// Always the same pause.
    pub const fn fixed(pause: Duration) -> Self {
        Self { growth: Growth::Fixed, first: pause, cap: pause, jitter: 0.0 }
    }

    /// A pause that grows by the first one each time, up to five minutes.
    pub const fn linear(first: Duration) -> Self {
        Self { growth: Growth::Linear, first, cap: Duration::from_secs(300), jitter: 1.0 }
    }

    /// A pause that doubles each time, up to five minutes.
    pub const fn exponential(first: Duration) -> Self {
        Self { growth: Growth::Exponential, first, cap: Duration::from_secs(300), jitter: 1.0 }
    }

    /// The longest pause.
    #[must_use]
    pub const fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Which part of each pause is left to chance, from 0 to 1.
    #[must_use]
    pub const fn jitter(mut self, part: f64) -> Self {
        self.jitter = part.clamp(0.0, 1.0);
        self
    }

    /// The pause after so many failed attempts, at least one; `chance` is a number from 0 to 1.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use gesta::domain::Backoff;
    /// let backoff = Backoff::exponential(Duration::from_secs(1)).jitter(0.5);
    /// assert_eq!(backoff.pause(3, 1.0), Duration::from_secs(4));
    /// assert_eq!(backoff.pause(3, 0.0), Duration::from_secs(2));
    /// ```
    pub fn pause(&self, failed: u32, chance: f64) -> Duration {
        let failed = failed.max(1);
        let whole = match self.growth {
            Growth::Fixed => self.first,
            Growth::Linear => self.first.saturating_mul(failed),
            Growth::Exponential => {
                self.first.saturating_mul(1_u32.checked_shl(failed - 1).unwrap_or(u32::MAX))
            }
        };
        let whole = whole.min(self.cap);
        whole.mul_f64(1.0 - self.jitter * (1.0 - chance.clamp(0.0, 1.0)))
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new()
    }
}

/// When a handler is not called any more for a while: what it needs seems to be down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerPolicy {
    /// After so many retryable failures in a row.
    pub failures: u32,
    /// For so long; then one event is tried, and its outcome decides.
    pub open_for: Duration,
}

impl BreakerPolicy {
    /// Opens after so many retryable failures in a row, for so long.
    pub const fn new(failures: u32, open_for: Duration) -> Self {
        Self { failures: if failures == 0 { 1 } else { failures }, open_for }
    }
}

/// Where a subscription begins when it is run for the first time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// With the first event of the log.
    #[default]
    Beginning,
    /// With the first event that is stored from now on.
    Now,
    /// With the first event after a position.
    After(Position),
    /// With the first event that was recorded at a time or later, by the database's clock.
    At(Timestamp),
}
