//! What there is, for those who look after it.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use uuid::Uuid;

use super::{Memory, State, Stored, page};
use crate::{
    domain::Position,
    store::{
        Inspect, KeptKey, KeyPage, LookedOver, ParkedDelivery, Part, RecordedEvent, Repair, Restoring,
        RestoringKeys, Size, StoreError, StoredSnapshot, StreamFilter, StreamPage, StreamState, Tally,
        TypeTally,
        resolve::Head,
        restore::{Added, added, check, check_deliveries, check_keys},
    },
};

/// Counts events by their types.
pub(super) fn count(events: &[Arc<Stored>]) -> Vec<TypeTally> {
    let mut types: HashMap<(&str, u16), TypeTally> = HashMap::new();
    for event in events {
        let (name, version, at) = (event.name, event.type_version, event.recorded_at);
        let tally = types.entry((name, version)).or_insert_with(|| TypeTally {
            name: name.to_owned(),
            version,
            events: 0,
            bytes: 0,
            recorded: (at, at),
        });
        tally.events += 1;
        tally.bytes += event.payload.len() as u64;
        tally.recorded = (tally.recorded.0.min(at), tally.recorded.1.max(at));
    }
    types.into_values().collect()
}

#[async_trait]
impl Inspect for Memory {
    async fn list_streams(
        &self,
        filter: &StreamFilter,
        after: Option<Uuid>,
        most: u64,
    ) -> Result<StreamPage, StoreError> {
        let state = self.open()?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut streams: Vec<_> = state
            .streams
            .iter()
            .filter(|(stream, events)| after.is_none_or(|after| stream.key() > after) && !events.is_empty())
            .collect();
        streams.sort_by_key(|(stream, _)| stream.key());
        streams.truncate(most);
        let next = streams.last().map(|(stream, _)| stream.key()).filter(|_| streams.len() == most);
        let standing = |(stream, events): &(&crate::store::StreamId, &Vec<Arc<Stored>>)| StreamState {
            stream: (*stream).clone(),
            version: events.len() as u64,
            last: events.last().map(|event| (event.position, event.recorded_at)),
        };
        Ok(StreamPage {
            looked_at: streams.len() as u64,
            streams: streams
                .iter()
                .filter(|(stream, _)| filter.matches(stream.category(), stream.id()))
                .map(standing)
                .collect(),
            next,
        })
    }

    async fn tally(&self, after: Position, most: u64) -> Result<Tally, StoreError> {
        let events = page(&self.open()?.log, after.raw(), Some(most));
        let next = events.last().map(|event| event.position).filter(|_| events.len() as u64 == most);
        Ok(Tally { types: count(&events), next })
    }

    async fn count_streams(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let state = self.open()?;
        let mut categories: BTreeMap<&str, u64> = BTreeMap::new();
        for (stream, _) in state.streams.iter().filter(|(_, events)| !events.is_empty()) {
            *categories.entry(stream.category()).or_default() += 1;
        }
        Ok(categories.into_iter().map(|(category, streams)| (category.to_owned(), streams)).collect())
    }

    async fn extent(&self, part: Part) -> Result<u64, StoreError> {
        let state = self.open()?;
        Ok(match part {
            Part::Streams => state.streams.values().filter(|events| !events.is_empty()).count() as u64,
            Part::Events => state.log.len() as u64,
            Part::Keys => state.ledger.keys.len() as u64,
            Part::Snapshots => state.snapshots.len() as u64,
        })
    }

    async fn sample(&self, _: u64) -> Result<Vec<TypeTally>, StoreError> {
        // They are in memory: looking at all of them is no work.
        Ok(count(&self.open()?.log))
    }

    async fn list_snapshots(
        &self,
        after: Option<Uuid>,
        most: u64,
    ) -> Result<Vec<StoredSnapshot>, StoreError> {
        let state = self.open()?;
        let mut kept: Vec<_> = state
            .snapshots
            .iter()
            .filter(|(stream, _)| after.is_none_or(|after| stream.key() > after))
            .map(|(stream, snapshot)| StoredSnapshot {
                stream: stream.clone(),
                version: snapshot.version,
                position: snapshot.position,
                fingerprint: snapshot.fingerprint,
                state: snapshot.borrowed().state.to_vec(),
            })
            .collect();
        kept.sort_by_key(|snapshot| snapshot.stream.key());
        kept.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        Ok(kept)
    }

    async fn sizes(&self) -> Result<Vec<Size>, StoreError> {
        self.open().map(|_| Vec::new())
    }

    /// Nothing goes wrong here: there is one list of events, and everything else is made from it.
    async fn look_over(&self, _: Part, _: Option<&[u8]>, _: u64) -> Result<LookedOver, StoreError> {
        self.open().map(|_| LookedOver::default())
    }

    async fn repair(&self, _: &Repair) -> Result<bool, StoreError> {
        self.open().map(|_| false)
    }

    async fn restore(&self, events: &[RecordedEvent]) -> Result<Restoring, StoreError> {
        check(events)?;
        let restored = restore(&mut *self.open()?, events);
        self.signal.ring();
        Ok(restored)
    }

    async fn list_keys(&self, after: Option<&[u8]>, most: u64) -> Result<KeyPage, StoreError> {
        Ok(self.open()?.list_keys(after, most))
    }

    async fn restore_keys(&self, keys: &[KeptKey]) -> Result<RestoringKeys, StoreError> {
        check_keys(keys)?;
        Ok(self.open()?.restore_keys(keys).unwrap_or_else(|conflict| conflict))
    }

    async fn restore_shards(
        &self,
        subscription: &str,
        positions: &[(u16, Position)],
    ) -> Result<(), StoreError> {
        self.open()?.restore_shards(subscription, positions);
        self.freed.ring();
        Ok(())
    }

    async fn restore_deliveries(&self, deliveries: &[ParkedDelivery]) -> Result<(), StoreError> {
        check_deliveries(deliveries)?;
        self.open()?.restore_deliveries(deliveries);
        Ok(())
    }
}

fn restore(state: &mut State, events: &[RecordedEvent]) -> Restoring {
    let streams = match added(events) {
        Ok(streams) => streams,
        Err(conflict) => return conflict,
    };
    for Added { stream, before, .. } in streams {
        let actual = state.streams.get(stream).map_or(0, |events| events.len() as u64);
        if actual != before {
            return Restoring::Conflict { stream: stream.clone(), actual };
        }
    }
    for event in events {
        let position = Position::from_raw(state.log.len() as u64 + 1);
        let stored = Arc::new(Stored {
            stream: event.stream.clone(),
            position,
            version: event.version,
            recorded_at: event.recorded_at,
            name: for_ever(&event.name),
            type_version: event.type_version,
            meta: event.meta.clone().into(),
            payload: event.payload.clone(),
        });
        state.log.push(Arc::clone(&stored));
        state.streams.entry(event.stream.clone()).or_default().push(stored);
        state.ledger.last = position;
        state.ledger.heads.insert(event.stream.clone(), Head { version: event.version, position });
    }
    Restoring::Stored(state.ledger.last)
}

/// Names of events live as long as the program. There are as many as a program has types of events.
fn for_ever(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.into());
    names.insert(kept);
    kept
}
