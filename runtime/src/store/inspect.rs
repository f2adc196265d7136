use async_trait::async_trait;
use uuid::Uuid;

use super::{
    KeptKey, KeyPage, LookedOver, ParkedDelivery, Part, RecordedEvent, Repair, Restoring, RestoringKeys,
    StoreError, StreamId,
};
use crate::domain::{Position, Timestamp};

/// The part of a store that those need who look after it: what there is, counted and looked over.
///
/// A call looks at a limited number of rows and says where to go on, or counts what an index or a table of names has, so
/// that none takes long or needs much memory, however much there is. Nothing of it is needed to run an application.
#[async_trait]
pub trait Inspect: Send + Sync {
    /// The next streams in the order of their keys: it looks at `most` of them, and tells of those that pass the filter.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn list_streams(
        &self,
        filter: &StreamFilter,
        after: Option<Uuid>,
        most: u64,
    ) -> Result<StreamPage, StoreError>;

    /// Counts the next `most` events of the log by their types.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn tally(&self, after: Position, most: u64) -> Result<Tally, StoreError>;

    /// Counts the streams of each category, those without events left out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn count_streams(&self) -> Result<Vec<(String, u64)>, StoreError>;

    /// How many rows a part has, without looking at all of them where that can be avoided: as many events as there are,
    /// unless the store is damaged, and about so many of the rest.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn extent(&self, part: Part) -> Result<u64, StoreError>;

    /// Counts about `most` events by their types, from all over the log; all of them where there are no more. Types that
    /// are rare may be missing, and where there are few events, all of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn sample(&self, most: u64) -> Result<Vec<TypeTally>, StoreError>;

    /// The next snapshots in the order of the keys of their streams: at most so many, and fewer only at the end.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn list_snapshots(&self, after: Option<Uuid>, most: u64)
    -> Result<Vec<StoredSnapshot>, StoreError>;

    /// How much room it takes, part by part, the greatest first; nothing where that cannot be told.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn sizes(&self) -> Result<Vec<Size>, StoreError>;

    /// Looks over the next `most` rows of a part, and says what is wrong with them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn look_over(&self, part: Part, after: Option<&[u8]>, most: u64) -> Result<LookedOver, StoreError>;

    /// Makes something right, if it is still as it was found. Whether it was.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn repair(&self, repair: &Repair) -> Result<bool, StoreError>;

    /// Stores events that were recorded before: in this order behind everything that there is, with the times when they
    /// were recorded then; all of them in one transaction, or none. Each must be the next of its stream.
    ///
    /// # Errors
    /// As [`EventStore::append`](super::EventStore::append).
    async fn restore(&self, events: &[RecordedEvent]) -> Result<Restoring, StoreError>;

    /// The next keys of commands, in an order of the store's own: at most `most` of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn list_keys(&self, after: Option<&[u8]>, most: u64) -> Result<KeyPage, StoreError>;

    /// Keeps keys that were used in another store, for events that are here as well: all of them in one transaction,
    /// or none. The position in a receipt does not count; it becomes that of the event here. A key that is kept
    /// already, for the same, stays as it is.
    ///
    /// # Errors
    /// As [`EventStore::append`](super::EventStore::append).
    async fn restore_keys(&self, keys: &[KeptKey]) -> Result<RestoringKeys, StoreError>;

    /// Sets shards of a subscription to places of their own, and takes their leases away. Deliveries stay.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn restore_shards(
        &self,
        subscription: &str,
        positions: &[(u16, Position)],
    ) -> Result<(), StoreError>;

    /// Parks deliveries as they were parked before, with their times and what was decided about them: all of them in
    /// one transaction, or none. One that is there already is replaced.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn restore_deliveries(&self, deliveries: &[ParkedDelivery]) -> Result<(), StoreError>;
}

/// Which streams are meant; all conditions that are given hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamFilter {
    /// Of this category.
    pub category: Option<String>,
    /// With an id that begins like this.
    pub id_prefix: Option<String>,
}

impl StreamFilter {
    /// Whether a stream passes.
    pub fn matches(&self, category: &str, id: &str) -> bool {
        self.category.as_deref().is_none_or(|wanted| wanted == category)
            && self.id_prefix.as_deref().is_none_or(|prefix| id.starts_with(prefix))
    }
}

/// How a stream stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamState {
    /// Which.
    pub stream: StreamId,
    /// The version of its last event, as it is told to those who append.
    pub version: u64,
    /// Its last event: its place in the log, and when it was recorded. `None` where the store has lost it.
    pub last: Option<(Position, Timestamp)>,
}

/// Some of the streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamPage {
    /// Those that pass the filter, in the order of their keys.
    pub streams: Vec<StreamState>,
    /// How many were looked at.
    pub looked_at: u64,
    /// Where to go on; `None` at the end.
    pub next: Option<Uuid>,
}

/// Events of a part of the log, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// By type, in no order.
    pub types: Vec<TypeTally>,
    /// Where to go on: the position of the last event that was counted; `None` at the end.
    pub next: Option<Position>,
}

/// Events of one type, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeTally {
    /// The type's name.
    pub name: String,
    /// The version of the payload's shape.
    pub version: u16,
    /// How many there are.
    pub events: u64,
    /// How long their payloads are, all together.
    pub bytes: u64,
    /// When the first and the last of them were recorded.
    pub recorded: (Timestamp, Timestamp),
}

/// The state of a stream, as it is kept beside its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSnapshot {
    /// Of which stream. It has neither category nor id where the store has lost its name.
    pub stream: StreamId,
    /// After which version.
    pub version: u64,
    /// Where the event of that version stands.
    pub position: Position,
    /// The fingerprint of its shape.
    pub fingerprint: u64,
    /// The state.
    pub state: Vec<u8>,
}

/// How much room a part of a store takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// What: a table with its indexes, or a file.
    pub what: String,
    /// In bytes.
    pub bytes: u64,
}
