use std::sync::Arc;

use crate::{
    domain::Position,
    log::LogEntry,
    store::{ParkedDelivery, StreamId},
};

/// An event on its way to a handler.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) stream: StreamId,
    pub(super) shard: u16,
    pub(super) position: Position,
    pub(super) version: u64,
    pub(super) event: String,
    /// How often it was tried so far.
    pub(super) attempts: u32,
    pub(super) source: Source,
}

/// Where it comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// From the feed; it counts for the position of its shard.
    Feed(Arc<LogEntry>),
    /// It was parked; its event is still to be read.
    Parked,
}

impl Item {
    pub(super) fn fresh(entry: Arc<LogEntry>, shard: u16) -> Self {
        Self {
            stream: entry.stream.clone(),
            shard,
            position: entry.position,
            version: entry.version,
            event: entry.name.clone(),
            attempts: 0,
            source: Source::Feed(entry),
        }
    }

    pub(super) fn is_fresh(&self) -> bool {
        matches!(self.source, Source::Feed(_))
    }
}

impl From<ParkedDelivery> for Item {
    fn from(parked: ParkedDelivery) -> Self {
        Self {
            stream: parked.stream,
            shard: parked.shard,
            position: parked.position,
            version: parked.version,
            event: parked.event,
            attempts: parked.attempts,
            source: Source::Parked,
        }
    }
}
