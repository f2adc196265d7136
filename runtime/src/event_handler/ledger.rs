use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::item::{Item, Place};
use crate::{
    domain::Position,
    store::{Advance, Commit, DeliveryWrite, Lease},
};

/// How far the shards of this process have come, and what is still to be written down.
#[derive(Debug)]
pub(super) struct Ledger {
    subscription: Arc<str>,
    shards: HashMap<u16, Track>,
    /// Everything up to here was read.
    scanned: Position,
    writes: BTreeMap<Place, (u16, DeliveryWrite)>,
    /// Whether something was done since the last commit, not only read past.
    dirty: bool,
}

#[derive(Debug)]
struct Track {
    token: u64,
    /// Where the store has it.
    committed: Position,
    /// The events that were read and are neither done nor parked.
    open: BTreeSet<Place>,
}

impl Track {
    /// The last position before the first event that is not done.
    fn position(&self, scanned: Position) -> Position {
        let before = |(first, _): &Place| Position::from_raw(first.raw().saturating_sub(1));
        self.open.first().map_or(scanned, before).max(self.committed)
    }
}

impl Ledger {
    pub(super) fn new(subscription: Arc<str>, leases: &[Lease]) -> Self {
        let track =
            |lease: &Lease| Track { token: lease.token, committed: lease.position, open: BTreeSet::new() };
        Self {
            subscription,
            scanned: leases.iter().map(|lease| lease.position).min().unwrap_or_default(),
            shards: leases.iter().map(|lease| (lease.shard, track(lease))).collect(),
            writes: BTreeMap::new(),
            dirty: false,
        }
    }

    /// The shards of this process.
    pub(super) fn shards(&self) -> Vec<u16> {
        self.shards.keys().copied().collect()
    }

    /// Whether this process has the shard and its event there is not done, as far as the store knows.
    pub(super) fn wants(&self, shard: u16, position: Position) -> bool {
        self.shards.get(&shard).is_some_and(|track| position > track.committed)
    }

    /// An event was read and waits for its turn.
    pub(super) fn open(&mut self, item: &Item) {
        if let Some(track) = self.shards.get_mut(&item.shard) {
            track.open.insert(item.place());
        }
    }

    /// Now everything up to here was read.
    pub(super) fn scanned(&mut self, to: Position) {
        self.scanned = self.scanned.max(to);
    }

    /// Everything up to here was read.
    pub(super) fn read_to(&self) -> Position {
        self.scanned
    }

    /// An event was handled.
    pub(super) fn done(&mut self, item: &Item) {
        self.dirty = true;
        if item.is_fresh() {
            self.close(item);
        } else {
            let (subscription, stream) = (self.subscription.clone(), item.lane.clone());
            let write = DeliveryWrite::Done { subscription, stream, position: item.position };
            self.writes.insert(item.place(), (item.shard, write));
        }
    }

    /// An event is to be parked, which is as good as done for the position of its shard.
    pub(super) fn park(&mut self, item: &Item, write: DeliveryWrite) {
        self.dirty = true;
        self.close(item);
        self.writes.insert(item.place(), (item.shard, write));
    }

    /// What was to be written of an event is not.
    pub(super) fn forget(&mut self, item: &Item) {
        self.writes.remove(&item.place());
    }

    /// Whether something was done that the store does not know.
    pub(super) fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// How much is to be written beside the positions.
    pub(super) fn writes(&self) -> usize {
        self.writes.len()
    }

    /// What is to be stored now, if there is anything.
    pub(super) fn commit(&mut self) -> Option<Commit> {
        self.dirty = false;
        let written: BTreeSet<u16> = self.writes.values().map(|(shard, _)| *shard).collect();
        let advances: Vec<Advance> = self
            .shards
            .iter()
            .map(|(&shard, track)| Advance {
                subscription: self.subscription.clone(),
                shard,
                token: track.token,
                from: track.committed,
                to: track.position(self.scanned),
            })
            .filter(|advance| advance.to > advance.from || written.contains(&advance.shard))
            .collect();
        let deliveries = self.writes.values().map(|(_, write)| write.clone()).collect();
        (!advances.is_empty()).then_some(Commit { advances, deliveries, ..Commit::default() })
    }

    /// What is to be stored was stored: up to where all shards are done.
    pub(super) fn committed(&mut self, commit: &Commit) -> Position {
        for advance in &commit.advances {
            if let Some(track) = self.shards.get_mut(&advance.shard) {
                track.committed = advance.to;
            }
        }
        self.writes.clear();
        self.position()
    }

    /// Up to where all shards are done, as far as the store knows.
    pub(super) fn position(&self) -> Position {
        self.shards.values().map(|track| track.committed).min().unwrap_or_default()
    }

    fn close(&mut self, item: &Item) {
        if let Some(track) = self.shards.get_mut(&item.shard) {
            track.open.remove(&item.place());
        }
    }
}
