use std::collections::HashMap;

use uuid::Uuid;

use super::{StoreError, StreamId, check_name};
use crate::domain::{Position, Timestamp};

/// An event as it was recorded before, in this store or another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    /// The stream.
    pub stream: StreamId,
    /// Its place in the stream.
    pub version: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// The type's name.
    pub name: String,
    /// The version of the payload's shape.
    pub type_version: u16,
    /// The metadata as JSON; empty where there is none.
    pub meta: Vec<u8>,
    /// The payload.
    pub payload: Vec<u8>,
}

/// What has become of events that were to be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restoring {
    /// All of them are stored: the position of the last.
    Stored(Position),
    /// None is stored, because a stream is not where its first event would be the next.
    Conflict {
        /// The stream.
        stream: StreamId,
        /// The version that it has.
        actual: u64,
    },
}

/// A stream that events are added to.
#[derive(Debug)]
pub(crate) struct Added<'e> {
    pub(crate) stream: &'e StreamId,
    /// The version that it must have before.
    pub(crate) before: u64,
    pub(crate) events: u64,
}

/// The streams of some events, in the order of their keys.
///
/// # Errors
/// The stream whose versions do not follow one another, and the version that should have come.
pub(crate) fn added(events: &[RecordedEvent]) -> Result<Vec<Added<'_>>, Restoring> {
    let mut streams: HashMap<Uuid, Added<'_>> = HashMap::new();
    for event in events {
        let stream = &event.stream;
        let before = event.version.saturating_sub(1);
        let added = streams.entry(stream.key()).or_insert(Added { stream, before, events: 0 });
        if event.version != added.before + added.events + 1 {
            let actual = added.before + added.events;
            return Err(Restoring::Conflict { stream: stream.clone(), actual });
        }
        added.events += 1;
    }
    let mut streams: Vec<_> = streams.into_values().collect();
    streams.sort_by_key(|added| added.stream.key());
    Ok(streams)
}

/// Whether every store can keep the names of these events.
///
/// # Errors
/// [`StoreError::InvalidName`].
pub(crate) fn check(events: &[RecordedEvent]) -> Result<(), StoreError> {
    events.iter().try_for_each(|event| {
        event.stream.check()?;
        check_name(&event.name, "event")
    })
}
