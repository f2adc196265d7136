//! A few connections that are lent out one at a time.

use std::{
    ops::{Deref, DerefMut},
    sync::{Mutex, MutexGuard, PoisonError},
};

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::failure::read_error;
use crate::store::StoreError;

/// Connections of one kind, opened when they are first needed. Not sqlx's pool: that one asks every connection
/// whether it is alive each time it is given back, which costs as much as an append.
#[derive(Debug)]
pub(super) struct Connections {
    options: SqliteConnectOptions,
    size: u32,
    permits: Semaphore,
    free: Mutex<Vec<SqliteConnection>>,
}

/// A connection on loan. It goes back when this is dropped: a statement that was not read to its end is reset by
/// the connection's thread, and no statement of a reader leaves a transaction open.
#[derive(Debug)]
pub(super) struct Lease<'a> {
    home: &'a Connections,
    connection: Option<SqliteConnection>,
    _permit: SemaphorePermit<'a>,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum NoConnection {
    /// They were all given back.
    Closed,
    /// One more could not be opened.
    Failed(sqlx::Error),
}

impl NoConnection {
    pub(super) fn into_error(self) -> StoreError {
        match self {
            NoConnection::Closed => StoreError::Closed,
            NoConnection::Failed(error) => read_error("opening one more connection")(error),
        }
    }
}

impl Connections {
    /// At most so many, the first of which may be open already.
    pub(super) fn new(options: SqliteConnectOptions, size: u32, first: Option<SqliteConnection>) -> Self {
        let permits = Semaphore::new(size as usize);
        Self { options, size, permits, free: Mutex::new(first.into_iter().collect()) }
    }

    /// Waits for a connection.
    pub(super) async fn get(&self) -> Result<Lease<'_>, NoConnection> {
        let permit = self.permits.acquire().await.map_err(|_| NoConnection::Closed)?;
        let free = self.free().pop();
        let connection = match free {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(NoConnection::Failed)?,
        };
        Ok(Lease { home: self, connection: Some(connection), _permit: permit })
    }

    /// Waits until all are back and closes them. Whoever still waits for one is told [`NoConnection::Closed`].
    pub(super) async fn close(&self) {
        let all = self.permits.acquire_many(self.size).await;
        self.permits.close();
        drop(all);
        let free = std::mem::take(&mut *self.free());
        for connection in free {
            // It is going away: there is nobody who could do something about a failure.
            let _ = connection.close().await;
        }
    }

    fn free(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease<'_> {
    /// Gives the connection back, unless the driver lost it, and says what went wrong in the words of the port.
    pub(super) fn settle<T>(
        self,
        result: Result<T, sqlx::Error>,
        what: &'static str,
    ) -> Result<T, StoreError> {
        if matches!(result, Err(sqlx::Error::WorkerCrashed)) {
            self.discard();
        }
        result.map_err(read_error(what))
    }

    /// Does not give the connection back: something is wrong with it.
    pub(super) fn discard(mut self) {
        self.connection = None;
    }
}

impl Deref for Lease<'_> {
    type Target = SqliteConnection;

    #[expect(
        clippy::expect_used,
        reason = "only `discard` and `drop` take the connection, and both end the lease"
    )]
    fn deref(&self) -> &SqliteConnection {
        self.connection.as_ref().expect("a lease has its connection until it ends")
    }
}

impl DerefMut for Lease<'_> {
    #[expect(
        clippy::expect_used,
        reason = "only `discard` and `drop` take the connection, and both end the lease"
    )]
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect("a lease has its connection until it ends")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.home.free().push(connection);
        }
    }
}
