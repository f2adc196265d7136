//! Timers of streams.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use async_trait::async_trait;

use super::Memory;
use crate::{
    domain::Timestamp,
    store::{
        DueTimers, StoreError, StreamId, TimerState, TimerWrite, Timers,
        resolve::{due_at, until},
    },
};

/// All timers.
#[derive(Default)]
pub(super) struct TimerBook {
    streams: HashMap<StreamId, BTreeMap<Arc<str>, TimerState>>,
    /// The same by category and time.
    categories: HashMap<String, BTreeMap<Place, TimerState>>,
}

/// Where a timer stands in its category: when it is due, the id of its stream, and its name.
type Place = (Timestamp, String, Arc<str>);

fn place(timer: &TimerState) -> Place {
    (timer.due_at, timer.stream.id().to_owned(), Arc::clone(&timer.name))
}

impl TimerBook {
    pub(super) fn write(&mut self, stream: &StreamId, write: &TimerWrite, now: Timestamp) {
        match write {
            TimerWrite::Arm { name, armed, shard, due } => {
                self.remove(stream, name);
                let due_at = due_at(*due, now);
                let (stream, name) = (stream.clone(), Arc::clone(name));
                self.put(TimerState { stream, name, armed: *armed, shard: *shard, due_at });
            }
            TimerWrite::Disarm { name, armed } => {
                let known = self.streams.get(stream).and_then(|timers| timers.get(name));
                if known.is_some_and(|known| armed.is_none_or(|armed| armed == known.armed)) {
                    self.remove(stream, name);
                }
            }
        }
    }

    fn put(&mut self, timer: TimerState) {
        let category = self.categories.entry(timer.stream.category().to_owned()).or_default();
        category.insert(place(&timer), timer.clone());
        let timers = self.streams.entry(timer.stream.clone()).or_default();
        timers.insert(Arc::clone(&timer.name), timer);
    }

    fn remove(&mut self, stream: &StreamId, name: &str) {
        let Some(timers) = self.streams.get_mut(stream) else { return };
        let Some(timer) = timers.remove(name) else { return };
        if timers.is_empty() {
            self.streams.remove(stream);
        }
        if let Some(category) = self.categories.get_mut(stream.category()) {
            category.remove(&place(&timer));
        }
    }
}

#[async_trait]
impl Timers for Memory {
    async fn due_timers(&self, category: &str, shards: &[u16], limit: u64) -> Result<DueTimers, StoreError> {
        let state = self.open()?;
        let now = self.clock.now();
        let Some(timers) = state.timers.categories.get(category) else { return Ok(DueTimers::default()) };
        let own = |timer: &&TimerState| shards.contains(&timer.shard);
        let due = timers.values().take_while(|timer| timer.due_at <= now).filter(own);
        let due = due.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect();
        let next = now.as_micros().checked_add(1).and_then(|after| {
            let after = (Timestamp::from_micros(after), String::new(), Arc::from(""));
            timers.range(after..).map(|(_, timer)| timer).find(own)
        });
        Ok(DueTimers { due, next: next.map(|timer| until(timer.due_at, now)) })
    }

    async fn timers_of(&self, stream: &StreamId) -> Result<Vec<TimerState>, StoreError> {
        let state = self.open()?;
        let timers = state.timers.streams.get(stream);
        Ok(timers.into_iter().flat_map(BTreeMap::values).cloned().collect())
    }
}
