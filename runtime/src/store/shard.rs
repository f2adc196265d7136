use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use uuid::Uuid;

use super::StoreError;
use crate::domain::{Position, Timestamp};

/// What a worker wants: to go on with what it has, and its fair share of what is free.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Who asks: one for each running application.
    pub worker: Uuid,
    /// The subscriptions that it can work on.
    pub subscriptions: &'a [Arc<str>],
    /// How long its leases are good from now on, by the clock of the database.
    pub ttl: Duration,
}

/// What a worker has of one subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Which subscription.
    pub subscription: Arc<str>,
    /// How many shards there are in all.
    pub shards: u16,
    /// How many of them are this worker's share: all of them, divided by the workers that are there, rounded up.
    /// Whoever has more gives them back when it has finished what it is at.
    pub share: u16,
    /// Whether somebody has paused it. Then there are no leases.
    pub paused: bool,
    /// The shards that are leased to the worker, in order.
    pub leases: Vec<Lease>,
}

/// The right to work on one shard of a subscription, until somebody else takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which subscription.
    pub subscription: Arc<str>,
    /// Which shard, from 0.
    pub shard: u16,
    /// Grows whenever the shard changes hands: what is committed with an older one is refused.
    pub token: u64,
    /// Up to where the shard's events are done.
    pub position: Position,
}

/// How a subscription stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionState {
    /// Its name.
    pub name: Arc<str>,
    /// Whether somebody has paused it.
    pub paused: bool,
    /// Its shards, in order.
    pub shards: Vec<ShardState>,
}

/// How a shard stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardState {
    /// Which, from 0.
    pub shard: u16,
    /// Up to where its events are done.
    pub position: Position,
    /// The worker whose lease is good, if there is one.
    pub owner: Option<Uuid>,
    /// Until when a lease was given last.
    pub leased_until: Option<Timestamp>,
    /// Grows whenever it changes hands.
    pub token: u64,
}

impl SubscriptionState {
    /// Up to where all shards are done.
    pub fn position(&self) -> Position {
        self.shards.iter().map(|shard| shard.position).min().unwrap_or_default()
    }
}

/// Where subscriptions keep how far they have come, and who works on them.
///
/// A subscription has a fixed number of shards. Each shard has a position and at most one lease; time is that of
/// the database.
#[async_trait]
pub trait Shards: Send + Sync {
    /// Makes a subscription, all of whose shards begin after `start`. One that exists stays as it is.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn declare(&self, subscription: &str, shards: u16, start: Position) -> Result<(), StoreError>;

    /// Lengthens the worker's leases, takes free shards up to its fair share, and says what it has now, in the order
    /// of the question. A shard is free without a lease, or when its lease has run out; one of the worker's own that
    /// has run out and was not taken meanwhile is lengthened like the others. Taking a free shard makes its token greater, and
    /// greater than any that was given out before this moment, also by a store that was set back to a backup since.
    /// A subscription that was not declared has no shards.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn claim(&self, claim: Claim<'_>) -> Result<Vec<Holding>, StoreError>;

    /// Gives back leases whose token is still good; the others are somebody else's already.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn release(&self, worker: Uuid, leases: &[Lease]) -> Result<(), StoreError>;

    /// The worker goes: all its leases are free at once, and it does not count for the shares of the others.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn leave(&self, worker: Uuid) -> Result<(), StoreError>;

    /// How subscriptions stand: one, or all in the order of their names.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn subscriptions(&self, name: Option<&str>) -> Result<Vec<SubscriptionState>, StoreError>;

    /// Pauses a subscription or lets it go on. Pausing takes the leases away: a worker commits nothing afterwards.
    /// Whether there is such a subscription.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn set_paused(&self, subscription: &str, paused: bool) -> Result<bool, StoreError>;

    /// Sets all shards of a subscription to a position, takes their leases away, and forgets its deliveries. Whether
    /// there is such a subscription.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn reset(&self, subscription: &str, position: Position) -> Result<bool, StoreError>;

    /// Removes a subscription with its shards and deliveries. Whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn remove(&self, subscription: &str) -> Result<bool, StoreError>;
}
