use tokio::task::JoinHandle;

use super::ours::Ours;
use crate::{
    domain::Position,
    store::{Commit, Store, StoreError},
    subscription::ProgressSender,
};

/// Stores batches one after the other, each while the next one is made.
#[derive(Debug)]
pub(super) struct Writer {
    store: Store,
    ours: Ours,
    progress: ProgressSender,
    flight: Option<Flight>,
}

#[derive(Debug)]
struct Flight {
    to: Position,
    task: JoinHandle<Result<(), StoreError>>,
}

impl Writer {
    pub(super) fn new(store: Store, ours: Ours, progress: ProgressSender) -> Self {
        Self { store, ours, progress, flight: None }
    }

    /// Whether something is being stored.
    pub(super) fn is_busy(&self) -> bool {
        self.flight.is_some()
    }

    /// Begins to store what follows from the events up to a position. What was begun before must be settled.
    pub(super) fn submit(&mut self, to: Position, fill: impl FnOnce(&mut Commit)) {
        debug_assert!(self.flight.is_none(), "one batch is stored at a time");
        let mut commit = self.ours.commit_to(to);
        fill(&mut commit);
        let store = self.store.clone();
        let task = tokio::spawn(async move { super::worker::read_side(&store)?.commit(&commit).await });
        self.flight = Some(Flight { to, task });
    }

    /// Waits until what was begun is stored. Dropping the future loses nothing.
    pub(super) async fn settle(&mut self) -> Result<(), StoreError> {
        let Some(flight) = &mut self.flight else { return Ok(()) };
        let result = (&mut flight.task).await;
        let to = flight.to;
        self.flight = None;
        result.unwrap_or_else(|error| {
            Err(StoreError::Backend { what: "committing documents".into(), source: Box::new(error) })
        })?;
        self.ours.committed(to);
        self.progress.committed(self.ours.position());
        Ok(())
    }
}
