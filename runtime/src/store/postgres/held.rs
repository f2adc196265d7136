//! Connections of the store's own, held for as long as they work. A pool would ping each of them whenever it is
//! given back, which is a second round trip for every append.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Connection, PgConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::link::{Duty, Link};
use crate::store::StoreError;

/// A connection that was idle for longer is asked whether it still lives before an append is entrusted to it.
const TRUSTED_FOR: Duration = Duration::from_secs(5);

/// A few connections, each used by one at a time.
#[derive(Debug)]
pub(super) struct Held {
    link: Arc<Link>,
    duty: Duty,
    size: usize,
    free: Arc<Semaphore>,
    idle: Mutex<Vec<(PgConnection, Instant)>>,
}

/// A connection in use. Dropped, it is closed, because something may be left half done on it; `give_back` keeps it.
#[derive(Debug)]
pub(super) struct Lease {
    connection: PgConnection,
    permit: OwnedSemaphorePermit,
}

impl Held {
    pub(super) fn new(link: Arc<Link>, size: usize, duty: Duty) -> Self {
        let free = Arc::new(Semaphore::new(size));
        Self { link, duty, size, free, idle: Mutex::default() }
    }

    /// The next free connection; a new one where the last was lost. Nothing is stored when this fails.
    pub(super) async fn take(&self, what: &'static str) -> Result<Lease, StoreError> {
        let waiting = tokio::time::timeout(self.link.options.timeout, Arc::clone(&self.free).acquire_owned());
        let permit = match waiting.await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_closed)) => return Err(StoreError::Closed),
            Err(elapsed) => return Err(StoreError::Unavailable { what, source: Box::new(elapsed) }),
        };
        while let Some((mut connection, since)) = self.pop() {
            if since.elapsed() < TRUSTED_FOR || self.link.answers(&mut connection).await {
                return Ok(Lease { connection, permit });
            }
            self.link.forget();
        }
        let connection = self.link.open(self.duty).await;
        let connection = connection.map_err(|source| StoreError::Unavailable { what, source })?;
        Ok(Lease { connection, permit })
    }

    /// Keeps a connection on which everything was finished.
    pub(super) fn give_back(&self, lease: Lease) {
        let Lease { connection, permit } = lease;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push((connection, Instant::now()));
        drop(permit);
    }

    /// Waits for what is under way, and closes every connection.
    pub(super) async fn close(&self) {
        let all = u32::try_from(self.size).unwrap_or(u32::MAX);
        let patience = self.link.options.timeout;
        let finished = tokio::time::timeout(patience, Arc::clone(&self.free).acquire_many_owned(all)).await;
        self.free.close();
        drop(finished);
        while let Some((connection, _)) = self.pop() {
            // The server notices either way; a word of goodbye only spares it a line in its log.
            let _ = tokio::time::timeout(Duration::from_secs(1), connection.close()).await;
        }
    }

    fn pop(&self) -> Option<(PgConnection, Instant)> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

impl Deref for Lease {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
