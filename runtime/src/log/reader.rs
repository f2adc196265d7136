use std::{
    fmt,
    ops::ControlFlow,
    panic,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    vec,
};

use futures_util::{FutureExt, Stream, StreamExt, future::BoxFuture};
use tokio::{runtime::Handle, task::JoinHandle};

use super::{Filter, LogEntry};
use crate::{
    domain::Position,
    store::{LogEventRef, ReadLog, Store, StoreError},
};

/// How many events of the log are read at a time.
const CHUNK: usize = 4_000;

/// A chunk with more bytes than this ends early: events may be large.
const BYTES: usize = 32 << 20;

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

    /// All further events up to the end of the log. They are read in chunks as they are asked for, one chunk ahead.
    /// The first failure of the store is the last item.
    pub fn stream(self) -> LogStream {
        LogStream { log: Some(self), events: Vec::new().into_iter(), ahead: None }
    }

    /// One reading of the store: at most `limit` events that pass, and how far it has looked.
    async fn chunk(&self, after: Position, limit: usize) -> Result<Page, StoreError> {
        // Behind a filter, nobody knows how many events must be looked at to find one.
        let looked_at = if self.filters.is_empty() { limit.min(CHUNK) } else { CHUNK };
        let (mut events, mut bytes) = (Vec::new(), 0);
        let mut visit = |event: LogEventRef<'_>| {
            if self.filters.iter().all(|filter| filter.matches(event)) {
                bytes += event.event.payload.len();
                events.push(LogEntry::from(event));
            }
            if events.len() < limit && bytes < BYTES {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let read = ReadLog { after, limit: looked_at as u64 };
        let next = self.store.port().read_log(&read, &mut visit).await?;
        Ok(Page { events, next })
    }
}

/// The events of a log, as [`Log::stream`] returns them.
#[must_use = "a stream reads nothing until it is polled"]
pub struct LogStream {
    /// Where to go on; `None` at the end.
    log: Option<Log>,
    events: vec::IntoIter<LogEntry>,
    ahead: Option<Ahead>,
}

/// A chunk that is being read.
enum Ahead {
    /// Beside the work on the one before. Where that was not the last one, this may be found at its end too early.
    Beside(JoinHandle<Result<Page, StoreError>>),
    Now(BoxFuture<'static, Result<Page, StoreError>>),
}

impl LogStream {
    /// The next event; `None` at the end of the log as it was when the reader came there.
    pub async fn next(&mut self) -> Option<Result<LogEntry, StoreError>> {
        StreamExt::next(self).await
    }

    /// Takes a chunk over, and begins with the next one.
    fn begin(&mut self, page: Page, log: Log, beside: bool) {
        if page.next == log.after {
            // What was read ahead was read before anybody came here: the end is looked for once more.
            self.ahead = beside.then(|| now(log.clone()));
            self.log = beside.then_some(log);
            return;
        }
        let log = log.after(page.next);
        // At the end nothing is read ahead: there would be nothing yet.
        if page.events.len() >= CHUNK / 2
            && let Ok(runtime) = Handle::try_current()
        {
            let log = log.clone();
            self.ahead = Some(Ahead::Beside(runtime.spawn(async move { log.chunk(log.after, CHUNK).await })));
        }
        self.events = page.events.into_iter();
        self.log = Some(log);
    }
}

fn now(log: Log) -> Ahead {
    Ahead::Now(async move { log.chunk(log.after, CHUNK).await }.boxed())
}

impl Stream for LogStream {
    type Item = Result<LogEntry, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(event) = this.events.next() {
                return Poll::Ready(Some(Ok(event)));
            }
            let Some(log) = &this.log else { return Poll::Ready(None) };
            let (page, beside) = match this.ahead.get_or_insert_with(|| now(log.clone())) {
                Ahead::Now(chunk) => (ready!(chunk.poll_unpin(cx)), false),
                Ahead::Beside(chunk) => match ready!(chunk.poll_unpin(cx)) {
                    Ok(page) => (page, true),
                    // A filter may be anything. What it panics with belongs to whoever asked for it.
                    Err(error) if error.is_panic() => panic::resume_unwind(error.into_panic()),
                    // The runtime that has read it is gone.
                    Err(_) => {
                        this.ahead = None;
                        continue;
                    }
                },
            };
            this.ahead = None;
            match (page, this.log.take()) {
                (Ok(page), Some(log)) => this.begin(page, log, beside),
                (Ok(_), None) => {}
                (Err(error), _) => return Poll::Ready(Some(Err(error))),
            }
        }
    }
}

impl fmt::Debug for LogStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogStream").finish_non_exhaustive()
    }
}
