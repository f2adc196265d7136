use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use super::item::Item;
use crate::{domain::Position, store::Lease, subscription::shard_of_stream};

/// Where the handlers of a process see how far those with a greater priority are.
#[derive(Clone, Debug, Default)]
pub(super) struct Board {
    places: Arc<Mutex<Vec<Arc<Place>>>>,
    rings: Arc<Ring>,
}

#[derive(Debug)]
struct Ring(watch::Sender<u64>);

impl Default for Ring {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

/// The place of one handler on the board.
#[derive(Debug)]
struct Place {
    priority: i32,
    events: HashSet<&'static str>,
    state: Mutex<Option<Standing>>,
}

/// How a handler stands that works.
#[derive(Debug)]
struct Standing {
    shards: u16,
    /// Where its shards began.
    from: HashMap<u16, Position>,
    scanned: Position,
    /// The events up to there whose first attempt has not ended.
    open: HashSet<Position>,
    /// Whether it delivers nothing for a while.
    open_breaker: bool,
}

/// A handler's own view of the board.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    board: Board,
    own: Arc<Place>,
}

impl Board {
    /// Gives a place to a handler.
    pub(super) fn join(&self, priority: i32, events: impl IntoIterator<Item = &'static str>) -> Seat {
        let own = Arc::new(Place { priority, events: events.into_iter().collect(), state: Mutex::default() });
        lock(&self.places).push(own.clone());
        Seat { board: self.clone(), own }
    }
}

impl Seat {
    /// The others whose attempts this handler waits for.
    fn above(&self) -> Vec<Arc<Place>> {
        self.related(|other| other.priority > self.own.priority)
    }

    fn related(&self, wanted: impl Fn(&Place) -> bool) -> Vec<Arc<Place>> {
        let shares = |other: &Place| !other.events.is_disjoint(&self.own.events);
        lock(&self.board.places).iter().filter(|other| wanted(other) && shares(other)).cloned().collect()
    }

    /// The handler begins to work on shards.
    pub(super) fn begin(&self, shards: u16, leases: &[Lease]) -> Turn {
        let watched = !self.related(|other| other.priority < self.own.priority).is_empty();
        let state = Standing {
            shards,
            from: leases.iter().map(|lease| (lease.shard, lease.position)).collect(),
            scanned: leases.iter().map(|lease| lease.position).min().unwrap_or_default(),
            open: HashSet::new(),
            open_breaker: false,
        };
        *lock(&self.own.state) = watched.then_some(state);
        let rings = self.board.rings.0.subscribe();
        Turn { above: self.above(), watched, own: self.own.clone(), board: self.board.clone(), rings }
    }
}

/// What a handler tells the board and learns from it while it works. Dropped, it holds up nobody.
#[derive(Debug)]
pub(super) struct Turn {
    above: Vec<Arc<Place>>,
    watched: bool,
    own: Arc<Place>,
    board: Board,
    rings: watch::Receiver<u64>,
}

impl Turn {
    /// Whether every handler with a greater priority has ended its attempt at this event.
    pub(super) fn may_begin(&self, item: &Item) -> bool {
        item.attempts > 0 || self.above.iter().all(|other| !other.holds_up(item))
    }

    /// Whether there is somebody to wait for.
    pub(super) fn waits(&self) -> bool {
        !self.above.is_empty()
    }

    /// Waits until somebody has ended something.
    pub(super) async fn changed(&mut self) {
        // The board itself is held here, so it does not end.
        let _ = self.rings.changed().await;
    }

    /// The handler has read events, up to here.
    pub(super) fn read(&self, positions: impl IntoIterator<Item = Position>, to: Position) {
        self.tell(|standing| {
            standing.open.extend(positions);
            standing.scanned = standing.scanned.max(to);
        });
    }

    /// The attempt at an event has ended, or there will be none.
    pub(super) fn ended(&self, position: Position) {
        self.tell(|standing| {
            standing.open.remove(&position);
        });
    }

    /// The handler delivers nothing for a while, or again.
    pub(super) fn breaker(&self, open: bool) {
        self.tell(|standing| standing.open_breaker = open);
    }

    fn tell(&self, what: impl FnOnce(&mut Standing)) {
        if !self.watched {
            return;
        }
        if let Some(standing) = &mut *lock(&self.own.state) {
            what(standing);
        }
        self.board.rings.0.send_modify(|rings| *rings = rings.wrapping_add(1));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *lock(&self.own.state) = None;
        self.board.rings.0.send_modify(|rings| *rings = rings.wrapping_add(1));
    }
}

impl Place {
    fn holds_up(&self, item: &Item) -> bool {
        if !self.events.contains(item.event.as_str()) {
            return false;
        }
        let state = lock(&self.state);
        let Some(standing) = state.as_ref().filter(|standing| !standing.open_breaker) else { return false };
        let shard = shard_of_stream(&item.lane, standing.shards);
        let Some(from) = standing.from.get(&shard) else { return false };
        item.position > *from && (item.position > standing.scanned || standing.open.contains(&item.position))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
