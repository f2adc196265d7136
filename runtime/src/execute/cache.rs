use std::{
    any::Any,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use hashlink::LruCache;
use uuid::Uuid;

use super::slot::Slot;
use crate::{domain::Aggregate, store::StreamId};

/// The slots of the aggregates that were used last, at most so many.
///
/// A slot in use is never evicted: two slots for one aggregate would only meet in conflicts.
pub(super) struct Cache {
    slots: Mutex<LruCache<Uuid, AnySlot>>,
    capacity: usize,
}

/// A slot whose aggregate is known only to its users.
pub(super) type AnySlot = Arc<dyn Any + Send + Sync>;

/// How many slots in use are passed over before the cache grows beyond its bound for a while.
const LOOK_FOR_EVICTION: usize = 8;

impl Cache {
    pub(super) fn new(capacity: usize) -> Self {
        Self { slots: Mutex::new(LruCache::new_unbounded()), capacity: capacity.max(1) }
    }

    /// The slot of an aggregate, made if need be.
    pub(super) fn slot<A: Aggregate>(&self, stream: &StreamId) -> Arc<Slot<A>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&stream.key()).and_then(|slot| slot.clone().downcast().ok()) {
            return slot;
        }
        let slot = Arc::new(Slot::<A>::default());
        slots.insert(stream.key(), slot.clone());
        evict(&mut slots, self.capacity);
        slot
    }
}

fn evict(slots: &mut LruCache<Uuid, AnySlot>, capacity: usize) {
    for _ in 0..LOOK_FOR_EVICTION {
        if slots.len() <= capacity {
            return;
        }
        let Some((key, slot)) = slots.remove_lru() else { return };
        if Arc::strong_count(&slot) > 1 {
            slots.insert(key, slot);
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}
