use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::{Feed, ProgressSender, Stop};
use crate::{
    domain::Start,
    log::Filter,
    store::{Lease, Store, StoreError},
};

/// What a durable subscription is.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its name in the store.
    pub name: Arc<str>,
    /// How many shards it has; only the first start decides.
    pub shards: u16,
    /// Where it begins; only the first start decides.
    pub start: Start,
    /// Which events it wants. Its position moves over the others as well.
    pub filter: Filter,
}

/// What does something with the events of a durable subscription.
#[async_trait]
pub trait Driver: fmt::Debug + Send + Sync + 'static {
    /// What the subscription is. Asked once.
    fn plan(&self) -> Plan;

    /// Works on the shards of this process until it is asked to stop, and then returns after what it is at: a batch
    /// that is folded is committed, a handler that runs is waited for. It is called again whenever the process has
    /// other shards than before.
    ///
    /// # Errors
    /// Whatever it cannot go on with. It is called again after a while, with positions from the store; a panic is
    /// treated alike. [`StoreError::Fenced`] is not taken for a failure: it is called again at once.
    async fn work(&self, work: Work) -> Result<(), StoreError>;

    /// Removes what has followed from events, because the subscription is about to be set to another position. It is
    /// paused meanwhile: nobody works on it.
    ///
    /// # Errors
    /// Whatever goes wrong: the subscription stays where it is.
    async fn before_reset(&self, store: &Store) -> Result<(), StoreError> {
        let _ = store;
        Ok(())
    }
}

/// What a driver works with.
#[derive(Debug)]
pub struct Work {
    /// The store.
    pub store: Store,
    /// How many shards the subscription has in all.
    pub shards: u16,
    /// The shards of this process, with the positions that stand in the store. At least one.
    pub leases: Vec<Lease>,
    /// The events after the smallest of these positions. Of a shard whose position is greater, those up to there are
    /// done already.
    pub feed: Feed,
    /// When to stop.
    pub stop: Stop,
    /// Where to tell how far it has come. The feed reminds of positions that are not committed, by batches without
    /// events: [`Feed::next`].
    pub progress: ProgressSender,
}
