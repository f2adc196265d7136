use async_trait::async_trait;
use tokio::sync::watch;

use super::{Commit, Deliveries, Documents, Sagas, Shards, StoreError, Timers};
use crate::domain::Timestamp;

/// The part of a store that those need who follow the log: subscriptions, projections and handlers.
#[async_trait]
pub trait ReadSide: Shards + Documents + Deliveries + Sagas + Timers {
    /// Stores all of it in one transaction, or nothing.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when a lease is not good any more or a shard is not where it was,
    /// [`StoreError::Stale`] when a document has another revision than expected, [`StoreError::Work`] when the
    /// application's own statements fail, [`StoreError::WorkTimedOut`] when they take too long, [`StoreError::Unsupported`] when there are some and the store knows no SQL:
    /// nothing was stored. [`StoreError::OutcomeUnknown`] when that cannot be told: claim again and look where the
    /// shards are. [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn commit(&self, commit: &Commit) -> Result<(), StoreError>;

    /// Changes when something may have been appended, by this process or, where the store can tell, by another.
    fn signals(&self) -> watch::Receiver<u64>;

    /// Changes when shards may have become free, or whoever works on them should look again, because leases were given
    /// back, or somebody has paused, reset or removed a subscription or let it go on: in this process or, where the
    /// store can tell, in another. One that is missed costs time and nothing else, because everybody claims from time
    /// to time.
    fn shard_signals(&self) -> watch::Receiver<u64>;

    /// Whether the signals tell what other processes append too. Where they do not, the log is looked at more often.
    fn hears_others(&self) -> bool {
        false
    }

    /// Whether it runs an application's own statements in its transactions: [`Commit::work`]. A store that does not is
    /// asked for it once, at the start.
    fn runs_sql(&self) -> bool {
        true
    }

    /// Changes when somebody moves the clock of the store by hand, which tests do; `None` for a clock that moves by itself.
    fn clock_moves(&self) -> Option<watch::Receiver<Timestamp>> {
        None
    }

    /// The time by the clock of the store.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn now(&self) -> Result<Timestamp, StoreError>;
}
