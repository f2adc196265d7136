//! Who works on the shards of a subscription: the rules about leases and shares.

use std::{collections::HashMap, sync::Arc, time::Duration};

use uuid::Uuid;

use crate::{
    domain::{Position, Timestamp},
    store::{Holding, Lease, ShardState, SubscriptionState},
};

/// A subscription, as its rules need it.
///
/// All leases of one worker are as good as the worker itself: until when that is stands once, beside its name, and
/// not at each shard.
#[derive(Clone, Debug, Default)]
pub(crate) struct Roster {
    pub(crate) paused: bool,
    pub(crate) shards: Vec<Place>,
    /// The workers that have asked for shards, and until when their leases are good.
    pub(crate) workers: HashMap<Uuid, Timestamp>,
}

/// One shard: how far it is, and who has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) position: Position,
    /// Who has taken it last and has not given it back; not any more once that worker's time has run out.
    pub(crate) owner: Option<Uuid>,
    pub(crate) token: u64,
    /// How many of its leases were not given back, but taken away when they had run out.
    pub(crate) lost: u64,
}

impl Roster {
    /// A new one.
    pub(crate) fn new(shards: u16, start: Position) -> Self {
        let place = Place { position: start, owner: None, token: 0, lost: 0 };
        Self { shards: vec![place; usize::from(shards)], ..Self::default() }
    }

    /// Whose lease of a shard is good.
    pub(crate) fn owner(&self, place: &Place, now: Timestamp) -> Option<Uuid> {
        place.owner.filter(|owner| self.workers.get(owner).is_some_and(|until| *until > now))
    }

    /// Lengthens the time of a worker, forgets the workers whose time has run out, and gives it free shards up to
    /// its share. What nobody has taken from it meanwhile is still its own, even after its time.
    pub(crate) fn claim(&mut self, worker: Uuid, ttl: Duration, now: Timestamp) {
        self.workers.retain(|_, until| *until > now);
        self.workers.insert(worker, later(now, ttl));
        if self.paused {
            return;
        }
        let mut held = self.shards.iter().filter(|place| place.owner == Some(worker)).count();
        let share = usize::from(self.share());
        for index in 0..self.shards.len() {
            let place = &self.shards[index];
            if held < share && self.owner(place, now).is_none() {
                // A moment, so that a store that is set back to a backup gives none out again that it has forgotten.
                let token = (place.token + 1).max(u64::try_from(now.as_micros()).unwrap_or(0));
                let lost = place.lost + u64::from(place.owner.is_some());
                self.shards[index] = Place { owner: Some(worker), token, lost, ..*place };
                held += 1;
            }
        }
    }

    /// All shards, divided by the workers that are there, rounded up.
    fn share(&self) -> u16 {
        let shards = self.shards.len().div_ceil(self.workers.len().max(1));
        // Not more than there are shards, and these were counted by a u16.
        u16::try_from(shards).unwrap_or(u16::MAX)
    }

    /// What a worker has, right after it has claimed.
    pub(crate) fn holding(&self, subscription: &Arc<str>, worker: Uuid) -> Holding {
        let leases = self.places().filter(|(_, place)| place.owner == Some(worker));
        let lease = |(shard, &Place { position, token, .. })| Lease {
            subscription: Arc::clone(subscription),
            shard,
            token,
            position,
        };
        Holding {
            subscription: Arc::clone(subscription),
            shards: u16::try_from(self.shards.len()).unwrap_or(u16::MAX),
            share: self.share(),
            paused: self.paused,
            leases: leases.map(lease).collect(),
        }
    }

    /// How it stands.
    pub(crate) fn state(&self, name: Arc<str>, now: Timestamp) -> SubscriptionState {
        let shard = |(shard, place): (u16, &Place)| ShardState {
            shard,
            position: place.position,
            owner: self.owner(place, now),
            leased_until: place.owner.and_then(|owner| self.workers.get(&owner).copied()),
            token: place.token,
        };
        SubscriptionState { name, paused: self.paused, shards: self.places().map(shard).collect() }
    }

    fn places(&self) -> impl Iterator<Item = (u16, &Place)> {
        // There are no more shards than a u16 can count.
        (0..=u16::MAX).zip(&self.shards)
    }
}

/// A moment so long after another; the end of time instead of wrapping around.
pub(crate) fn later(now: Timestamp, by: Duration) -> Timestamp {
    let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_add(by))
}
