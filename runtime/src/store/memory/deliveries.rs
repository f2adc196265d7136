//! Deliveries that wait: for another attempt, for those before them, or for somebody to decide.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

use async_trait::async_trait;
use uuid::Uuid;

use super::{Memory, State};
use crate::{
    domain::{Position, Timestamp},
    store::{
        Deliveries, DeliveryAction, DeliveryFilter, DeliveryState, DeliveryWrite, ParkedDelivery, StoreError,
        StreamId,
        resolve::{decide, later, may_replace},
    },
};

impl State {
    pub(super) fn deliver(&mut self, write: &DeliveryWrite, now: Timestamp) {
        match write {
            DeliveryWrite::Park { subscription, stream, position, .. } => {
                let place = (Arc::clone(subscription), *position, stream.key());
                let known = self.deliveries.get(&place);
                if known.is_none_or(|known| may_replace(known, write)) {
                    let parked = parked(write, known, now);
                    self.deliveries.extend(parked.map(|parked| (place, parked)));
                }
            }
            DeliveryWrite::Done { subscription, stream, position } => {
                self.deliveries.remove(&(Arc::clone(subscription), *position, stream.key()));
            }
        }
    }

    pub(super) fn restore_deliveries(&mut self, deliveries: &[ParkedDelivery]) {
        for parked in deliveries {
            let place = (Arc::clone(&parked.subscription), parked.position, parked.stream.key());
            self.deliveries.insert(place, parked.clone());
        }
    }

    pub(super) fn forget_deliveries(&mut self, subscription: &str) {
        self.deliveries.retain(|(own, ..), _| **own != *subscription);
    }

    /// The deliveries of some shards that hold up others or wait, in the order of their positions.
    fn held<'s>(&'s self, subscription: &str, shards: &'s [u16]) -> impl Iterator<Item = &'s ParkedDelivery> {
        let first = (Arc::from(subscription), Position::START, Uuid::nil());
        let own = self.deliveries.range(first.clone()..).take_while(move |((own, ..), _)| *own == first.0);
        own.map(|(_, delivery)| delivery)
            .filter(|delivery| delivery.state != DeliveryState::Discarded && shards.contains(&delivery.shard))
    }
}

/// The delivery that is written over one that may be known already.
fn parked(write: &DeliveryWrite, known: Option<&ParkedDelivery>, now: Timestamp) -> Option<ParkedDelivery> {
    let DeliveryWrite::Park {
        subscription,
        shard,
        stream,
        position,
        version,
        event,
        state,
        attempts,
        retry_in,
        errors,
    } = write.clone()
    else {
        return None;
    };
    Some(ParkedDelivery {
        subscription,
        shard,
        stream,
        position,
        version,
        event,
        state,
        attempts,
        parked_at: known.map_or(now, |known| known.parked_at),
        tried_at: (attempts > 0).then_some(now),
        due_at: (state == DeliveryState::Retrying).then(|| later(now, retry_in.unwrap_or_default())),
        errors,
        decided_by: known.and_then(|known| known.decided_by.clone()),
        reason: known.and_then(|known| known.reason.clone()),
    })
}

fn fits(delivery: &ParkedDelivery, filter: &DeliveryFilter) -> bool {
    let DeliveryFilter {
        subscription,
        states,
        stream,
        event,
        position,
        parked_from,
        parked_before,
        error,
        after,
    } = filter;
    subscription.as_ref().is_none_or(|wanted| **wanted == *delivery.subscription)
        && (states.is_empty() || states.contains(&delivery.state))
        && stream.as_ref().is_none_or(|wanted| *wanted == delivery.stream)
        && event.as_ref().is_none_or(|wanted| *wanted == delivery.event)
        && position.is_none_or(|wanted| wanted == delivery.position)
        && parked_from.is_none_or(|from| delivery.parked_at >= from)
        && parked_before.is_none_or(|before| delivery.parked_at < before)
        && error.as_ref().is_none_or(|text| delivery.errors.iter().any(|error| error.contains(text)))
        && after.as_ref().is_none_or(|after| delivery.place() > *after)
}

#[async_trait]
impl Deliveries for Memory {
    async fn due_deliveries(
        &self,
        subscription: &str,
        shards: &[u16],
        limit: u64,
    ) -> Result<Vec<ParkedDelivery>, StoreError> {
        let state = self.open()?;
        let now = self.clock.now();
        let mut heads = HashMap::new();
        for delivery in state.held(subscription, shards) {
            if let Entry::Vacant(free) = heads.entry(&delivery.stream) {
                free.insert(delivery);
            }
        }
        let due = |delivery: &&ParkedDelivery| match delivery.state {
            DeliveryState::Waiting => Some(delivery.parked_at),
            DeliveryState::Retrying => delivery.due_at.filter(|due| *due <= now),
            _ => None,
        };
        let mut due: Vec<_> = heads.into_values().filter_map(|head| Some((due(&head)?, head))).collect();
        due.sort_by_key(|(since, head)| (*since, head.position));
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(due.into_iter().map(|(_, head)| head.clone()).collect())
    }

    async fn parked_streams(&self, subscription: &str, shards: &[u16]) -> Result<Vec<StreamId>, StoreError> {
        let state = self.open()?;
        let mut seen = HashSet::new();
        let streams = state.held(subscription, shards).map(|delivery| &delivery.stream);
        Ok(streams.filter(|stream| seen.insert(*stream)).cloned().collect())
    }

    async fn list_deliveries(
        &self,
        filter: &DeliveryFilter,
        limit: u64,
    ) -> Result<Vec<ParkedDelivery>, StoreError> {
        let state = self.open()?;
        let fitting = state.deliveries.values().filter(|delivery| fits(delivery, filter));
        Ok(fitting.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn decide_deliveries(
        &self,
        filter: &DeliveryFilter,
        action: &DeliveryAction,
        actor: &str,
        reason: &str,
    ) -> Result<u64, StoreError> {
        let mut state = self.open()?;
        let now = self.clock.now();
        let mut decided = 0;
        for delivery in state.deliveries.values_mut().filter(|delivery| fits(delivery, filter)) {
            decided += u64::from(decide(delivery, action, actor, reason, now));
        }
        Ok(decided)
    }
}
