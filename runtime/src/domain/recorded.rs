use super::{Meta, Position, Timestamp};

/// An event as it stands in the log.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Recorded<E> {
    /// Its place in the log.
    pub position: Position,
    /// Its place in its stream: 1 for the first event.
    pub version: u64,
    /// When the database recorded it, by the database's clock.
    pub recorded_at: Timestamp,
    /// Who caused it, and what it belongs to.
    pub meta: Meta,
    /// What happened.
    pub event: E,
}

impl<E> Recorded<E> {
    /// An event with everything that stands beside it.
    pub fn new(position: Position, version: u64, recorded_at: Timestamp, meta: Meta, event: E) -> Self {
        Self { position, version, recorded_at, meta, event }
    }
}
