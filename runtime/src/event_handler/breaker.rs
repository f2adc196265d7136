use std::time::Instant;

use crate::{domain::BreakerPolicy, store::StreamId};

/// How the circuit breaker of a handler stands in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BreakerState {
    /// Events are delivered.
    #[default]
    Closed,
    /// Nothing is delivered: too many attempts have failed in a row.
    Open,
    /// One event is delivered, and its outcome decides.
    HalfOpen,
}

/// Whether a delivery may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Free,
    /// Only if nothing else is under way, and then nothing after it.
    Probe,
    /// Not before this time.
    NotBefore(Instant),
    /// Not before the probe has come back.
    Probing,
}

/// Stops the deliveries of a handler that fails whatever the event is.
#[derive(Debug)]
pub(super) struct Breaker {
    policy: Option<BreakerPolicy>,
    state: State,
    /// Failures that may pass, since the last attempt that came through.
    in_a_row: u32,
    /// The stream of the first of them, and whether there were others.
    first: Option<StreamId>,
    several: bool,
}

#[derive(Debug)]
enum State {
    Closed,
    Open { until: Instant },
    Probing,
}

impl Breaker {
    pub(super) fn new(policy: Option<BreakerPolicy>) -> Self {
        Self { policy, state: State::Closed, in_a_row: 0, first: None, several: false }
    }

    pub(super) fn state(&self, now: Instant) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { until } if now < until => BreakerState::Open,
            State::Open { .. } | State::Probing => BreakerState::HalfOpen,
        }
    }

    pub(super) fn admits(&self, now: Instant) -> Admission {
        match self.state {
            State::Closed => Admission::Free,
            State::Open { until } if now < until => Admission::NotBefore(until),
            State::Open { .. } => Admission::Probe,
            State::Probing => Admission::Probing,
        }
    }

    /// An event is tried in order to see whether it works again.
    pub(super) fn probe(&mut self) {
        self.state = State::Probing;
    }

    /// What was begun was not tried after all: another event is to be the probe.
    pub(super) fn not_tried(&mut self, now: Instant) {
        if matches!(self.state, State::Probing) {
            self.state = State::Open { until: now };
        }
    }

    /// An attempt came through: it worked, or failed because of the event itself.
    pub(super) fn came_through(&mut self) {
        (self.in_a_row, self.first, self.several) = (0, None, false);
        if matches!(self.state, State::Probing) {
            self.state = State::Closed;
        }
    }

    /// An attempt failed in a way that may pass. Whether it may be the last one of its event: not where this handler
    /// fails for several streams, because then the event is not to blame.
    pub(super) fn failed(&mut self, stream: &StreamId, now: Instant) -> bool {
        let Some(policy) = self.policy else { return true };
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.several |= self.first.get_or_insert_with(|| stream.clone()) != stream;
        match self.state {
            State::Closed if self.in_a_row < policy.failures => return true,
            State::Closed | State::Probing => self.state = State::Open { until: now + policy.open_for },
            // It was begun before.
            State::Open { .. } => {}
        }
        !self.several
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn stream(id: &str) -> StreamId {
        StreamId::new("account", id)
    }

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::new(Some(BreakerPolicy::new(2, MINUTE)));
        breaker.failed(&stream("ann"), now);
        assert_eq!(breaker.admits(now), Admission::Free);
        breaker.failed(&stream("bob"), now);
        breaker
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_one_event_decides_then() {
        let now = Instant::now();
        let mut breaker = opened(now);
        assert_eq!(breaker.admits(now), Admission::NotBefore(now + MINUTE));
        assert_eq!(breaker.state(now), BreakerState::Open);
        let later = now + MINUTE;
        assert_eq!((breaker.admits(later), breaker.state(later)), (Admission::Probe, BreakerState::HalfOpen));
        breaker.probe();
        assert_eq!(breaker.admits(later), Admission::Probing);
        breaker.failed(&stream("ann"), later);
        assert_eq!(breaker.admits(later), Admission::NotBefore(later + MINUTE));
        breaker.probe();
        breaker.came_through();
        assert_eq!(breaker.admits(later), Admission::Free);
    }

    #[test]
    fn a_success_ends_the_row() {
        let now = Instant::now();
        let mut breaker = Breaker::new(Some(BreakerPolicy::new(2, MINUTE)));
        for _ in 0..10 {
            breaker.failed(&stream("ann"), now);
            breaker.came_through();
        }
        assert_eq!(breaker.state(now), BreakerState::Closed);
    }

    #[test]
    fn what_was_begun_before_it_opened_does_not_close_it() {
        let now = Instant::now();
        let mut breaker = opened(now);
        breaker.came_through();
        assert_eq!(breaker.state(now), BreakerState::Open);
    }

    #[test]
    fn an_event_is_not_to_blame_where_all_fail() {
        let now = Instant::now();
        let mut breaker = opened(now);
        breaker.probe();
        assert!(!breaker.failed(&stream("ann"), now), "two streams have failed");
        let mut alone = Breaker::new(Some(BreakerPolicy::new(1, MINUTE)));
        assert!(alone.failed(&stream("ann"), now) && alone.failed(&stream("ann"), now), "only this one");
        assert!(Breaker::new(None).failed(&stream("ann"), now), "nothing tells");
    }

    #[test]
    fn a_probe_that_was_not_tried_leaves_the_place_to_another() {
        let now = Instant::now();
        let mut breaker = opened(now);
        breaker.probe();
        breaker.not_tried(now);
        assert_eq!(breaker.admits(now), Admission::Probe);
    }
}
