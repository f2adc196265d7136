use std::collections::HashMap;

use uuid::Uuid;

use super::{ParkedDelivery, StoreError, StreamId, check_key, check_name};
use crate::domain::{IdempotencyKey, Position, Receipt, Timestamp};

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

/// A key that a command was stored under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptKey {
    /// The key.
    pub key: IdempotencyKey,
    /// The stream that it was used for.
    pub stream: StreamId,
    /// What it gives.
    pub receipt: Receipt,
}

/// Some of the keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyPage {
    /// In the order of the store.
    pub keys: Vec<KeptKey>,
    /// Where to go on; `None` at the end.
    pub next: Option<Vec<u8>>,
}

/// What has become of keys that were to be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestoringKeys {
    /// All of them are kept; so many were not before.
    Stored(u64),
    /// None was added, because this one is kept for something else, or its event is not there.
    Conflict {
        /// The key.
        key: IdempotencyKey,
        /// What it is kept for; `None` where its event is not there.
        kept: Option<(StreamId, Receipt)>,
    },
}

/// Whether every store can keep these keys.
///
/// # Errors
/// [`StoreError::InvalidName`].
pub(crate) fn check_keys(keys: &[KeptKey]) -> Result<(), StoreError> {
    keys.iter().try_for_each(|kept| {
        check_key(&kept.key)?;
        kept.stream.check()
    })
}

/// What stands right behind a key in the order of their texts, of which none has a NUL. The text of a key may be empty.
pub(crate) fn next_key(key: &IdempotencyKey) -> Vec<u8> {
    [key.as_str().as_bytes(), b"\0"].concat()
}

/// Whether every store can keep the names of these deliveries.
///
/// # Errors
/// [`StoreError::InvalidName`].
pub(crate) fn check_deliveries(deliveries: &[ParkedDelivery]) -> Result<(), StoreError> {
    deliveries.iter().try_for_each(|delivery| {
        check_name(&delivery.subscription, "subscription")?;
        check_name(&delivery.event, "event")?;
        delivery.stream.check()
    })
}

/// What is to become of one key: whether it is new.
///
/// `here` is the receipt that it gives here, if its event is there, and `known` what the key is kept for.
///
/// # Errors
/// Why nothing is stored.
pub(crate) fn may_keep(
    kept: &KeptKey,
    here: Option<Receipt>,
    known: Option<(StreamId, Receipt)>,
) -> Result<bool, RestoringKeys> {
    match (here, known) {
        (Some(here), Some(known)) if known == (kept.stream.clone(), here) => Ok(false),
        (Some(_), None) => Ok(true),
        (_, known) => Err(RestoringKeys::Conflict { key: kept.key.clone(), kept: known }),
    }
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
