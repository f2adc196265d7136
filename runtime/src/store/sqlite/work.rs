//! Statements of the application in the one transaction that writes.

use std::time::{Duration, Instant};

use sqlx::{Executor, SqliteConnection};

use super::change::Denied;
use crate::store::{
    Commit, SqlConnection,
    resolve::{ended_transaction, run_work},
};

/// SQLite asks after about so many instructions of its machine whether a statement may go on: some microseconds.
const INSTRUCTIONS: i32 = 10_000;

/// Runs the application's statements, if there are any. What they do can be committed by nobody but the writer: the
/// savepoint tells whether the transaction is still there afterwards, and until then whatever would commit rolls back.
pub(super) async fn run(
    connection: &mut SqliteConnection,
    commit: &Commit,
    limit: Duration,
) -> Result<(), Denied> {
    let Some(work) = &commit.work else { return Ok(()) };
    connection.execute("SAVEPOINT gesta_work").await?;
    guard(connection, limit).await?;
    let worked = run_work(work, SqlConnection::Sqlite(&mut *connection), limit).await;
    let mut handle = connection.lock_handle().await?;
    handle.remove_commit_hook();
    handle.remove_progress_handler();
    drop(handle);
    let there = match worked {
        Ok(()) => connection.execute("RELEASE gesta_work").await.map(drop).map_err(ended_transaction),
        failed => failed,
    };
    there.map_err(|failure| Denied::Refused(failure.told(commit, limit)))
}

/// A statement that runs must end as well when the time is over: the next one waits for it.
async fn guard(connection: &mut SqliteConnection, limit: Duration) -> Result<(), sqlx::Error> {
    let begun = Instant::now();
    let mut handle = connection.lock_handle().await?;
    handle.set_commit_hook(|| false);
    handle.set_progress_handler(INSTRUCTIONS, move || begun.elapsed() < limit);
    Ok(())
}
