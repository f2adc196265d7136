//! Instances that seem to end the process that works on them, and those that cannot be worked on at all.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use crate::store::{StoreError, Suspicion};

/// An instance that was taken anew so often without having come further is parked: it ends the process, it seems.
pub(super) const POISON: u32 = 10;

const _: () = assert!(Suspicion::Strong.least() < POISON);

/// How often it is looked for instances that have ended processes, it seems.
pub(super) const SUSPECTS_EVERY: Duration = Duration::from_secs(3);

/// The same where there are more of them.
pub(super) const MANY_SUSPECTS_EVERY: Duration = Duration::from_millis(200);

/// So many are worked on at a time, beside the others, as long as little speaks against them.
pub(super) const SUSPECTS: usize = 16;

/// The one against which most speaks.
#[derive(Debug, Default)]
pub(super) enum Suspect {
    /// There is none at the moment.
    #[default]
    Nobody,
    /// There is one: it is taken as soon as nobody is worked on, and nobody begins before it. Not earlier: what is taken
    /// and waits would be suspected if the process ended meanwhile.
    Wanted,
    /// It is worked on alone.
    Alone(String),
}

impl Suspect {
    /// Whether others may begin.
    pub(super) const fn is_nobody(&self) -> bool {
        matches!(self, Self::Nobody)
    }

    /// Whether it was the one that was worked on alone, now that the work on an instance has ended.
    pub(super) fn is_over(&mut self, id: &str) -> bool {
        let was_alone = matches!(self, Self::Alone(alone) if alone == id);
        if was_alone {
            *self = Self::Nobody;
        }
        was_alone
    }
}

/// So often it is tried to go on with an instance, where that fails for another reason than that the store or the
/// shards are away: its stream cannot be read, say. Then it is parked.
const TRIES: u32 = 6;

/// The first pause between them; each is twice as long as the one before.
const PAUSE: Duration = Duration::from_millis(500);

/// Instances that could not go on, and why.
#[derive(Debug, Default)]
pub(super) struct Failing(HashMap<String, Failure>);

#[derive(Debug)]
struct Failure {
    times: u32,
    /// It is left alone until then.
    until: Instant,
}

impl Failing {
    /// One could not go on; whether it was often enough.
    pub(super) fn note(&mut self, id: &str, now: Instant) -> bool {
        let failure = self.0.entry(id.to_owned()).or_insert(Failure { times: 0, until: now });
        failure.until = now + PAUSE * 2_u32.saturating_pow(failure.times);
        failure.times += 1;
        failure.times >= TRIES
    }

    /// It has come further, or is parked.
    pub(super) fn forget(&mut self, id: &str) {
        self.0.remove(id);
    }

    /// Those that are left alone for now.
    pub(super) fn resting(&self, now: Instant) -> impl Iterator<Item = &String> {
        self.0.iter().filter(move |(_, failure)| failure.until > now).map(|(id, _)| id)
    }
}

/// Whether an error says something about the store, or the worker's shards, and not about one instance.
pub(super) const fn is_of_store(error: &StoreError) -> bool {
    matches!(error, StoreError::Fenced { .. } | StoreError::Unavailable { .. } | StoreError::Closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_left_alone_for_longer_and_longer() {
        let (mut failing, started) = (Failing::default(), Instant::now());
        let mut now = started;
        for _ in 1..TRIES {
            assert!(!failing.note("a", now));
            assert_eq!(failing.resting(now).collect::<Vec<_>>(), ["a"]);
            now = failing.0["a"].until;
            assert_eq!(failing.resting(now).count(), 0);
        }
        assert!(now - started >= PAUSE * 31);
        assert!(failing.note("a", now));
        failing.forget("a");
        assert!(!failing.note("a", now));
    }
}
