use std::sync::Arc;

use crate::{domain::Position, log::LogEntry};

/// Some events in a row, and how far the log was looked at to find them.
#[derive(Clone, Debug)]
pub struct Batch {
    pub(super) events: Vec<Arc<LogEntry>>,
    pub(super) to: Position,
    pub(super) live: bool,
}

impl Batch {
    /// The events that pass the filter, in order. There may be none: see [`Feed::next`](super::Feed::next).
    pub fn events(&self) -> &[Arc<LogEntry>] {
        &self.events
    }

    /// Everything up to here was looked at.
    pub fn to(&self) -> Position {
        self.to
    }

    /// Whether this was the end of the log when it was read.
    pub fn is_live(&self) -> bool {
        self.live
    }
}
