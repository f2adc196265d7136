//! A store in memory whose application can be killed.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use super::{plan::Side, scene::Scene};
use crate::{
    domain::{IdempotencyKey, Position, Receipt},
    store::{
        Append, EventStore, LogVisitor, Memory, Outcome, ReadLog, ReadSide, ReadStream, SnapshotRef,
        StoreError, StreamId, StreamVisitor,
    },
};

/// How the application on a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Alive,
    /// It was killed: what it has asked the store is not answered.
    Killed,
    /// It is not there any more, so nobody waits for answers.
    Buried,
}

/// The store of one application of a scenario.
pub(super) struct Stage {
    pub(super) memory: Memory,
    pub(super) scene: Arc<Scene>,
    pub(super) life: watch::Sender<Life>,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("memory", &self.memory).finish_non_exhaustive()
    }
}

impl Stage {
    async fn die<T>(&self) -> Result<T, StoreError> {
        self.life.send_replace(Life::Killed);
        self.is_dead().await
    }

    async fn is_dead<T>(&self) -> Result<T, StoreError> {
        let _ = self.life.subscribe().wait_for(|life| *life == Life::Buried).await;
        Err(StoreError::Closed)
    }
}

#[async_trait]
impl EventStore for Stage {
    async fn append(&self, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        if *self.life.borrow() != Life::Alive {
            return self.is_dead().await;
        }
        let own = batch.iter().position(|append| self.scene.is_own(append));
        let crash = own.and_then(|own| self.scene.appends(&batch[own]));
        if crash == Some(Side::Before) {
            return self.die().await;
        }
        let mut outcomes = self.memory.append(batch).await?;
        for (append, outcome) in batch.iter().zip(&outcomes) {
            self.scene.stored(append, outcome);
        }
        if crash == Some(Side::After) {
            return self.die().await;
        }
        if let Some(own) = own.filter(|_| self.scene.plan.repeats) {
            let again = self.memory.append(&batch[own..=own]).await?;
            for outcome in again {
                self.scene.stored(&batch[own], &outcome);
                // The first answer to a command is lost, and whoever has asked finds it stored.
                if batch[own].key.is_some() {
                    outcomes[own] = outcome;
                }
            }
        }
        Ok(outcomes)
    }

    async fn read_stream(&self, read: &ReadStream, visit: StreamVisitor<'_>) -> Result<(), StoreError> {
        self.memory.read_stream(read, visit).await
    }

    async fn read_log(&self, read: &ReadLog, visit: LogVisitor<'_>) -> Result<Position, StoreError> {
        self.memory.read_log(read, visit).await
    }

    async fn last_position(&self) -> Result<Position, StoreError> {
        self.memory.last_position().await
    }

    async fn find_key(&self, key: &IdempotencyKey) -> Result<Option<(StreamId, Receipt)>, StoreError> {
        self.memory.find_key(key).await
    }

    async fn save_snapshot(&self, stream: &StreamId, snapshot: SnapshotRef<'_>) -> Result<(), StoreError> {
        self.memory.save_snapshot(stream, snapshot).await
    }

    fn read_side(&self) -> Option<&dyn ReadSide> {
        self.memory.read_side()
    }

    /// The memory is there for the next application.
    async fn close(&self) {}
}
