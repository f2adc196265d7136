use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};

use super::{
    Stop,
    batch::Batch,
    fetch::Fetch,
    progress::{Local, Wanted},
    tail::{Listener, Look, Tail},
};
use crate::{
    domain::Position,
    log::Filter,
    store::{Store, StoreError},
};

/// The events of the log that a subscription wants, in order, from a position on; it waits for new ones.
///
/// At the end of the log all feeds of an application share what is read. One that is further behind reads for itself,
/// ahead of what it is asked for, and holds up nobody.
#[derive(Debug)]
pub struct Feed {
    store: Store,
    filter: Arc<Filter>,
    at: Position,
    stop: Stop,
    listener: Listener,
    fetch: Option<Fetch>,
    /// How far the subscription is done, as it was told.
    done: watch::Receiver<Local>,
    wanted: watch::Receiver<Wanted>,
    /// When somebody should be told how far the feed has come, if nothing else happens.
    due: Option<Instant>,
    /// The last place that was told for somebody who waits: he is told once.
    told: Position,
}

/// How long a position may lie behind what was looked at, when nobody waits for it.
const LAZY: Duration = Duration::from_secs(1);

/// What a feed is made of.
pub(super) struct Source {
    pub(super) store: Store,
    pub(super) tail: Arc<Tail>,
    pub(super) filter: Arc<Filter>,
    pub(super) after: Position,
    pub(super) stop: Stop,
    pub(super) done: watch::Receiver<Local>,
    pub(super) wanted: watch::Receiver<Wanted>,
}

impl Feed {
    pub(super) fn new(source: Source) -> Self {
        let Source { store, tail, filter, after, stop, done, wanted } = source;
        Self {
            store,
            filter,
            at: after,
            stop,
            listener: tail.listen(),
            fetch: None,
            done,
            wanted,
            due: None,
            told: after,
        }
    }

    /// The next events; `None` once it was asked to stop. Dropping the future loses nothing.
    ///
    /// A batch without events is a reminder: the log was looked at further than
    /// [`ProgressSender::committed`](super::ProgressSender::committed) was told, by about a second, or somebody waits
    /// for that. Commit the positions then. After a batch of which nothing is to be done there is no need to commit:
    /// a reminder follows.
    ///
    /// # Errors
    /// Those of [`EventStore::read_log`](crate::store::EventStore::read_log); the same events are read again by the
    /// next call.
    pub async fn next(&mut self) -> Result<Option<Batch>, StoreError> {
        loop {
            if self.stop.is_asked() {
                return Ok(None);
            }
            if let Some(reminder) = self.reminder() {
                return Ok(Some(reminder));
            }
            self.listener.mark();
            let batch = match self.listener.tail.look(self.at) {
                Look::Pages(pages) => {
                    self.fetch = None;
                    let (mut events, mut to, mut live) = (Vec::new(), self.at, false);
                    for page in pages {
                        page.pick(self.at, &self.filter, &mut events);
                        (to, live) = (page.to, page.live);
                    }
                    Some(Batch { events, to, live: live && self.listener.tail.is_end(to) })
                }
                Look::Behind => self.fetched().await?,
                Look::End => {
                    self.fetch = None;
                    self.wait().await;
                    None
                }
            };
            if let Some(batch) = batch.and_then(|batch| self.moved(batch)) {
                return Ok(Some(batch));
            }
        }
    }

    /// Moves to the end of a batch; gives it back if there is something in it.
    fn moved(&mut self, batch: Batch) -> Option<Batch> {
        self.at = batch.to;
        if batch.events.is_empty() {
            self.due.get_or_insert_with(|| Instant::now() + LAZY);
            return None;
        }
        // What is in it may be of no interest after all, to the one who asks.
        self.due = Some(Instant::now() + LAZY);
        Some(batch)
    }

    async fn fetched(&mut self) -> Result<Option<Batch>, StoreError> {
        let fetch = self.fetch.get_or_insert_with(|| {
            Fetch::new(self.store.clone(), &self.listener.tail, self.at, Arc::clone(&self.filter))
        });
        let page = tokio::select! {
            page = fetch.next() => page,
            () = self.stop.asked() => return Ok(None),
        };
        match page {
            Some(Ok(batch)) => Ok(Some(batch)),
            Some(Err(error)) => {
                self.fetch = None;
                Err(error)
            }
            None => {
                self.fetch = None;
                Ok(None)
            }
        }
    }

    /// A batch without events, if it is time for one.
    fn reminder(&mut self) -> Option<Batch> {
        let done = self.done.borrow_and_update().position;
        if done.is_none_or(|done| done >= self.at) {
            self.due = None;
            return None;
        }
        let asked = done < Some(self.wanted.borrow_and_update().0) && self.told != self.at;
        if !asked && self.due.is_none_or(|due| Instant::now() < due) {
            return None;
        }
        self.told = self.at;
        self.due = Some(Instant::now() + LAZY);
        Some(Batch { events: Vec::new(), to: self.at, live: self.listener.tail.is_end(self.at) })
    }

    /// Waits until there may be something to do.
    async fn wait(&mut self) {
        let due = self.due;
        tokio::select! {
            () = self.stop.asked() => {}
            () = self.listener.changed() => {}
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            // An error means that nobody can ask any more.
            Ok(()) = self.wanted.changed(), if due.is_some() => {}
        }
    }
}
