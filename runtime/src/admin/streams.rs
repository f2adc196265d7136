use std::ops::ControlFlow;

use uuid::Uuid;

use super::Operations;
use crate::{
    domain::Position,
    log::LogEntry,
    store::{Item, LogEventRef, Part, ReadStream, StoreError, StreamFilter, StreamId, StreamState},
};

/// So many are looked at in one call of the store.
const PAGE: u64 = 1_000;

/// Some of the streams of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamList {
    /// They come in the order of their keys, which is no order of their names, and always the same.
    pub streams: Vec<StreamState>,
    /// Where to go on; `None` at the end.
    pub next: Option<Uuid>,
}

impl Operations {
    /// Streams by a filter, at most so many. It looks at as many as it takes to find them.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn streams(
        &self,
        filter: &StreamFilter,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<StreamList, StoreError> {
        let port = self.inspect()?;
        let mut list = StreamList { streams: Vec::new(), next: after };
        if limit == 0 {
            return Ok(list);
        }
        // Without a filter, no more is looked at than is wanted.
        let page = if *filter == StreamFilter::default() { PAGE.min(limit as u64) } else { PAGE };
        loop {
            let found = port.list_streams(filter, list.next, page).await?;
            list.streams.extend(found.streams);
            list.next = found.next;
            if list.streams.len() > limit {
                list.streams.truncate(limit);
                list.next = list.streams.last().map(|last| last.stream.key());
            }
            if list.next.is_none() || list.streams.len() >= limit {
                return Ok(list);
            }
        }
    }

    /// How many events there are; on a damaged store perhaps only about so many.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn total_events(&self) -> Result<u64, StoreError> {
        self.inspect()?.extent(Part::Events).await
    }

    /// How a stream stands; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn stream(&self, stream: &StreamId) -> Result<Option<StreamState>, StoreError> {
        // The next one behind the key before.
        let before = stream.key().as_u128().checked_sub(1).map(Uuid::from_u128);
        let page = self.inspect()?.list_streams(&StreamFilter::default(), before, 1).await?;
        Ok(page.streams.into_iter().find(|state| state.stream == *stream))
    }

    /// The place in the log behind which its last `events` events stand, or all of them where there are no more.
    /// Positions may have gaps of any size, so it is looked for; only a few pages of so many events are read.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn place_of_last(&self, events: u64) -> Result<Position, StoreError> {
        let last = self.store().port().last_position().await?.raw();
        if events == 0 {
            return Ok(Position::from_raw(last));
        }
        // Behind `few` there are fewer than wanted, and behind `enough` as many or more.
        let (mut few, mut step) = (last, events);
        let mut enough = loop {
            let from = last.saturating_sub(step);
            if from == 0 || self.count_behind(from, events).await? >= events {
                break from;
            }
            (few, step) = (from, step.saturating_mul(2));
        };
        while few - enough > 1 && self.count_behind(enough, events.saturating_add(1)).await? > events {
            let middle = enough + (few - enough) / 2;
            match self.count_behind(middle, events).await? >= events {
                true => enough = middle,
                false => few = middle,
            }
        }
        Ok(Position::from_raw(enough))
    }

    /// How many events stand behind a place, `most` at the most.
    async fn count_behind(&self, after: u64, most: u64) -> Result<u64, StoreError> {
        let tally = self.inspect()?.tally(Position::from_raw(after), most).await?;
        Ok(tally.types.iter().map(|tally| tally.events).sum())
    }

    /// Events of a stream with a greater version, at most so many, in order.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn events(
        &self,
        stream: &StreamId,
        after: u64,
        limit: u64,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let mut events = Vec::new();
        let read = ReadStream { after, limit: Some(limit), ..ReadStream::all(stream.clone()) };
        let mut visit = |item: Item<'_>| {
            if let Item::Event(event) = item {
                events.push(LogEntry::from(LogEventRef { stream, event }));
            }
            ControlFlow::Continue(())
        };
        self.store().port().read_stream(&read, &mut visit).await?;
        Ok(events)
    }
}
