//! What is done with care, because a process may have died of it: an attempt at it begins after the store knows of it, so
//! that it counts even if nobody lives to tell how it ended.
//!
//! After a worker that has died at its work, the events that it may have been at are parked before they are tried, and
//! tried one at a time. So the one that kills processes uses up its attempts, and the others do not suffer for it.

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
    /// An event whose attempt begins once the store knows of it.
    intended: Option<Item>,
    /// The event that is out.
    out: Option<Place>,
}

impl Care {
    pub(super) fn new(shards: HashSet<u16>, until: Position) -> Self {
        Self { shards, until, left: WINDOW, harmless: HashSet::new(), intended: None, out: None }
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

    /// One at a time, or it is not known which of them it was.
    pub(super) fn may_begin(&self, item: &Item) -> bool {
        self.out.is_none() || !self.needs(item)
    }

    /// Whether there is an event that waits for the store.
    pub(super) fn waits(&self) -> bool {
        self.intended.is_some()
    }

    /// The event whose attempt may begin now that the store knows of it.
    pub(super) fn known(&mut self) -> Option<Item> {
        self.intended.take()
    }

    /// An attempt has ended. Whether the store had been told of it before.
    pub(super) fn ended(&mut self, place: Place) -> bool {
        let careful = self.out == Some(place);
        if careful {
            self.out = None;
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
        self.care.out = Some(item.place());
        self.care.intended = Some(item);
    }

    /// An attempt that the store was to be told of will not begin.
    pub(super) fn give_up_intention(&mut self) {
        if let Some(item) = self.care.known() {
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
