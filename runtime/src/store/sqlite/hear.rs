//! Hears in this process that another one has given shards back.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use sqlx::{ConnectOptions, Connection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{runtime::Handle, sync::watch, task::JoinHandle, time::sleep};

use crate::store::Signal;

/// How often it is asked whether somebody has written: SQLite finds that out by a look at shared memory.
const INTERVAL: Duration = Duration::from_millis(50);

/// Begins to listen when somebody wants to know, and not before.
#[derive(Debug)]
pub(super) struct Hearing(Mutex<State>);

#[derive(Debug)]
enum State {
    /// How to open a connection; nothing where there are no other processes.
    Deaf(Option<Box<SqliteConnectOptions>>),
    Listening(JoinHandle<()>),
}

impl Hearing {
    pub(super) fn new(options: Option<SqliteConnectOptions>) -> Self {
        Self(Mutex::new(State::Deaf(options.map(Box::new))))
    }

    /// Rings from now on when other processes may have freed shards, until the store is closed.
    pub(super) fn begin(&self, freed: &Signal, closed: &watch::Receiver<()>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State::Deaf(options) = &mut *state else { return };
        if let (Ok(runtime), Some(options)) = (Handle::try_current(), options.take()) {
            *state = State::Listening(runtime.spawn(listen(*options, freed.clone(), closed.clone())));
        }
    }

    /// Waits for the end, once the store is closed.
    pub(super) async fn end(&self) {
        let state =
            std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), State::Deaf(None));
        if let State::Listening(task) = state {
            // Where it has panicked or its runtime is gone, it has ended as well.
            let _ = task.await;
        }
    }
}

async fn listen(options: SqliteConnectOptions, freed: Signal, mut closed: watch::Receiver<()>) {
    let result = match options.connect().await {
        Ok(mut connection) => {
            let result = tokio::select! {
                // Nothing is ever sent: this is the end of the sender.
                _ = closed.changed() => Ok(()),
                result = follow(&mut connection, &freed) => result,
            };
            // It is going away: there is nobody who could do something about a failure.
            let _ = connection.close().await;
            result
        }
        Err(error) => Err(error),
    };
    if let Err(error) = result {
        tracing::warn!(%error, "does not hear other processes any more; shards are found by claiming from time to time");
    }
}

async fn follow(connection: &mut SqliteConnection, freed: &Signal) -> Result<(), sqlx::Error> {
    let (mut version, mut known) = (None, None);
    loop {
        match look(connection, &mut version).await {
            Ok(Some(found)) if known != Some(found) => {
                known = Some(found);
                freed.ring();
            }
            // The file is locked for a moment while another process opens or closes it.
            Ok(_) | Err(sqlx::Error::Database(_)) => {}
            Err(error) => return Err(error),
        }
        sleep(INTERVAL).await;
    }
}

/// How the shards stand, if anything was written since the last look.
async fn look(
    connection: &mut SqliteConnection,
    version: &mut Option<i64>,
) -> Result<Option<[i64; 4]>, sqlx::Error> {
    let now: i64 = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut *connection).await?;
    if *version == Some(now) {
        return Ok(None);
    }
    let row = sqlx::query(include_str!("sql/free_shards.sql")).fetch_one(connection).await?;
    *version = Some(now);
    Ok(Some([row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?]))
}
