//! One transaction for changes of several callers, and for appends beside them: what one of them may not do is undone
//! alone.

use std::sync::Arc;

use sqlx::{Executor, SqliteConnection};

use super::{
    failure::Failure,
    sql::Frame,
    transaction::{self, Done, NewSnapshot},
    types::Dictionary,
    writer::Request,
};
use crate::store::Append;

/// Makes the changes and stores the appends of a group. After a failure the transaction is undone.
pub(super) async fn run(
    connection: &mut SqliteConnection,
    known: Arc<Dictionary>,
    group: &mut [Request],
) -> Result<Done, Failure> {
    connection.execute("BEGIN IMMEDIATE").await.map_err(Failure::early)?;
    let done = match make(connection, known, group).await {
        Ok(done) => connection.execute("COMMIT").await.map(|_| done).map_err(Failure::late),
        Err(failure) => Err(failure),
    };
    if done.is_err() {
        // Fails where SQLite has undone it already.
        let _ = connection.execute("ROLLBACK").await;
    }
    done
}

async fn make(
    connection: &mut SqliteConnection,
    known: Arc<Dictionary>,
    group: &mut [Request],
) -> Result<Done, Failure> {
    for request in &mut *group {
        if let Request::Change(task) = request {
            connection.execute("SAVEPOINT gesta_change").await.map_err(Failure::early)?;
            let end = match task.run(connection).await.map_err(Failure::early)? {
                true => "RELEASE gesta_change",
                false => "ROLLBACK TO gesta_change; RELEASE gesta_change",
            };
            connection.execute(sqlx::raw_sql(end)).await.map_err(Failure::early)?;
        }
    }
    let batches: Vec<&[Append]> = group.iter().map(Request::batch).collect();
    let snapshots: Vec<&NewSnapshot> = group.iter().filter_map(|request| request.snapshot()).collect();
    if group.iter().all(|request| matches!(request, Request::Change(_))) {
        return Ok(Done { outcomes: vec![vec![]; batches.len()], dictionary: None });
    }
    transaction::run(connection, Frame::Nested, known, &batches, &snapshots).await
}
