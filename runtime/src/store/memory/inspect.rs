//! What there is, for those who look after it.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use uuid::Uuid;

use super::{Memory, Stored, page};
use crate::{
    domain::Position,
    store::{Inspect, Size, StoreError, StreamFilter, StreamPage, StreamState, Tally, TypeTally},
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

    async fn sizes(&self) -> Result<Vec<Size>, StoreError> {
        self.open().map(|_| Vec::new())
    }
}
