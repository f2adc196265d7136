//! What a worker stores in one transaction.

use async_trait::async_trait;
use tokio::sync::watch;

use super::Memory;
use crate::{
    domain::Timestamp,
    store::{
        Commit, ReadSide, StoreError,
        resolve::{fenced, stale, stale_error},
    },
};

#[async_trait]
impl ReadSide for Memory {
    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        commit.check()?;
        if commit.work.is_some() {
            let what = "run SQL: it keeps everything in memory";
            return Err(StoreError::Unsupported { store: "the store in memory", what });
        }
        let mut state = self.open()?;
        for advance in &commit.advances {
            if !state.holds(advance) {
                return Err(fenced(advance));
            }
        }
        let library = &mut state.library;
        if let Some(document) =
            stale(&commit.documents, |write| library.revision(&write.collection, &write.key))
        {
            return Err(stale_error(document));
        }
        let now = self.clock.now();
        commit.advances.iter().for_each(|advance| state.advance(advance));
        commit.documents.iter().for_each(|document| state.library.write(document));
        commit.deliveries.iter().for_each(|delivery| state.deliver(delivery, now));
        Ok(())
    }

    fn runs_sql(&self) -> bool {
        false
    }

    fn signals(&self) -> watch::Receiver<u64> {
        self.signal.listen()
    }

    fn shard_signals(&self) -> watch::Receiver<u64> {
        self.freed.listen()
    }

    fn hears_others(&self) -> bool {
        // There are none.
        true
    }

    fn clock_moves(&self) -> Option<watch::Receiver<Timestamp>> {
        self.clock.moves()
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.open().map(|_| self.clock.now())
    }
}
