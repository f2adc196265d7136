//! What is done with care, because a process may have died of it: an attempt at it begins after the store knows of it, so
//! that it counts even if nobody lives to tell how it ended.
//!
//! After a worker that has died at its work, the events that it may have been at are parked before they are tried, a few
//! at a time. Those that a process has died of once more are tried alone. So the one that kills processes uses up its
//! attempts, and each of the others loses one at most, which it can spare.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use super::{
    call::{CallError, Outcome},
    item::{Item, Place},
    run::{Finished, Run, WINDOW},
    write,
};
use crate::{
    domain::{HandlerFailure, Position},
    execute::chance,
};

/// Which events are handled with care.
#[derive(Debug)]
pub(super) struct Care {
    /// The shards whose last worker has died.
    shards: HashSet<u16>,
    /// What came later, it cannot have been at.
    until: Position,
    /// It had read no more than its window.
    left: usize,
    /// Events whose attempt has failed and left the process alive.
    harmless: HashSet<Place>,
    /// Events whose attempts begin once the store knows of them.
    intended: Vec<Item>,
    /// The events that are out, and those that are about to be.
    out: HashSet<Place>,
    /// Whether the one that is out is to be the only one.
    alone: bool,
    /// How often an event is tried.
    attempts: u32,
}

/// So many are out at a time. Each time that the store is told costs a commit, and it may be thousands of events.
const TOGETHER: usize = 16;

impl Care {
    pub(super) fn new(shards: HashSet<u16>, until: Position, attempts: u32) -> Self {
        Self {
            shards,
            until,
            left: WINDOW,
            harmless: HashSet::new(),
            intended: Vec::new(),
            out: HashSet::new(),
            alone: false,
            attempts,
        }
    }

    /// The shards of which not everything was looked at that a dead worker may have been at.
    pub(super) fn unsettled(&self) -> &HashSet<u16> {
        &self.shards
    }

    /// Whether all that was read up to here, and all that waits, leaves nothing open: then nobody is suspected any more.
    pub(super) fn settle(&mut self, read_to: Position, nothing_waits: bool) {
        if nothing_waits && self.out.is_empty() && read_to >= self.until {
            self.shards.clear();
        }
    }

    /// Whether a dead worker may have been at this event of the feed.
    pub(super) fn suspects(&mut self, item: &Item) -> bool {
        let may_have = self.shards.contains(&item.shard) && item.position <= self.until && self.left > 0;
        self.left -= usize::from(may_have);
        may_have
    }

    fn needs(&self, item: &Item) -> bool {
        let may_kill = item.unfinished || self.shards.contains(&item.shard);
        !item.is_fresh() && may_kill && !self.harmless.contains(&item.place())
    }

    /// Whether it may be out with others: not if a process has died of it, or of one that was out with it, and not if a
    /// death that was not its own would be its end.
    fn may_share(&self, item: &Item) -> bool {
        !item.unfinished && item.attempts.saturating_add(1) < self.attempts
    }

    /// Whether there is room for it among those that are out.
    pub(super) fn may_begin(&self, item: &Item) -> bool {
        let shares = || !self.alone && self.out.len() < TOGETHER && self.may_share(item);
        !self.needs(item) || self.out.is_empty() || shares()
    }

    /// An event is to be tried as soon as the store knows of it.
    fn intend(&mut self, item: Item) {
        self.alone = !self.may_share(&item);
        self.out.insert(item.place());
        self.intended.push(item);
    }

    /// How many events wait for the store.
    pub(super) fn waiting(&self) -> usize {
        self.intended.len()
    }

    /// The events whose attempts may begin now that the store knows of them.
    pub(super) fn known(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.intended)
    }

    /// An attempt has ended. Whether the store had been told of it before.
    pub(super) fn ended(&mut self, place: Place) -> bool {
        let careful = self.out.remove(&place);
        if careful {
            self.harmless.insert(place);
        }
        careful
    }
}

impl Run<'_> {
    /// Begins an attempt: with care where that is needed.
    pub(super) fn begin_attempt(&mut self, item: Item) {
        if !self.care.needs(&item) {
            return self.attempt(item);
        }
        let (name, policy) = (&self.driver.name, &self.driver.policy);
        if item.unfinished && item.attempts >= policy.attempts {
            let failure = HandlerFailure::permanent(CallError::Died(item.attempts));
            let outcome = Outcome::Failed(failure);
            self.running.spawn(async { Finished { item, outcome, took: Duration::ZERO } });
            return;
        }
        let pause = policy.backoff.pause(item.attempts.saturating_add(1), chance());
        self.ledger.park(&item, write::begun(name, &item, pause));
        self.care.intend(item);
    }

    /// Attempts that the store was to be told of will not begin.
    pub(super) fn give_up_intentions(&mut self) {
        for item in self.care.known() {
            self.ledger.forget(&item);
        }
    }

    /// Parks an event that a dead worker may have been at; false where that is not so.
    pub(super) fn park_suspect(&mut self, item: &Item) -> bool {
        if self.window.is_blocked(&item.lane) || !self.care.suspects(item) {
            return false;
        }
        self.window.block(&item.lane);
        self.pauses.push(Duration::ZERO);
        self.ledger.park(item, write::suspect(&self.driver.name, item));
        true
    }

    /// Goes on with the next one soon.
    pub(super) fn after_care(&mut self) {
        if !self.window.has_ready() {
            self.polls.due_at(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event_handler::item::Source, store::StreamId};

    fn item(position: u64, attempts: u32, unfinished: bool) -> Item {
        Item {
            lane: StreamId::new("parcel", &position.to_string()),
            shard: 1,
            position: Position::from_raw(position),
            version: 1,
            event: "parcel.scanned".into(),
            attempts,
            unfinished,
            source: Source::Parked,
        }
    }

    fn care(attempts: u32) -> Care {
        Care::new(HashSet::from([1]), Position::from_raw(1_000), attempts)
    }

    /// Begins those that may, in their order; how many these are.
    fn begun(care: &mut Care, items: impl IntoIterator<Item = Item>) -> usize {
        let mut count = 0;
        for item in items {
            if care.may_begin(&item) {
                care.intend(item);
                count += 1;
            }
        }
        count
    }

    #[test]
    fn those_that_can_spare_an_attempt_go_together() {
        let mut care = care(3);
        assert_eq!(begun(&mut care, (1..100).map(|position| item(position, 0, false))), TOGETHER);
        assert_eq!((care.waiting(), care.known().len(), care.waiting()), (TOGETHER, TOGETHER, 0));
        assert!(care.ended(item(1, 0, false).place()), "the store was told of it");
        assert_eq!(
            begun(&mut care, (50..60).map(|position| item(position, 1, false))),
            1,
            "one takes its place"
        );
    }

    #[test]
    fn those_that_cannot_or_that_a_process_has_died_of_go_alone() {
        for (attempts, lonely) in [(3, item(7, 1, true)), (3, item(7, 2, false)), (1, item(7, 0, false))] {
            let mut care = care(attempts);
            let others = || (10..20).map(|position| item(position, 0, false));
            assert_eq!(begun(&mut care, [lonely.clone()]), 1);
            assert_eq!(begun(&mut care, others()), 0, "nothing beside {lonely:?}");
            assert!(care.ended(lonely.place()));
            assert!(begun(&mut care, others()) > 0);
            assert_eq!(
                begun(&mut care, [Item { position: Position::from_raw(8), ..lonely }]),
                0,
                "nor it beside others"
            );
        }
    }

    #[test]
    fn it_ends_once_everything_was_looked_at() {
        let mut care = care(3);
        assert_eq!(begun(&mut care, [item(7, 0, false)]), 1);
        care.settle(Position::from_raw(1_000), true);
        assert!(!care.unsettled().is_empty(), "one is still out");
        care.ended(item(7, 0, false).place());
        for (read_to, nothing_waits) in [(999, true), (1_000, false)] {
            care.settle(Position::from_raw(read_to), nothing_waits);
            assert!(care.needs(&item(8, 0, false)), "{read_to} {nothing_waits}");
        }
        care.settle(Position::from_raw(1_000), true);
        assert!(care.unsettled().is_empty() && !care.needs(&item(8, 0, false)));
        assert!(care.needs(&item(9, 1, true)), "a process has died of this one");
    }

    #[test]
    fn what_nobody_has_died_of_needs_no_care() {
        let mut care = care(3);
        assert_eq!(begun(&mut care, [item(1, 1, true)]), 1);
        assert!(care.may_begin(&Item { shard: 2, ..item(2, 0, false) }), "its worker has not died");
        assert!(!care.may_begin(&item(2, 0, false)));
        care.ended(item(1, 1, true).place());
        assert!(!care.needs(&item(1, 1, true)), "its attempt has left the process alive");
    }
}
