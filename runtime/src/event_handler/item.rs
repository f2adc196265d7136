use std::sync::Arc;

use uuid::Uuid;

use crate::{
    domain::Position,
    log::LogEntry,
    store::{DeliveryState, ParkedDelivery, StreamId},
};

/// What is told of an attempt before it begins.
pub(super) const UNFINISHED: &str =
    "this attempt has begun; where none is under way, the process ended during it";

/// An event on its way to a handler.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// In whose order it is delivered: its stream, or what [`Call::lanes`](super::Call::lanes) says.
    pub(super) lane: StreamId,
    pub(super) shard: u16,
    pub(super) position: Position,
    pub(super) version: u64,
    pub(super) event: String,
    /// How often it was tried so far.
    pub(super) attempts: u32,
    /// Whether the last attempt was begun and nobody has told how it ended.
    pub(super) unfinished: bool,
    pub(super) source: Source,
}

/// Tells the deliveries of a handler apart: the event, and whose order it is delivered in.
pub(super) type Place = (Position, Uuid);

/// Where it comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// From the feed; it counts for the position of its shard.
    Feed(Arc<LogEntry>),
    /// It was parked; its event is still to be read.
    Parked,
}

impl Item {
    pub(super) fn fresh(entry: Arc<LogEntry>, lane: StreamId, shard: u16) -> Self {
        Self {
            lane,
            shard,
            position: entry.position,
            version: entry.version,
            event: entry.name.clone(),
            attempts: 0,
            unfinished: false,
            source: Source::Feed(entry),
        }
    }

    /// Which delivery of the handler it is.
    pub(super) fn place(&self) -> Place {
        (self.position, self.lane.key())
    }

    pub(super) fn is_fresh(&self) -> bool {
        matches!(self.source, Source::Feed(_))
    }
}

impl From<ParkedDelivery> for Item {
    fn from(parked: ParkedDelivery) -> Self {
        let unfinished = parked.errors.first().is_some_and(|error| error == UNFINISHED);
        Self {
            lane: parked.stream,
            shard: parked.shard,
            position: parked.position,
            version: parked.version,
            event: parked.event,
            attempts: parked.attempts,
            unfinished: unfinished && parked.state == DeliveryState::Retrying,
            source: Source::Parked,
        }
    }
}
