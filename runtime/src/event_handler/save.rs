use std::time::{Duration, Instant};

use super::{port, run::Run, tell};
use crate::store::StoreError;

/// What was done is stored at most so often,
const PAUSE: Duration = Duration::from_millis(50);

/// unless there is this much of it.
const MOST_WRITES: usize = 500;

impl Run<'_> {
    /// When something is to be stored, if there is anything.
    pub(super) fn next_save(&self) -> Option<Instant> {
        if self.reminded || self.care.waiting() > 0 || self.ledger.writes() >= MOST_WRITES {
            return Some(self.saved_at);
        }
        self.ledger.is_dirty().then(|| self.saved_at + PAUSE)
    }

    pub(super) fn is_save_due(&self, now: Instant) -> bool {
        self.next_save().is_some_and(|at| at <= now)
    }

    /// Stores how far the shards have come, with what was parked and what is not parked any more. Dead letters are
    /// told of afterwards, while other events are delivered.
    pub(super) async fn save(&mut self) -> Result<(), StoreError> {
        (self.saved_at, self.reminded) = (Instant::now(), false);
        let Some(commit) = self.ledger.commit() else { return Ok(()) };
        let side = port(&self.store)?;
        let committed = side.commit(&commit).await;
        self.refused = committed.is_err();
        committed?;
        self.progress.committed(self.ledger.committed(&commit));
        for item in self.care.known() {
            self.attempt(item);
        }
        self.pauses.drain(..).for_each(|pause| self.polls.due_in(pause));
        if !self.deaths.is_empty() {
            let deaths = std::mem::take(&mut self.deaths);
            let (store, told, name) =
                (self.store.clone(), self.driver.told.clone(), self.driver.name.clone());
            self.telling.spawn(async move { tell::of_dead_letters(&store, &told, &name, &deaths).await });
        }
        Ok(())
    }
}
