use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::{Feed, Stop};
use crate::{
    domain::{Position, Start},
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
    /// treated alike.
    async fn work(&self, work: Work) -> Result<(), StoreError>;
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
    /// Where to tell how far it has come.
    pub progress: ProgressSender,
}

/// Tells those who wait in this process how far a subscription has come, as soon as it is committed.
#[derive(Clone, Debug)]
pub struct ProgressSender {
    pub(super) send: Arc<tokio::sync::watch::Sender<Option<Position>>>,
}

impl ProgressSender {
    /// All shards of this process are done up to here, and that is in the store.
    pub fn committed(&self, position: Position) {
        self.send.send_replace(Some(position));
    }
}
