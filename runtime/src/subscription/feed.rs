use std::sync::Arc;

use crate::{
    domain::Position,
    log::{Filter, LogEntry},
    store::{LogEventRef, ReadLog, Store, StoreError},
};

use super::Stop;

/// The events of the log that a subscription wants, in order, from a position on; it waits for new ones.
#[derive(Debug)]
pub struct Feed {
    store: Store,
    filter: Filter,
    at: Position,
    stop: Stop,
}

/// Some events in a row, and how far the log was looked at to find them.
#[derive(Clone, Debug)]
pub struct Batch {
    events: Vec<Arc<LogEntry>>,
    to: Position,
    live: bool,
}

impl Batch {
    /// The events that pass the filter, in order. There may be none.
    pub fn events(&self) -> &[Arc<LogEntry>] {
        &self.events
    }

    /// Everything up to here was looked at.
    pub fn to(&self) -> Position {
        self.to
    }

    /// Whether this was the end of the log when it was read.
    pub fn is_live(&self) -> bool {
        self.live
    }
}

const CHUNK: u64 = 1_000;

impl Feed {
    pub(crate) fn new(store: Store, filter: Filter, after: Position, stop: Stop) -> Self {
        Self { store, filter, at: after, stop }
    }

    /// The next events; `None` once it was asked to stop. Dropping the future loses nothing.
    ///
    /// # Errors
    /// Those of [`EventStore::read_log`](crate::store::EventStore::read_log); the same events are read again by the
    /// next call.
    pub async fn next(&mut self) -> Result<Option<Batch>, StoreError> {
        loop {
            if self.stop.is_asked() {
                return Ok(None);
            }
            let (mut events, mut seen) = (Vec::new(), 0);
            let mut visit = |event: LogEventRef<'_>| {
                seen += 1;
                if self.filter.matches(event) {
                    events.push(Arc::new(LogEntry::from(event)));
                }
                std::ops::ControlFlow::Continue(())
            };
            let read = ReadLog { after: self.at, limit: CHUNK };
            let to = self.store.port().read_log(&read, &mut visit).await?;
            if to > self.at {
                self.at = to;
                return Ok(Some(Batch { events, to, live: seen < CHUNK }));
            }
            tokio::select! {
                () = self.stop.asked() => return Ok(None),
                () = tokio::time::sleep(std::time::Duration::from_millis(5)) => {}
            }
        }
    }
}
