use std::{
    fmt,
    ops::ControlFlow,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::{
    Stream, StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};

use super::{Filter, LogEntry};
use crate::{
    domain::Position,
    store::{LogEventRef, ReadLog, Store, StoreError},
};

/// How many events of the log are read at a time.
const CHUNK: usize = 1_000;

/// Reads the events of all aggregates in the order of their positions.
///
/// ```
/// # use gesta::{domain::Position, log::{Filter, Log}, store::{Memory, Store, StoreError}};
/// # async fn read(store: Store) -> Result<(), StoreError> {
/// let log = Log::new(store).after(Position::START).filter(Filter::new().event("account.opened"));
/// let page = log.page(50).await?;
/// for entry in &page.events {
///     println!("{} {} {}", entry.position, entry.stream, entry.name);
/// }
/// let older = log.after(page.next);
///
/// let mut all = older.stream();
/// while let Some(entry) = all.next().await {
///     println!("{}", entry?.json()?);
/// }
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(read(Memory::new().into())).unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "a log reads nothing until it is asked for a page or a stream"]
pub struct Log {
    store: Store,
    after: Position,
    filters: Arc<[Filter]>,
}

/// Some events of the log, and where to go on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// The events that pass the filters; fewer than were asked for only at the end of the log.
    pub events: Vec<LogEntry>,
    /// Where to go on with [`Log::after`]: behind every event that was looked at, also those that did not pass.
    pub next: Position,
}

impl Log {
    /// The whole log of a store.
    pub fn new(store: Store) -> Self {
        Self { store, after: Position::START, filters: Arc::default() }
    }

    /// Only events after this position.
    pub fn after(mut self, position: Position) -> Self {
        self.after = position;
        self
    }

    /// Only events that this filter lets through. Given several, an event must pass all of them.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filters = self.filters.iter().cloned().chain([filter]).collect();
        self
    }

    /// The next events, at most `limit`. It looks at as much of the log as it takes to find them, and ends with
    /// the log's end as it is now.
    ///
    /// # Errors
    /// Those of [`EventStore::read_log`](crate::store::EventStore::read_log).
    pub async fn page(&self, limit: usize) -> Result<Page, StoreError> {
        let mut page = Page { events: Vec::new(), next: self.after };
        while page.events.len() < limit {
            let chunk = self.chunk(page.next, limit - page.events.len()).await?;
            if chunk.next == page.next {
                break;
            }
            page.next = chunk.next;
            page.events.extend(chunk.events);
        }
        Ok(page)
    }

    /// All further events up to the end of the log, read in chunks as they are asked for. The first failure of the
    /// store is the last item.
    pub fn stream(self) -> LogStream {
        let chunks = stream::try_unfold(self, async |log| {
            let Page { events, next } = log.chunk(log.after, CHUNK).await?;
            let more = next != log.after;
            Ok(more.then(|| (stream::iter(events.into_iter().map(Ok)), log.after(next))))
        });
        LogStream(chunks.try_flatten().boxed())
    }

    /// One reading of the store: at most `limit` events that pass, and how far it has looked.
    async fn chunk(&self, after: Position, limit: usize) -> Result<Page, StoreError> {
        // Behind a filter, nobody knows how many events must be looked at to find one.
        let looked_at = if self.filters.is_empty() { limit.min(CHUNK) } else { CHUNK };
        let mut events = Vec::new();
        let mut visit = |event: LogEventRef<'_>| {
            if self.filters.iter().all(|filter| filter.matches(event)) {
                events.push(LogEntry::from(event));
            }
            if events.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let read = ReadLog { after, limit: looked_at as u64 };
        let next = self.store.port().read_log(&read, &mut visit).await?;
        Ok(Page { events, next })
    }
}

/// The events of a log, as [`Log::stream`] returns them.
#[must_use = "a stream reads nothing until it is polled"]
pub struct LogStream(BoxStream<'static, Result<LogEntry, StoreError>>);

impl LogStream {
    /// The next event; `None` at the end of the log as it was when the reader came there.
    pub async fn next(&mut self) -> Option<Result<LogEntry, StoreError>> {
        self.0.next().await
    }
}

impl Stream for LogStream {
    type Item = Result<LogEntry, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for LogStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogStream").finish_non_exhaustive()
    }
}
