use serde_json::Value;

use super::decode::{decode_event, undecodable};
use crate::{
    codec::{decode_meta, decode_value},
    domain::{Event, Meta, Position, Timestamp},
    store::{EventRef, LogEventRef, StoreError, StreamId},
};

/// An event of the log, of any aggregate. What it means is read from it on demand.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogEntry {
    /// The stream: category and id of the aggregate.
    pub stream: StreamId,
    /// Its place in the log.
    pub position: Position,
    /// Its place in its stream: 1 for the first event.
    pub version: u64,
    /// When the database recorded it, by the database's clock.
    pub recorded_at: Timestamp,
    /// The type's name in the store, such as `account.opened`.
    pub name: String,
    /// The version of the payload's shape.
    pub type_version: u16,
    /// The payload, byte for byte as it was stored.
    pub payload: Vec<u8>,
    meta: Vec<u8>,
}

impl LogEntry {
    /// Who caused it, and what it belongs to.
    ///
    /// # Errors
    /// [`StoreError::Undecodable`] when the store holds something else in its place.
    pub fn meta(&self) -> Result<Meta, StoreError> {
        decode_meta(&self.meta).map_err(|error| undecodable(&self.stream, self.as_event(), error))
    }

    /// The payload as JSON.
    ///
    /// # Errors
    /// [`StoreError::Undecodable`] when it is not JSON.
    pub fn json(&self) -> Result<Value, StoreError> {
        decode_value(&self.payload).map_err(|error| undecodable(&self.stream, self.as_event(), error))
    }

    /// The payload as an event of an aggregate, upcast to today's version of its type.
    ///
    /// # Errors
    /// [`StoreError::UnknownEvent`] when `E` has no type of this name, [`StoreError::Undecodable`] when the
    /// payload is not what its version says, or that version is newer than this program.
    pub fn decode<E: Event>(&self) -> Result<E, StoreError> {
        decode_event(&self.stream, self.as_event())
    }

    /// The event as a store gives it: what a [`Filter`](super::Filter) looks at.
    pub fn as_log_event(&self) -> LogEventRef<'_> {
        LogEventRef { stream: &self.stream, event: self.as_event() }
    }

    fn as_event(&self) -> EventRef<'_> {
        EventRef {
            position: self.position,
            version: self.version,
            recorded_at: self.recorded_at,
            name: &self.name,
            type_version: self.type_version,
            meta: &self.meta,
            payload: &self.payload,
        }
    }
}

impl From<LogEventRef<'_>> for LogEntry {
    fn from(LogEventRef { stream, event }: LogEventRef<'_>) -> Self {
        Self {
            stream: stream.clone(),
            position: event.position,
            version: event.version,
            recorded_at: event.recorded_at,
            name: event.name.to_owned(),
            type_version: event.type_version,
            payload: event.payload.to_vec(),
            meta: event.meta.to_vec(),
        }
    }
}
