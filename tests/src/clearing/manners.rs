use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use crate::Dice;

/// How the service behaves: out of a thousand calls, how many go wrong in which way.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// Decides which.
    pub seed: u64,
    /// Orders that are refused for good, out of a thousand reservations.
    pub refused: u64,
    /// Calls that are answered late, with and without success.
    pub late: u64,
    /// At most so late.
    pub latest: Duration,
    /// Calls that fail although nothing happened, those that fail although it did, and as many whose connection is
    /// closed before or after it did.
    pub wrong: u64,
    /// An order goes wrong so often at most; then it is answered.
    pub patience: u64,
}

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    None,
    FailsBefore,
    FailsAfter,
    ClosesBefore,
    ClosesAfter,
}

impl Manners {
    /// Every call is answered at once, and no order refused.
    pub const fn good() -> Self {
        Self { seed: 0, refused: 0, late: 0, latest: Duration::ZERO, wrong: 0, patience: 0 }
    }

    /// A fifth of the orders is refused, and two fifths of the calls go wrong or take their time.
    pub const fn bad(seed: u64) -> Self {
        Self { seed, refused: 200, late: 150, latest: Duration::from_millis(300), wrong: 250, patience: 3 }
    }

    fn dice(&self, what: impl Hash) -> Dice {
        let mut hasher = DefaultHasher::new();
        (self.seed, what).hash(&mut hasher);
        Dice::new(hasher.finish())
    }

    /// Whether an order of this kind for a transfer is refused.
    pub fn refuses(&self, what: &str, transfer: &str) -> bool {
        what == "reserve" && self.dice((what, transfer)).roll(1_000) < self.refused
    }

    pub(super) fn mishap(&self, key: &str, call: u64) -> Mishap {
        let mut dice = self.dice((key, call));
        if call > self.patience || dice.roll(1_000) >= self.wrong {
            return Mishap::None;
        }
        match dice.roll(4) {
            0 => Mishap::FailsBefore,
            1 => Mishap::FailsAfter,
            2 => Mishap::ClosesBefore,
            _ => Mishap::ClosesAfter,
        }
    }

    /// How long it takes until something happens, and from then until the answer.
    pub(super) fn pauses(&self, key: &str, call: u64) -> (Duration, Duration) {
        let mut dice = self.dice((call, key));
        if dice.roll(1_000) >= self.late {
            return (Duration::ZERO, Duration::ZERO);
        }
        let latest = self.latest.as_millis() as u64 + 1;
        (Duration::from_millis(dice.roll(latest)), Duration::from_millis(dice.roll(latest)))
    }
}
