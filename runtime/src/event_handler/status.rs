use std::sync::{Arc, atomic::Ordering};

use super::{BreakerState, Handlers, gauges::Gauges, port};
use crate::{
    domain::Position,
    store::{DeliveryState, Store, StoreError},
};

/// How an event handler stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerStatus {
    /// Its name.
    pub name: Arc<str>,
    /// Up to where the events are handled or parked in all its shards, in whatever process.
    pub position: Position,
    /// Whether somebody has paused it.
    pub paused: bool,
    /// How many of its deliveries are parked, in whatever process.
    pub parked: ParkedCounts,
    /// How its circuit breaker stands in this process.
    pub breaker: BreakerState,
    /// How many events this process is handling now.
    pub in_flight: usize,
    /// How many events this process has read and not handled, those in flight included.
    pub queued: usize,
}

/// How many deliveries of a handler are parked, by what is to become of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParkedCounts {
    /// They wait behind others of their streams.
    pub waiting: u64,
    /// They are tried again.
    pub retrying: u64,
    /// Dead letters.
    pub dead: u64,
    /// Dead letters that are to stay so.
    pub permanent: u64,
    /// Given up, and kept as a record.
    pub discarded: u64,
}

impl ParkedCounts {
    fn of(states: &[(DeliveryState, u64)]) -> Self {
        let mut counts = Self::default();
        for (state, count) in states {
            *match state {
                DeliveryState::Waiting => &mut counts.waiting,
                DeliveryState::Retrying => &mut counts.retrying,
                DeliveryState::Dead => &mut counts.dead,
                DeliveryState::Permanent => &mut counts.permanent,
                DeliveryState::Discarded => &mut counts.discarded,
            } += count;
        }
        counts
    }
}

impl Handlers {
    /// How each of them stands, in the order in which they were registered.
    pub(crate) async fn status(&self, store: &Store) -> Result<Vec<HandlerStatus>, StoreError> {
        let mut all = Vec::new();
        for gauges in self.all() {
            all.push(status(store, &gauges).await?);
        }
        Ok(all)
    }
}

async fn status(store: &Store, gauges: &Gauges) -> Result<HandlerStatus, StoreError> {
    let side = port(store)?;
    let states = side.subscriptions(Some(&gauges.name)).await?;
    let parked = side.count_deliveries(&gauges.name).await?;
    Ok(HandlerStatus {
        name: gauges.name.clone(),
        position: states.first().map(|state| state.position()).unwrap_or_default(),
        paused: states.first().is_some_and(|state| state.paused),
        parked: ParkedCounts::of(&parked),
        breaker: gauges.breaker_state(),
        in_flight: gauges.in_flight.load(Ordering::Relaxed),
        queued: gauges.queued.load(Ordering::Relaxed),
    })
}
