use std::fmt;

use serde::{Deserialize, Serialize};

/// A place in the log: later events have greater positions. Positions have gaps and are not for counting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(u64);

impl Position {
    /// Before the first event.
    pub const START: Self = Self(0);

    /// A position from a store's own number, which is at most 2^53 - 1 so that JSON keeps it exactly.
    pub const fn from_raw(raw: u64) -> Self {
        Self(raw)
    }

    /// The store's own number.
    pub const fn raw(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
