//! What time it is: the machine's, or a test's.

use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use crate::domain::Timestamp;

/// Tells the time. Cheap to clone; clones of a manual clock show the same time.
///
/// ```
/// use std::time::Duration;
/// use gesta::clock::{Clock, ManualClock};
///
/// let hands = ManualClock::new();
/// let clock = Clock::from(&hands);
/// let before = clock.now();
/// hands.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().as_micros() - before.as_micros(), 60_000_000);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    Machine,
    Manual(ManualClock),
}

impl Clock {
    /// The machine's clock. It may be set back by whoever keeps the machine.
    pub fn real() -> Self {
        Self(Source::Machine)
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::Machine => SystemTime::now().into(),
            Source::Manual(clock) => clock.now(),
        }
    }

    /// Changes when somebody moves the clock by hand; `None` for one that moves by itself.
    pub fn moves(&self) -> Option<watch::Receiver<Timestamp>> {
        match &self.0 {
            Source::Machine => None,
            Source::Manual(clock) => Some(clock.time.subscribe()),
        }
    }
}

impl From<ManualClock> for Clock {
    fn from(clock: ManualClock) -> Self {
        Self(Source::Manual(clock))
    }
}

impl From<&ManualClock> for Clock {
    fn from(clock: &ManualClock) -> Self {
        clock.clone().into()
    }
}

/// A clock that stands still until it is moved. Cheap to clone; all clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock {
    time: watch::Sender<Timestamp>,
}

/// 2020-01-01 00:00 UTC: any fixed moment would do, this one is easy to recognise.
const FIRST: Timestamp = Timestamp::from_micros(1_577_836_800_000_000);

impl ManualClock {
    /// Begins at 2020-01-01 00:00 UTC.
    pub fn new() -> Self {
        Self::at(FIRST)
    }

    /// Begins at a given time.
    pub fn at(start: Timestamp) -> Self {
        Self { time: watch::Sender::new(start) }
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        *self.time.borrow()
    }

    /// Moves the time forward, to the microsecond; it stops at the end of time instead of wrapping around.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.time.send_modify(|now| *now = Timestamp::from_micros(now.as_micros().saturating_add(by)));
    }

    /// Sets the time, also back: that is what machines do.
    pub fn set(&self, to: Timestamp) {
        self.time.send_replace(to);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_manual_clock_show_the_same_time() {
        let hands = ManualClock::new();
        let clock = Clock::from(&hands);
        assert_eq!(clock.now().to_string(), "2020-01-01T00:00:00.000000Z");
        hands.clone().advance(Duration::from_micros(86_400_000_001));
        assert_eq!(clock.now().to_string(), "2020-01-02T00:00:00.000001Z");
        hands.set(Timestamp::from_micros(5));
        assert_eq!(clock.now(), Timestamp::from_micros(5));
    }

    #[test]
    fn a_manual_clock_does_not_wrap_around() {
        let hands = ManualClock::new();
        hands.advance(Duration::MAX);
        hands.advance(Duration::MAX);
        assert_eq!(hands.now(), Timestamp::from_micros(i64::MAX));
    }

    #[test]
    fn the_real_clock_is_the_machines() {
        let before = Timestamp::from(SystemTime::now());
        assert!(Clock::real().now().as_micros() - before.as_micros() < 60_000_000);
    }
}
