//! Events in a file of SQLite.
//!
//! * One task writes. It takes all appends that wait and stores them in one transaction, so that they share one
//!   flush to the disk.
//! * Readers have connections of their own; in the write-ahead log they never wait for the writer, nor it for them.
//! * Several processes may use one file. The write lock is taken before anything is read that decides, and nothing
//!   is remembered that another process can change.
//! * Positions are 1, 2, 3, .. without gaps: there is one writer at a time, so the log is final as far as it can be
//!   seen.

mod change;
mod commit;
mod connections;
mod convert;
mod deliveries;
mod documents;
mod failure;
mod fleet;
mod hear;
mod inspect;
mod keys;
mod look_over;
mod migrate;
mod nested;
mod open;
mod options;
mod parked;
#[cfg(test)]
mod plans;
mod process;
mod read;
mod restore;
mod rows;
mod sagas;
mod shards;
mod shared;
mod sql;
mod timers;
mod transaction;
mod types;
mod work;
mod writer;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use sqlx::Row;
use tokio::sync::{Notify, mpsc, oneshot, watch};

pub use self::options::{SqliteOptions, Synchronous};
use self::{
    connections::{Connections, Lease, NoConnection},
    failure::read_error,
    hear::Hearing,
    transaction::NewSnapshot,
    types::Types,
    writer::Request,
};
use super::{
    Append, ConnectError, EventStore, Fleet, Inspect, LogVisitor, Outcome, ReadLog, ReadSide, ReadStream,
    Signal, SnapshotRef, Store, StoreError, StreamId, StreamVisitor, check_key,
};
use crate::domain::{IdempotencyKey, Position, Receipt};

/// An event store in a file of SQLite. Cheap to clone; clones share their connections.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), gesta::store::ConnectError> {
/// use gesta::store::{Sqlite, Store};
///
/// # let folder = std::env::temp_dir().join(format!("gesta-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// # let path = folder.join("bank.db");
/// let store: Store = Sqlite::open(path).await?.into();
/// # store.port().close().await;
/// # std::fs::remove_dir_all(folder).unwrap();
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Sqlite {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    target: String,
    /// The same for all handles on one file.
    location: String,
    queue: mpsc::Sender<Request>,
    closing: Arc<Notify>,
    /// Ends when the writer has written everything and given back its connection.
    closed: watch::Receiver<()>,
    readers: Arc<Connections>,
    types: Arc<Types>,
    signal: Signal,
    freed: Signal,
    hearing: Hearing,
    /// How long the application's statements may take in a commit.
    work_timeout: std::time::Duration,
    shut: AtomicBool,
}

impl Sqlite {
    /// Opens a file with [`SqliteOptions::new`], and makes it if there is none.
    ///
    /// # Errors
    /// Those of [`SqliteOptions::open`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, ConnectError> {
        SqliteOptions::new().open(path).await
    }

    /// Makes an empty store in memory, which is gone when it is closed.
    ///
    /// # Errors
    /// Those of [`SqliteOptions::in_memory`].
    pub async fn in_memory() -> Result<Self, ConnectError> {
        SqliteOptions::new().in_memory().await
    }

    /// The file, or `:memory:`.
    pub fn target(&self) -> &str {
        &self.inner.target
    }

    fn check_open(&self) -> Result<(), StoreError> {
        if self.inner.shut.load(Ordering::Acquire) { Err(StoreError::Closed) } else { Ok(()) }
    }

    async fn reader(&self) -> Result<Lease<'_>, StoreError> {
        self.check_open()?;
        self.inner.readers.get().await.map_err(NoConnection::into_error)
    }

    /// Hands a request to the writer.
    async fn write(&self, request: Request) -> Result<(), StoreError> {
        self.check_open()?;
        // Refused only once the writer has stopped taking requests, and then it never sees this one.
        self.inner.queue.send(request).await.map_err(|_| StoreError::Closed)
    }
}

impl From<Sqlite> for Store {
    fn from(sqlite: Sqlite) -> Self {
        Self::new(sqlite)
    }
}

/// The writer has gone without an answer: its runtime was shut down under it.
fn unanswered(batch: &[Append]) -> StoreError {
    let source = "the runtime in which the store was opened has ended".into();
    StoreError::OutcomeUnknown { streams: failure::Streams(batch).to_string(), source }
}

#[async_trait]
impl EventStore for Sqlite {
    async fn append(&self, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        batch.iter().try_for_each(Append::check)?;
        let (reply, answer) = oneshot::channel();
        self.write(Request::Append { batch: batch.to_vec(), reply }).await?;
        let outcomes = answer.await.unwrap_or_else(|_| Err(unanswered(batch)))?;
        if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Appended(_))) {
            self.inner.signal.ring();
        }
        Ok(outcomes)
    }

    async fn read_stream(&self, read: &ReadStream, visit: StreamVisitor<'_>) -> Result<(), StoreError> {
        read.stream.check()?;
        let mut connection = self.reader().await?;
        let result = read::stream(&mut connection, &self.inner.types, read, visit).await;
        connection.settle(result, "reading a stream")
    }

    async fn read_log(&self, read: &ReadLog, visit: LogVisitor<'_>) -> Result<Position, StoreError> {
        let mut connection = self.reader().await?;
        let result = read::log(&mut connection, &self.inner.types, read, visit).await;
        connection.settle(result, "reading the log")
    }

    async fn last_position(&self) -> Result<Position, StoreError> {
        let mut connection = self.reader().await?;
        let query = sqlx::query_scalar(include_str!("sql/last_position.sql"));
        let result = query.fetch_one(&mut *connection).await;
        Ok(convert::position(connection.settle(result, "reading the end of the log")?))
    }

    async fn find_key(&self, key: &IdempotencyKey) -> Result<Option<(StreamId, Receipt)>, StoreError> {
        check_key(key)?;
        let mut connection = self.reader().await?;
        let query = sqlx::query(include_str!("sql/find_key.sql")).bind(key.as_str().to_owned());
        let result = query.fetch_optional(&mut *connection).await;
        let Some(row) = connection.settle(result, "looking for a key")? else { return Ok(None) };
        let found = || Ok((StreamId::new(row.try_get(0)?, row.try_get(1)?), convert::receipt(&row, 2)?));
        found().map(Some).map_err(read_error("looking for a key"))
    }

    async fn save_snapshot(&self, stream: &StreamId, snapshot: SnapshotRef<'_>) -> Result<(), StoreError> {
        stream.check()?;
        let SnapshotRef { version, position, fingerprint, state } = snapshot;
        let snapshot =
            NewSnapshot { stream: stream.key(), version, position, fingerprint, state: state.to_vec() };
        let (reply, answer) = oneshot::channel();
        self.write(Request::Snapshot { snapshot, reply }).await?;
        answer.await.unwrap_or_else(|_| Err(unanswered(&[])))
    }

    fn read_side(&self) -> Option<&dyn ReadSide> {
        Some(self)
    }

    fn fleet(&self) -> Option<&dyn Fleet> {
        Some(self)
    }

    fn inspect(&self) -> Option<&dyn Inspect> {
        Some(self)
    }

    fn location(&self) -> Option<String> {
        Some(self.inner.location.clone())
    }

    async fn close(&self) {
        let inner = &self.inner;
        inner.shut.store(true, Ordering::Release);
        inner.closing.notify_one();
        // An error is what we wait for: the writer has let go of its end.
        let _ = inner.closed.clone().changed().await;
        inner.hearing.end().await;
        inner.readers.close().await;
    }
}
