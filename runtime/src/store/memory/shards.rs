//! Subscriptions: how far their shards are, and who works on them.

use std::sync::Arc;

use async_trait::async_trait;
use uuid::Uuid;

use super::{Memory, State};
use crate::{
    domain::Position,
    store::{
        Advance, Claim, Holding, Lease, Shards, StoreError, SubscriptionState, check_name,
        resolve::{Place, Roster},
    },
};

impl State {
    fn place(&mut self, subscription: &str, shard: u16) -> Option<&mut Place> {
        self.subscriptions.get_mut(subscription)?.shards.get_mut(usize::from(shard))
    }

    /// Whether the lease is good and the shard where the worker believes it is.
    pub(super) fn holds(&mut self, advance: &Advance) -> bool {
        self.place(&advance.subscription, advance.shard).is_some_and(|place| {
            place.owner.is_some() && place.token == advance.token && place.position == advance.from
        })
    }

    /// The token of a shard that somebody has.
    pub(super) fn token(&mut self, subscription: &str, shard: u16) -> Option<u64> {
        self.place(subscription, shard).filter(|place| place.owner.is_some()).map(|place| place.token)
    }

    pub(super) fn advance(&mut self, advance: &Advance) {
        if let Some(place) = self.place(&advance.subscription, advance.shard) {
            place.position = advance.to;
        }
    }

    /// Takes the leases of a subscription away; false where there is none.
    fn change(&mut self, subscription: &str, change: impl FnOnce(&mut Roster)) -> bool {
        let Some(roster) = self.subscriptions.get_mut(subscription) else { return false };
        roster.shards.iter_mut().for_each(|place| place.owner = None);
        change(roster);
        true
    }

    pub(super) fn restore_shards(&mut self, subscription: &str, positions: &[(u16, Position)]) {
        for (shard, position) in positions {
            if let Some(place) = self.place(subscription, *shard) {
                (place.position, place.owner) = (*position, None);
            }
        }
    }

    pub(super) fn remove_subscription(&mut self, subscription: &str) -> bool {
        self.forget_deliveries(subscription);
        self.subscriptions.remove(subscription).is_some()
    }
}

#[async_trait]
impl Shards for Memory {
    async fn declare(&self, subscription: &str, shards: u16, start: Position) -> Result<(), StoreError> {
        check_name(subscription, "subscription")?;
        let mut state = self.open()?;
        state.subscriptions.entry(subscription.into()).or_insert_with(|| Roster::new(shards, start));
        Ok(())
    }

    async fn claim(&self, claim: Claim<'_>) -> Result<Vec<Holding>, StoreError> {
        let mut state = self.open()?;
        let now = self.clock.now();
        let mut holding = |name: &Arc<str>| match state.subscriptions.get_mut(name) {
            Some(roster) => {
                roster.claim(claim.worker, claim.ttl, now);
                roster.holding(name, claim.worker)
            }
            None => Roster::default().holding(name, claim.worker),
        };
        Ok(claim.subscriptions.iter().map(&mut holding).collect())
    }

    async fn release(&self, worker: Uuid, leases: &[Lease]) -> Result<(), StoreError> {
        let mut state = self.open()?;
        for lease in leases {
            if let Some(place) = state.place(&lease.subscription, lease.shard)
                && place.owner == Some(worker)
                && place.token == lease.token
            {
                place.owner = None;
            }
        }
        self.freed.ring();
        Ok(())
    }

    async fn leave(&self, worker: Uuid) -> Result<(), StoreError> {
        for roster in self.open()?.subscriptions.values_mut() {
            roster.workers.remove(&worker);
            let places = roster.shards.iter_mut().filter(|place| place.owner == Some(worker));
            places.for_each(|place| place.owner = None);
        }
        self.freed.ring();
        Ok(())
    }

    async fn subscriptions(&self, name: Option<&str>) -> Result<Vec<SubscriptionState>, StoreError> {
        let state = self.open()?;
        let now = self.clock.now();
        let wanted = state.subscriptions.iter().filter(|(own, _)| name.is_none_or(|name| name == &***own));
        Ok(wanted.map(|(own, roster)| roster.state(Arc::clone(own), now)).collect())
    }

    async fn set_paused(&self, subscription: &str, paused: bool) -> Result<bool, StoreError> {
        let mut state = self.open()?;
        let Some(roster) = state.subscriptions.get(subscription) else { return Ok(false) };
        // Nothing is taken away where nothing changes.
        if roster.paused != paused {
            state.change(subscription, |roster| roster.paused = paused);
            self.freed.ring();
        }
        Ok(true)
    }

    async fn reset(&self, subscription: &str, position: Position) -> Result<bool, StoreError> {
        let mut state = self.open()?;
        state.forget_deliveries(subscription);
        let known = state.change(subscription, |roster| {
            roster.shards.iter_mut().for_each(|place| place.position = position);
        });
        self.freed.ring();
        Ok(known)
    }

    async fn remove(&self, subscription: &str) -> Result<bool, StoreError> {
        let known = self.open()?.remove_subscription(subscription);
        self.freed.ring();
        Ok(known)
    }
}
