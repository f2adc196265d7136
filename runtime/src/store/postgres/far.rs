//! What makes the log cheap to read far from its end: where it is known to be final nobody needs to be asked, and the
//! names of streams are kept in memory instead of being looked up for every event.

use std::{
    hash::{BuildHasherDefault, Hasher},
    sync::{Mutex, MutexGuard, PoisonError},
};

use hashlink::LruCache;
use uuid::Uuid;

use crate::{domain::Position, store::StreamId};

/// So many names of streams are kept, at about 150 bytes each. Those go first that were learned first: to note who was
/// asked for last would cost more than the look itself, and helps nobody who goes through the whole log.
const STREAMS: usize = 65_536;

/// Rows that are wider than this on average are read one by one, and not a page at a time.
const WIDE: u64 = 4_096;

/// What is known of the log by all readers of a store.
#[derive(Debug)]
pub(super) struct Far {
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    /// Up to here the log is final, and stays so.
    horizon: Position,
    /// Grows whenever everything is forgotten, so that what was asked before is not believed afterwards.
    age: u64,
    streams: LruCache<Uuid, StreamId, BuildHasherDefault<Folded>>,
}

/// Keys of streams are hashes already.
#[derive(Debug, Default)]
struct Folded(u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks_exact(8) {
            // Of eight bytes, always.
            self.0 ^= part.try_into().map_or(0, u64::from_ne_bytes);
        }
    }

    // How long a key is, which is always the same.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Far {
    pub(super) fn new() -> Self {
        let streams = LruCache::with_hasher(STREAMS, BuildHasherDefault::default());
        Self { known: Mutex::new(Known { horizon: Position::START, age: 0, streams }) }
    }

    /// Up to where the log is known to be final, if that is behind a position.
    pub(super) fn horizon_behind(&self, at: Position) -> Option<Position> {
        Some(self.known().horizon).filter(|horizon| *horizon > at)
    }

    /// There is nothing more to be read up to the horizon.
    pub(super) fn is_read(&self) {
        self.known().horizon = Position::START;
    }

    /// Behind a connection that was lost there may be another server, whose log ends elsewhere.
    pub(super) fn forget(&self) {
        let mut known = self.known();
        known.horizon = Position::START;
        known.age += 1;
    }

    pub(super) fn age(&self) -> u64 {
        self.known().age
    }

    /// The log is final up to here, as it was found out at some age.
    pub(super) fn is_final(&self, horizon: Position, age: u64) {
        let mut known = self.known();
        if known.age == age {
            known.horizon = horizon;
        }
    }

    /// The streams of these keys, one for each of them; `None` where it is not known.
    pub(super) fn streams(&self, keys: impl Iterator<Item = Uuid>) -> Vec<Option<StreamId>> {
        let known = self.known();
        keys.map(|key| known.streams.peek(&key).cloned()).collect()
    }

    pub(super) fn learn<'s>(&self, streams: impl Iterator<Item = &'s StreamId>) {
        let mut known = self.known();
        for stream in streams {
            known.streams.insert(stream.key(), stream.clone());
        }
    }

    /// A panic cannot leave it half changed: nothing in between panics.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether rows are narrow enough to be read a page at a time.
pub(super) fn are_narrow(bytes: usize, rows: usize) -> bool {
    bytes as u64 <= WIDE * rows as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_out_before_a_loss_is_not_believed_after_it() {
        let (far, at) = (Far::new(), Position::from_raw);
        far.is_final(at(10), far.age());
        assert_eq!(far.horizon_behind(at(9)), Some(at(10)));
        assert_eq!(far.horizon_behind(at(10)), None);
        let age = far.age();
        far.forget();
        far.is_final(at(20), age);
        assert_eq!(far.horizon_behind(at(0)), None);
    }
}
