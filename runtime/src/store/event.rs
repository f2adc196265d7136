use super::StreamId;
use crate::domain::{Position, Timestamp};

/// What to read of a stream.
#[derive(Clone, Debug)]
pub struct ReadStream {
    /// Which.
    pub stream: StreamId,
    /// Events with a greater version.
    pub after: u64,
    /// At most so many events; `None` for all.
    pub limit: Option<u64>,
    /// Begin with the snapshot of this fingerprint, if there is one, and go on with the events after it.
    pub snapshot: Option<u64>,
}

impl ReadStream {
    /// All events of a stream.
    pub fn all(stream: StreamId) -> Self {
        Self { stream, after: 0, limit: None, snapshot: None }
    }
}

/// What to read of the log.
#[derive(Clone, Debug)]
pub struct ReadLog {
    /// Events at a greater position.
    pub after: Position,
    /// At most so many events.
    pub limit: u64,
}

/// What a stream consists of, as it is read: at most one snapshot, and it comes first.
#[derive(Clone, Copy, Debug)]
pub enum Item<'e> {
    /// The state at a version.
    Snapshot(SnapshotRef<'e>),
    /// An event.
    Event(EventRef<'e>),
}

/// An event as the store has it, borrowed while it is visited.
#[derive(Clone, Copy, Debug)]
pub struct EventRef<'e> {
    /// Its place in the log.
    pub position: Position,
    /// Its place in its stream.
    pub version: u64,
    /// When the database recorded it.
    pub recorded_at: Timestamp,
    /// The type's name.
    pub name: &'e str,
    /// The version of the payload's shape.
    pub type_version: u16,
    /// The metadata as JSON; empty where there is none.
    pub meta: &'e [u8],
    /// The payload, byte for byte as it was given.
    pub payload: &'e [u8],
}

/// An event of the log, with its stream.
#[derive(Clone, Copy, Debug)]
pub struct LogEventRef<'e> {
    /// The stream.
    pub stream: &'e StreamId,
    /// The event.
    pub event: EventRef<'e>,
}

/// A state of a stream at a version.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotRef<'e> {
    /// The version of the last event in it.
    pub version: u64,
    /// The position of the last event in it.
    pub position: Position,
    /// The shape of the state.
    pub fingerprint: u64,
    /// The state, as the aggregate has written it.
    pub state: &'e [u8],
}
