use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{Due, StoreError, StreamId};
use crate::domain::Timestamp;

/// A change of the timers of a stream, in the transaction of an append to it. The changes of a batch are made one after
/// the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimerWrite {
    /// Sets a timer, in place of one of the same name.
    Arm {
        /// Its name; the stream has one of each.
        name: Arc<str>,
        /// Tells this setting from earlier ones of the same name. Every bit of it is kept.
        armed: u64,
        /// The shard that it belongs to.
        shard: u16,
        /// When it fires.
        due: Due,
    },
    /// Takes a timer away; one that is not there, or was set anew under another number, is left alone.
    Disarm {
        /// Its name.
        name: Arc<str>,
        /// Only this setting; `None` for any.
        armed: Option<u64>,
    },
}

/// A timer as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimerState {
    /// Whose it is.
    pub stream: StreamId,
    /// Its name.
    pub name: Arc<str>,
    /// Tells this setting from earlier ones of the same name.
    pub armed: u64,
    /// Its shard.
    pub shard: u16,
    /// When it fires, by the clock of the database.
    pub due_at: Timestamp,
}

/// Timers that fire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DueTimers {
    /// Those that are due, the longest due first.
    pub due: Vec<TimerState>,
    /// How long it is until the next one in these shards that is not due yet.
    pub next: Option<Duration>,
}

/// Where timers are kept. Written with events, by [`Append::process`](super::Append::process). To fire one is to append an
/// event to its stream with a key made of stream, name and number, and to take it away in the same transaction.
#[async_trait]
pub trait Timers: Send + Sync {
    /// The timers of streams of a category that are due now, by the clock of the database.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn due_timers(&self, category: &str, shards: &[u16], limit: u64) -> Result<DueTimers, StoreError>;

    /// The timers of a stream, by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn timers_of(&self, stream: &StreamId) -> Result<Vec<TimerState>, StoreError>;
}
