//! The port to an event store, and what every store promises.
//!
//! * A stream's versions are 1, 2, 3, .. without gaps.
//! * An [`Append`] is stored whole or not at all.
//! * The log has one total order, by [`Position`]. A reader that goes on from the last position that it was given
//!   sees every event that was or will be committed, exactly once, each stream in the order of its versions.
//! * An idempotency key names one append to one stream. Given again it stores nothing and answers with the
//!   first receipt, also when two processes race; for another stream it is refused.
//! * [`Append::together`] stores a second append to another stream: both are there at once, or neither.
//! * An append may be made under a lease, [`ProcessWrites::fence`]: once somebody else has taken the shard, it stores
//!   nothing, whatever its writer still believes.
//! * Documents, instances of sagas and timers that stand beside events in an append are stored if and only if these are.
//! * What is due is found by shard and time: what waits, or has ended, costs nothing, however much there is of it.
//! * Which programs run is known, and what they read and write is recorded; nobody joins them without having seen all
//!   others ([`Fleet`]).
//! * The time of recording is the database's, and so are the times when something is due.

mod append;
mod check;
mod commit;
#[cfg_attr(
    not(all(feature = "sqlite", feature = "postgres")),
    expect(dead_code, reason = "each database looks for what it can have")
)]
pub(crate) mod damage;
mod delivery;
mod document;
mod error;
mod event;
mod fleet;
mod inspect;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
mod read_side;
mod resolve;
pub(crate) mod restore;
mod saga;
mod shard;
mod signal;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stream_id;
mod timer;

use std::{fmt, ops::ControlFlow, sync::Arc};

use async_trait::async_trait;

pub use append::{Append, Expected, NewEvent, Outcome};
pub(crate) use check::storable;
pub use check::{check_key, check_name};
pub use commit::{Advance, Commit, SqlConnection, SqlWork};
pub use damage::{Damage, DamageKind, LookedOver, Part, Repair};
pub use delivery::{
    Deliveries, DeliveryAction, DeliveryFilter, DeliveryPlace, DeliveryState, DeliveryWrite, ParkedDelivery,
};
pub use document::{
    Condition, Document, DocumentWrite, Documents, Find, Found, Generation, GenerationState, generation_name,
};
pub use error::{BoxError, ConnectError, StoreError};
pub use event::{EventRef, Item, LogEventRef, ReadLog, ReadStream, SnapshotRef};
pub use fleet::{
    DefinitionCount, EventCount, Fleet, KnownShape, Member, Program, RecordedShape, Records, Running,
    ShapeKind, Survey, Suspects,
};
pub use inspect::{Inspect, Size, StoredSnapshot, StreamFilter, StreamPage, StreamState, Tally, TypeTally};
pub use memory::Memory;
#[cfg(feature = "postgres")]
pub use postgres::{Postgres, PostgresOptions};
pub use read_side::ReadSide;
pub use restore::{KeptKey, KeyPage, RecordedEvent, Restoring, RestoringKeys};
pub use saga::{
    Due, Fence, ProcessWrites, SagaFilter, SagaState, SagaStatus, SagaWrite, Sagas, Suspicion, TakeSagas,
    TakenSagas,
};
pub use shard::{Claim, Holding, Lease, ShardState, Shards, SubscriptionState};
pub use signal::Signal;
#[cfg(feature = "sqlite")]
pub use sqlite::{Sqlite, SqliteOptions, Synchronous};
pub use stream_id::StreamId;
pub use timer::{DueTimers, TimerState, TimerWrite, Timers};

use crate::domain::{IdempotencyKey, Position, Receipt};

/// What receives the items of a stream, one after the other, and may stop the reading.
pub type StreamVisitor<'v> = &'v mut (dyn for<'e> FnMut(Item<'e>) -> ControlFlow<()> + Send);

/// What receives the events of the log, one after the other, and may stop the reading.
pub type LogVisitor<'v> = &'v mut (dyn for<'e> FnMut(LogEventRef<'e>) -> ControlFlow<()> + Send);

/// An event store. The promises are those of this module; `gesta::testing::contract` checks them.
///
/// Dropping a returned future never leaves a transaction open. What an append has done by then is unknown to
/// the caller, and is all or nothing.
#[async_trait]
pub trait EventStore: fmt::Debug + Send + Sync + 'static {
    /// Stores what can be stored of a batch, in one transaction, with one outcome each in the same order.
    ///
    /// Appends to the same stream form a chain: once one of them is not stored, the later ones of that stream are
    /// [`Outcome::Conflict`], whatever they expect, because they were decided on a state that never was. That
    /// includes a repeated key, whether of an earlier batch or of this one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when nothing was stored, [`StoreError::OutcomeUnknown`] when that cannot be
    /// told, [`StoreError::Held`] when nothing was stored because another transaction holds one of the streams,
    /// [`StoreError::Backend`] when the database refused the batch as a whole and nothing was stored.
    async fn append(&self, batch: &[Append]) -> Result<Vec<Outcome>, StoreError>;

    /// Reads a stream in the order of its versions, after the snapshot where one is asked for and fits.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn read_stream(&self, read: &ReadStream, visit: StreamVisitor<'_>) -> Result<(), StoreError>;

    /// Reads the log in the order of positions, as far as it is final, and returns where to go on: the position
    /// of the last event that was visited, or `read.after` if there was none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn read_log(&self, read: &ReadLog, visit: LogVisitor<'_>) -> Result<Position, StoreError>;

    /// The position of the last event that a reader of the log can see now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn last_position(&self) -> Result<Position, StoreError>;

    /// What the key has done: the stream that it was used for, and the first receipt.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn find_key(&self, key: &IdempotencyKey) -> Result<Option<(StreamId, Receipt)>, StoreError>;

    /// Keeps the state of a stream at a version, in place of an older one or one of another shape.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn save_snapshot(&self, stream: &StreamId, snapshot: SnapshotRef<'_>) -> Result<(), StoreError>;

    /// What those need who follow the log; `None` where a store can only append and read.
    fn read_side(&self) -> Option<&dyn ReadSide> {
        None
    }

    /// Which programs run on it, and what they store there; `None` where a store does not keep that. Then nobody is kept
    /// from starting.
    fn fleet(&self) -> Option<&dyn Fleet> {
        None
    }

    /// What those need who look after a store; `None` where it cannot tell what there is.
    fn inspect(&self) -> Option<&dyn Inspect> {
        None
    }

    /// Names the database, the same for two handles on one; `None` where that cannot be told. Applications of one
    /// process that name the same database share their states and transactions.
    fn location(&self) -> Option<String> {
        None
    }

    /// Finishes what is under way and gives back every connection. Later calls are [`StoreError::Closed`].
    async fn close(&self);
}

/// An event store, ready to be given to an application. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    port: Arc<dyn EventStore>,
}

impl Store {
    /// Wraps an adapter.
    pub fn new(adapter: impl EventStore) -> Self {
        Self { port: Arc::new(adapter) }
    }

    /// How many hold it.
    pub(crate) fn holders(&self) -> usize {
        Arc::strong_count(&self.port)
    }

    /// The adapter behind it.
    pub fn port(&self) -> &Arc<dyn EventStore> {
        &self.port
    }
}
