use std::collections::{HashMap, VecDeque};

use super::item::Item;
use crate::store::StreamId;

/// The events that were read and are not handled yet: a queue for each stream, of which one event at a time is out.
#[derive(Debug, Default)]
pub(super) struct Window {
    lanes: HashMap<StreamId, Lane>,
    /// The streams whose first event may go out.
    ready: VecDeque<StreamId>,
    /// How many events from the feed are in here, those that are out included.
    fresh: usize,
    blocked: usize,
}

/// One stream.
#[derive(Debug, Default)]
struct Lane {
    queue: VecDeque<Item>,
    out: bool,
    /// An event of it is parked: those of the feed are parked behind it, and the queue has parked ones only.
    blocked: bool,
}

impl Lane {
    fn is_needed(&self) -> bool {
        self.out || self.blocked || !self.queue.is_empty()
    }
}

impl Window {
    /// How many events from the feed are in here.
    pub(super) fn fresh(&self) -> usize {
        self.fresh
    }

    /// Whether some stream is blocked.
    pub(super) fn has_blocked(&self) -> bool {
        self.blocked > 0
    }

    /// The blocked streams of which nothing is queued or out.
    pub(super) fn at_rest(&self) -> Vec<StreamId> {
        let at_rest = |lane: &Lane| lane.blocked && !lane.out && lane.queue.is_empty();
        self.lanes.iter().filter(|(_, lane)| at_rest(lane)).map(|(stream, _)| stream.clone()).collect()
    }

    /// Whether an event of this stream is parked.
    pub(super) fn is_blocked(&self, stream: &StreamId) -> bool {
        self.lanes.get(stream).is_some_and(|lane| lane.blocked)
    }

    /// An event of this stream is parked.
    pub(super) fn block(&mut self, stream: &StreamId) {
        let lane = self.lanes.entry(stream.clone()).or_default();
        if !lane.blocked {
            lane.blocked = true;
            self.blocked += 1;
        }
    }

    /// Nothing of this stream is parked any more.
    pub(super) fn unblock(&mut self, stream: &StreamId) {
        if let Some(lane) = self.lanes.get_mut(stream)
            && lane.blocked
        {
            lane.blocked = false;
            self.blocked -= 1;
        }
        self.forget_if_done(stream);
    }

    /// Takes an event of the feed in, or gives it back because its stream is blocked.
    pub(super) fn push(&mut self, item: Item) -> Option<Item> {
        let lane = self.lanes.entry(item.lane.clone()).or_default();
        if lane.blocked {
            return Some(item);
        }
        if !lane.out && lane.queue.is_empty() {
            self.ready.push_back(item.lane.clone());
        }
        lane.queue.push_back(item);
        self.fresh += 1;
        None
    }

    /// Takes parked events in, in the order of their streams, unless they are at hand already. How many it took.
    pub(super) fn push_parked(&mut self, items: impl IntoIterator<Item = Item>) -> usize {
        let mut taken = 0;
        for item in items {
            self.block(&item.lane);
            let Some(lane) = self.lanes.get_mut(&item.lane) else { continue };
            if lane.out || lane.queue.back().is_some_and(|last| last.position >= item.position) {
                continue;
            }
            if lane.queue.is_empty() {
                self.ready.push_back(item.lane.clone());
            }
            lane.queue.push_back(item);
            taken += 1;
        }
        taken
    }

    /// The next event that may go out.
    pub(super) fn next(&mut self, mut may: impl FnMut(&Item) -> bool) -> Option<Item> {
        for at in 0..self.ready.len() {
            let Some(lane) = self.ready.get(at).and_then(|stream| self.lanes.get_mut(stream)) else {
                continue;
            };
            if lane.queue.front().is_some_and(&mut may) {
                lane.out = true;
                let item = lane.queue.pop_front();
                self.ready.remove(at);
                return item;
            }
        }
        None
    }

    /// Whether some event could go out, if it may.
    pub(super) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// An event is done. Whether its stream is blocked and nothing more of it is at hand.
    pub(super) fn done(&mut self, item: &Item) -> bool {
        self.back(item);
        let lane = self.lanes.get(&item.lane);
        let exhausted = lane.is_some_and(|lane| lane.blocked && lane.queue.is_empty());
        self.forget_if_done(&item.lane);
        exhausted
    }

    /// An event has failed and blocks its stream: the events of the feed that wait behind it.
    pub(super) fn failed(&mut self, item: &Item) -> Vec<Item> {
        self.back(item);
        self.block(&item.lane);
        self.ready.retain(|stream| *stream != item.lane);
        let Some(lane) = self.lanes.get_mut(&item.lane) else { return Vec::new() };
        let behind: Vec<Item> = lane.queue.drain(..).filter(Item::is_fresh).collect();
        self.fresh -= behind.len();
        behind
    }

    /// An event was not tried: one of the feed takes its place at the front again, a parked one is looked up again.
    pub(super) fn put_back(&mut self, item: Item) {
        let Some(lane) = self.lanes.get_mut(&item.lane) else { return };
        lane.out = false;
        if item.is_fresh() {
            self.ready.push_back(item.lane.clone());
            lane.queue.push_front(item);
        } else {
            lane.queue.clear();
        }
    }

    /// Forgets the parked events that are at hand: the store has them.
    pub(super) fn forget_parked(&mut self) {
        let Self { lanes, ready, .. } = self;
        ready.retain(|stream| lanes.get(stream).is_some_and(|lane| !lane.blocked));
        lanes.values_mut().filter(|lane| lane.blocked).for_each(|lane| lane.queue.clear());
    }

    /// An event comes back from where it was.
    fn back(&mut self, item: &Item) {
        self.fresh -= usize::from(item.is_fresh());
        let Some(lane) = self.lanes.get_mut(&item.lane) else { return };
        lane.out = false;
        if !lane.queue.is_empty() {
            self.ready.push_back(item.lane.clone());
        }
    }

    fn forget_if_done(&mut self, stream: &StreamId) {
        if self.lanes.get(stream).is_some_and(|lane| !lane.is_needed()) {
            self.lanes.remove(stream);
        }
    }
}
