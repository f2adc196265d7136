//! A real store whose connection is bad on demand.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use crate::{
    domain::{IdempotencyKey, Position, Receipt},
    store::*,
};

/// What goes wrong with the next append.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    /// It does not reach the store.
    Refused,
    /// It reaches the store, and the answer is lost.
    AnswerLost,
    /// It is lost on the way, and nobody knows.
    CallLost,
}

/// Memory behind a bad connection. A payload of `13` is poison: the batch that holds it is refused as a whole.
#[derive(Debug)]
pub(super) struct Faulty {
    pub(super) memory: Memory,
    pub(super) faults: Mutex<Vec<Fault>>,
    pub(super) appends: AtomicUsize,
    /// Every append takes a permit; without permits the store hangs.
    pub(super) gate: Semaphore,
}

impl Faulty {
    pub(super) fn new() -> Self {
        let gate = Semaphore::new(Semaphore::MAX_PERMITS);
        Self { memory: Memory::new(), faults: Mutex::default(), appends: AtomicUsize::new(0), gate }
    }

    pub(super) fn fail_next(&self, faults: &[Fault]) {
        self.faults.lock().unwrap().extend(faults.iter().rev());
    }
}

/// Shared between a test and the application.
#[derive(Clone, Debug)]
pub(super) struct Shared(pub(super) std::sync::Arc<Faulty>);

fn unknown() -> StoreError {
    StoreError::OutcomeUnknown { streams: "a batch".into(), source: "connection lost".into() }
}

#[async_trait]
impl EventStore for Shared {
    async fn append(&self, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        self.0.appends.fetch_add(1, Ordering::SeqCst);
        self.0.gate.acquire().await.expect("the gate is never closed").forget();
        let fault = self.0.faults.lock().unwrap().pop();
        match fault {
            Some(Fault::Refused) => {
                return Err(StoreError::Unavailable { what: "appending", source: "refused".into() });
            }
            Some(Fault::CallLost) => return Err(unknown()),
            _ => {}
        }
        if batch.iter().flat_map(|append| &append.events).any(|event| event.payload == b"13") {
            return Err(StoreError::Backend { what: "appending".into(), source: "poison".into() });
        }
        let outcomes = self.0.memory.append(batch).await?;
        if fault == Some(Fault::AnswerLost) { Err(unknown()) } else { Ok(outcomes) }
    }

    async fn read_stream(&self, read: &ReadStream, visit: StreamVisitor<'_>) -> Result<(), StoreError> {
        self.0.memory.read_stream(read, visit).await
    }

    async fn read_log(&self, read: &ReadLog, visit: LogVisitor<'_>) -> Result<Position, StoreError> {
        self.0.memory.read_log(read, visit).await
    }

    async fn last_position(&self) -> Result<Position, StoreError> {
        self.0.memory.last_position().await
    }

    async fn find_key(&self, key: &IdempotencyKey) -> Result<Option<(StreamId, Receipt)>, StoreError> {
        self.0.memory.find_key(key).await
    }

    async fn save_snapshot(&self, stream: &StreamId, snapshot: SnapshotRef<'_>) -> Result<(), StoreError> {
        self.0.memory.save_snapshot(stream, snapshot).await
    }

    async fn close(&self) {
        self.0.memory.close().await;
    }
}
