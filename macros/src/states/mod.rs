//! The states of an aggregate in the methods of `#[apply]`: which one a method takes, and which one it makes.

mod check;
mod read;
mod write;

use syn::{Ident, Path};

use crate::patterns::Variant;

pub(crate) use check::check;
pub(crate) use read::{fields, read_impossible, read_one, read_way};
pub(crate) use write::{Written, write};

/// One method and the variants of the event that it applies.
pub(crate) struct Arm {
    pub(crate) method: Ident,
    pub(crate) patterns: Vec<Variant>,
    pub(crate) parameters: Vec<Ident>,
    pub(crate) way: Way,
    /// What is said of it.
    pub(crate) doc: String,
}

/// What a method needs of the state, and what it makes of it.
pub(crate) struct Way {
    pub(crate) takes: Takes,
    /// The states that it is for; none for all, or where there is nothing yet.
    pub(crate) from: Vec<Ident>,
    pub(crate) gives: Gives,
    /// The states that it may lead to, where that is known.
    pub(crate) to: Vec<Ident>,
}

/// How a method takes the state.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Takes {
    /// Not at all.
    Nothing,
    /// `&mut self`
    Borrowed,
    /// `self`
    Owned,
    /// `draft: &mut Draft`, what is in one state.
    BorrowedInside,
    /// `draft: Draft`
    OwnedInside,
}

/// What a method returns.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Gives {
    /// Nothing.
    Nothing,
    /// `Self`
    Whole,
    /// `Placed`, what is in one state.
    Inside,
}

/// `Shipped => [Placed, LineAdded]`, or `Shipped => _` for all events.
pub(crate) struct Impossible {
    pub(crate) state: Ident,
    pub(crate) events: Option<Vec<Path>>,
}

impl Way {
    /// Whether it makes the first state.
    pub(crate) fn creates(&self) -> bool {
        self.takes == Takes::Nothing && self.from.is_empty()
    }

    /// Whether it names a state, which is then to be declared.
    fn names_states(&self) -> bool {
        !self.from.is_empty() || !self.to.is_empty()
    }

    /// Whether it changes a state of whatever kind, and no more.
    fn is_plain(&self) -> bool {
        self.takes == Takes::Borrowed && !self.names_states()
    }

    /// Whether it is for this state, among others perhaps.
    fn is_for(&self, state: &Ident) -> bool {
        !self.creates() && (self.from.is_empty() || self.from.contains(state))
    }
}

/// Whether every event fits every state, which begins as its `Default`.
pub(crate) fn is_total(arms: &[Arm], impossible: &[Impossible]) -> bool {
    impossible.is_empty() && arms.iter().all(|arm| arm.way.is_plain())
}
