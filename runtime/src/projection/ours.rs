use crate::{
    domain::Position,
    store::{Advance, Commit, Lease},
    subscription::shard_of_key,
};

/// The shards that a worker has, and how far they have come.
#[derive(Debug)]
pub(super) struct Ours {
    shards: u16,
    leases: Vec<Lease>,
    /// Where each shard began, by its number; none for those of others.
    began: Vec<Option<Position>>,
    /// From here on, every event of a shard of ours is to be done.
    settled: Position,
}

impl Ours {
    pub(super) fn new(shards: u16, leases: Vec<Lease>) -> Self {
        let mut began = vec![None; usize::from(shards)];
        for lease in &leases {
            if let Some(place) = began.get_mut(usize::from(lease.shard)) {
                *place = Some(lease.position);
            }
        }
        let settled = leases.iter().map(|lease| lease.position).max().unwrap_or_default();
        Self { shards, leases, began, settled }
    }

    /// The shard of a document.
    pub(super) fn shard(&self, key: &str) -> u16 {
        shard_of_key(key, self.shards)
    }

    /// Whether a shard is ours.
    pub(super) fn has(&self, shard: u16) -> bool {
        self.began.get(usize::from(shard)).is_some_and(Option::is_some)
    }

    /// Whether the event at this place is still to be done in a shard of ours.
    pub(super) fn wants(&self, shard: u16, position: Position) -> bool {
        position > self.settled
            || self.began.get(usize::from(shard)).copied().flatten().is_some_and(|began| position > began)
    }

    /// Up to where all of them are done.
    pub(super) fn position(&self) -> Position {
        self.leases.iter().map(|lease| lease.position).min().unwrap_or_default()
    }

    /// A commit that moves them to a position.
    pub(super) fn commit_to(&self, to: Position) -> Commit {
        let advance = |lease: &Lease| Advance {
            subscription: lease.subscription.clone(),
            shard: lease.shard,
            token: lease.token,
            from: lease.position,
            to: lease.position.max(to),
        };
        Commit { advances: self.leases.iter().map(advance).collect(), ..Commit::default() }
    }

    /// That commit is in the store.
    pub(super) fn committed(&mut self, to: Position) {
        for lease in &mut self.leases {
            lease.position = lease.position.max(to);
        }
    }
}
