use std::{path::Path, time::Duration};

use super::{Sqlite, open};
use crate::store::ConnectError;

/// When SQLite tells the disk to keep what was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Before an append is acknowledged. What was acknowledged survives the loss of power.
    #[default]
    Full,
    /// Now and then. What was acknowledged survives the end of the process, but the loss of power may take the
    /// last appends with it, all or nothing and from the end of the log. For data that can be made again.
    Normal,
}

/// How to open a store in SQLite.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), gesta::store::ConnectError> {
/// use std::time::Duration;
/// use gesta::store::SqliteOptions;
///
/// let store = SqliteOptions::new().busy_timeout(Duration::from_secs(20)).in_memory().await?;
/// # drop(store);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    pub(super) synchronous: Synchronous,
    pub(super) busy_timeout: Duration,
    pub(super) readers: u32,
    pub(super) work_timeout: Duration,
    pub(super) existing: bool,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            synchronous: Synchronous::Full,
            busy_timeout: Duration::from_secs(10),
            readers: 4,
            work_timeout: Duration::from_secs(5),
            existing: false,
        }
    }
}

impl SqliteOptions {
    /// [`Synchronous::Full`], ten seconds of patience with other processes, four readers, five seconds for statements of
    /// the application.
    pub fn new() -> Self {
        Self::default()
    }

    /// When the disk is told to keep what was written.
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// How long an append waits for other processes that write to the same file, before it is
    /// [`StoreError::Unavailable`](crate::store::StoreError::Unavailable). At most a day.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        // SQLite counts milliseconds in 31 bits.
        self.busy_timeout = timeout.min(Duration::from_secs(86_400));
        self
    }

    /// How many reads run at the same time; at least one. Each has a connection with a thread, opened when it is
    /// first needed. A store in memory has one connection for everything.
    pub fn readers(mut self, readers: u32) -> Self {
        self.readers = readers.clamp(1, 1_000);
        self
    }

    /// How long the statements of a [`SqlProjection`](crate::projection::SqlProjection) may take for one batch of events,
    /// before they are taken back with [`StoreError::WorkTimedOut`](crate::store::StoreError::WorkTimedOut). Five seconds
    /// unless told otherwise. Everybody else who writes to the file waits meanwhile, so it should be less than their
    /// [`busy_timeout`](Self::busy_timeout).
    pub fn work_timeout(mut self, timeout: Duration) -> Self {
        self.work_timeout = timeout;
        self
    }

    /// Opens only what is there: a file that is missing or holds no store is refused with
    /// [`ConnectError::Missing`](crate::store::ConnectError::Missing), and one whose tables are of an older version with
    /// [`ConnectError::Unsafe`](crate::store::ConnectError::Unsafe), because older programs could not use it any more
    /// once they were changed.
    pub fn existing(mut self) -> Self {
        self.existing = true;
        self
    }

    /// Opens a file, which is made if there is none, and brings gesta's tables in it up to date. Other tables in
    /// it are left alone. The path `:memory:` is [`SqliteOptions::in_memory`].
    ///
    /// # Errors
    /// [`ConnectError::Unreachable`] when there is no such place, when it is not a database, cannot be written or
    /// is locked; [`ConnectError::Unsafe`] when a newer gesta has written it or it cannot have a write-ahead log;
    /// [`ConnectError::Migration`] when the tables cannot be made.
    pub async fn open(self, path: impl AsRef<Path>) -> Result<Sqlite, ConnectError> {
        open::file(self, path.as_ref()).await
    }

    /// Makes an empty store in memory, which is gone when it is closed.
    ///
    /// # Errors
    /// [`ConnectError::Migration`] when the tables cannot be made.
    pub async fn in_memory(self) -> Result<Sqlite, ConnectError> {
        open::memory(self).await
    }
}
