use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use uuid::Uuid;

use super::{StoreError, StreamId};
use crate::domain::{Position, Timestamp};

/// An event that a handler could not handle, or that waits behind one. It is told from others by its handler, its place in
/// the log, and the stream in whose order it is delivered.
///
/// The deliveries of a stream stand in the order of their positions. The first that is not
/// [`DeliveryState::Discarded`] is the head; the others wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedDelivery {
    /// The handler's subscription.
    pub subscription: Arc<str>,
    /// The shard of the stream.
    pub shard: u16,
    /// The stream in whose order it is delivered: the event's own, or that of an instance of a process manager, where an
    /// event is delivered to each instance that it is for.
    pub stream: StreamId,
    /// The event, by its place in the log.
    pub position: Position,
    /// The event's place in its own stream.
    pub version: u64,
    /// The type's name in the store.
    pub event: String,
    /// What is to become of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was parked, by the clock of the database, like all times here.
    pub parked_at: Timestamp,
    /// When it was tried last.
    pub tried_at: Option<Timestamp>,
    /// When it is tried again; only where it is to be.
    pub due_at: Option<Timestamp>,
    /// What went wrong last: the error, and its causes.
    pub errors: Vec<String>,
    /// Who has decided about it last, and why.
    pub decided_by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What is to become of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// It waits behind an earlier one of its stream; as the head it is due at once.
    Waiting,
    /// It is tried again when it is due.
    Retrying,
    /// A dead letter: the attempts are used up, or the error is permanent. Somebody has to decide.
    Dead,
    /// A dead letter of which somebody has said that it is to stay one: bulk retries leave it alone.
    Permanent,
    /// Given up by somebody. It holds up nothing, and is kept as a record.
    Discarded,
}

/// A change of the deliveries, committed with the position of its shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryWrite {
    /// Adds a delivery. One that is there already keeps the time when it was parked, and is replaced only where it is
    /// waiting or retrying and has one attempt less than this: otherwise somebody has decided about it meanwhile, or
    /// it was parked before, and it stays as it is. That is no error.
    Park {
        /// The handler's subscription.
        subscription: Arc<str>,
        /// The shard of the stream.
        shard: u16,
        /// The stream.
        stream: StreamId,
        /// The event, by its place in the log.
        position: Position,
        /// The event's place in its stream.
        version: u64,
        /// The type's name in the store.
        event: String,
        /// What is to become of it.
        state: DeliveryState,
        /// How often it was tried.
        attempts: u32,
        /// When it is tried again, from now on by the database's clock; only when retrying.
        retry_in: Option<Duration>,
        /// What went wrong: the error, and its causes. A NUL character in them may be lost.
        errors: Vec<String>,
    },
    /// It was handled: removes it.
    Done {
        /// The handler's subscription.
        subscription: Arc<str>,
        /// The stream in whose order it was delivered.
        stream: StreamId,
        /// The event.
        position: Position,
    },
}

/// Which deliveries are meant. Empty, it means all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Of this handler's subscription.
    pub subscription: Option<String>,
    /// In one of these states; empty for any.
    pub states: Vec<DeliveryState>,
    /// Of this stream.
    pub stream: Option<StreamId>,
    /// Of this type of event.
    pub event: Option<String>,
    /// This event alone.
    pub position: Option<Position>,
    /// Parked at this time or later.
    pub parked_from: Option<Timestamp>,
    /// Parked before this time.
    pub parked_before: Option<Timestamp>,
    /// With an error that contains this text.
    pub error: Option<String>,
    /// After this place in the order of the answer, for the next page.
    pub after: Option<DeliveryPlace>,
}

/// Where a delivery stands among all of them: the subscription, the position, and the key of the stream.
pub type DeliveryPlace = (String, Position, Uuid);

impl ParkedDelivery {
    /// Where it stands in a list.
    pub fn place(&self) -> DeliveryPlace {
        (self.subscription.to_string(), self.position, self.stream.key())
    }
}

/// What somebody wants to be done with deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryAction {
    /// Tries them again after so long, with all attempts anew. Those that wait behind others keep waiting.
    Retry {
        /// From now on, by the database's clock; zero for at once.
        after: Duration,
    },
    /// Gives them up: what waits behind them flows.
    Discard,
    /// Marks them as staying dead.
    MarkPermanent,
}

/// Where handlers keep what they could not handle.
#[async_trait]
pub trait Deliveries: Send + Sync {
    /// The heads of their streams that are due now, the longest due first; a waiting one is due since it was parked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn due_deliveries(
        &self,
        subscription: &str,
        shards: &[u16],
        limit: u64,
    ) -> Result<Vec<ParkedDelivery>, StoreError>;

    /// The streams of these shards that have deliveries which hold up later ones.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn parked_streams(&self, subscription: &str, shards: &[u16]) -> Result<Vec<StreamId>, StoreError>;

    /// Deliveries by a filter, ordered by subscription, position and the bytes of the stream's key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn list_deliveries(
        &self,
        filter: &DeliveryFilter,
        limit: u64,
    ) -> Result<Vec<ParkedDelivery>, StoreError>;

    /// How many deliveries of a subscription there are in each state; states without any may be left out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn count_deliveries(&self, subscription: &str) -> Result<Vec<(DeliveryState, u64)>, StoreError> {
        const PAGE: u64 = 1_000;
        let mut counts: Vec<(DeliveryState, u64)> = Vec::new();
        let mut filter = DeliveryFilter { subscription: Some(subscription.to_owned()), ..Default::default() };
        loop {
            let page = self.list_deliveries(&filter, PAGE).await?;
            for delivery in &page {
                match counts.iter_mut().find(|(state, _)| *state == delivery.state) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((delivery.state, 1)),
                }
            }
            match page.last() {
                Some(last) if page.len() as u64 == PAGE => {
                    filter.after = Some(last.place());
                }
                _ => return Ok(counts),
            }
        }
    }

    /// Does something with the deliveries that are retrying, dead or permanent and fit the filter, and notes who
    /// wanted it and why. How many there were.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn decide_deliveries(
        &self,
        filter: &DeliveryFilter,
        action: &DeliveryAction,
        actor: &str,
        reason: &str,
    ) -> Result<u64, StoreError>;
}
