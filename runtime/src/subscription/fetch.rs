use std::{panic, sync::Arc};

use tokio::{sync::mpsc, task::JoinHandle};

use super::{batch::Batch, page, tail::Tail};
use crate::{
    domain::Position,
    log::Filter,
    store::{Store, StoreError},
};

/// Reads the log for one feed that is behind, in a task of its own: the next page is read while the last one is
/// worked on.
#[derive(Debug)]
pub(super) struct Fetch {
    pages: mpsc::Receiver<Result<Batch, StoreError>>,
    task: JoinHandle<()>,
}

/// How many events are looked at in one reading.
const CHUNK: u64 = 4_000;

/// How many pages may be waiting.
const AHEAD: usize = 2;

impl Fetch {
    /// Reads from a position up to the end of the log as it is when it comes there.
    pub(super) fn new(store: Store, tail: &Tail, after: Position, filter: Arc<Filter>) -> Self {
        let (send, pages) = mpsc::channel(AHEAD);
        let reading = tail.reading();
        let task = tokio::spawn(async move {
            // In this order, so that the store is let go of first.
            let (_reading, mut after) = (reading, after);
            let store = store;
            loop {
                let page = page::read(&store, after, CHUNK, &filter).await;
                let page = page.map(|(events, to, live)| Batch { events, to, live });
                let last = !matches!(&page, Ok(page) if !page.live && page.to > after);
                after = page.as_ref().map_or(after, Batch::to);
                if send.send(page).await.is_err() || last {
                    return;
                }
            }
        });
        Self { pages, task }
    }

    /// The next page; `None` after the last one. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Result<Batch, StoreError>> {
        if let Some(page) = self.pages.recv().await {
            return Some(page);
        }
        // A filter may be anything. What it panics with belongs to whoever asked for it.
        match (&mut self.task).await {
            Err(error) if error.is_panic() => panic::resume_unwind(error.into_panic()),
            _ => None,
        }
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.task.abort();
    }
}
