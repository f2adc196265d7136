use std::ops::ControlFlow;

use uuid::Uuid;

use super::Operations;
use crate::{
    log::LogEntry,
    store::{Item, LogEventRef, ReadStream, StoreError, StreamFilter, StreamId, StreamState},
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
