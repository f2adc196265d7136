//! What a worker stores in one transaction.

use std::{panic::AssertUnwindSafe, sync::Arc};

use async_trait::async_trait;
use futures_util::FutureExt;
use serde_json::json;
use sqlx::{Executor, Row, SqliteConnection};
use tokio::sync::watch;

use super::{
    Sqlite,
    change::{Change, Denied},
    convert::{micros, signed},
    deliveries, documents,
};
use crate::{
    domain::Timestamp,
    store::{
        Advance, Commit, ReadSide, SqlConnection, SqlWork, StoreError,
        resolve::{fenced, stale, stale_error},
    },
};

#[async_trait]
impl Change for Commit {
    type Answer = ();
    const WHAT: &'static str = "committing the work of a subscription";

    /// The application's statements may do anything, also end the transaction.
    fn is_alone(&self) -> bool {
        self.work.is_some()
    }

    fn weight(&self) -> (usize, usize) {
        let bytes = self.documents.iter().filter_map(|write| write.body.as_ref()).map(Vec::len).sum();
        (1 + self.documents.len() + self.deliveries.len(), bytes)
    }

    async fn make(&self, connection: &mut SqliteConnection) -> Result<(), Denied> {
        let now = advance(connection, &self.advances).await?;
        if let Some(work) = &self.work {
            run(connection, work).await?;
        }
        let documents: Vec<_> = self.documents.iter().collect();
        let known = documents::revisions(connection, &documents).await?;
        let revision = |place: (Arc<str>, String)| known.get(&place).copied().unwrap_or_default();
        let stale =
            stale(&self.documents, |write| revision((Arc::clone(&write.collection), write.key.clone())));
        if let Some(document) = stale {
            return Err(Denied::Refused(stale_error(document)));
        }
        documents::write(connection, &documents).await?;
        Ok(deliveries::write(connection, &self.deliveries, now).await?)
    }
}

/// Checks the leases and moves the shards. The time of the transaction.
async fn advance(connection: &mut SqliteConnection, advances: &[Advance]) -> Result<Timestamp, Denied> {
    let given = |advance: &Advance| {
        let Advance { subscription, shard, token, from, to } = advance;
        json!([**subscription, shard, signed(*token), signed(from.raw()), signed(to.raw())])
    };
    let advances_given: Vec<_> = advances.iter().map(given).collect();
    let row = sqlx::query(include_str!("sql/advance.sql"))
        .bind(json!(advances_given).to_string())
        .fetch_all(connection)
        .await?;
    let row = row.first().ok_or(sqlx::Error::RowNotFound)?;
    let lost = row.try_get::<Option<u32>, _>(0)?.and_then(|index| advances.get(index as usize));
    match lost {
        Some(advance) => Err(Denied::Refused(fenced(advance))),
        None => Ok(micros(row.try_get(1)?)),
    }
}

/// Runs the application's statements. The savepoint tells whether the transaction is still there afterwards.
async fn run(connection: &mut SqliteConnection, work: &Arc<dyn SqlWork>) -> Result<(), Denied> {
    let failed = |source| Denied::Refused(StoreError::Work { source });
    connection.execute("SAVEPOINT gesta_work").await?;
    // A panic must not end the one task that writes.
    let running = AssertUnwindSafe(work.run(SqlConnection::Sqlite(&mut *connection))).catch_unwind();
    match running.await {
        Ok(Ok(())) => {}
        Ok(Err(source)) => return Err(failed(source)),
        Err(_) => return Err(failed("the application's code panicked".into())),
    }
    match connection.execute("RELEASE gesta_work").await {
        Ok(_) => Ok(()),
        Err(error) => Err(failed(format!("they ended the transaction, which they must not: {error}").into())),
    }
}

#[async_trait]
impl ReadSide for Sqlite {
    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        commit.check()?;
        self.change(commit.clone()).await
    }

    fn signals(&self) -> watch::Receiver<u64> {
        self.inner.signal.listen()
    }

    fn shard_signals(&self) -> watch::Receiver<u64> {
        self.inner.freed.listen()
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        let mut connection = self.reader().await?;
        let result = sqlx::query_scalar(include_str!("sql/now.sql")).fetch_one(&mut *connection).await;
        Ok(micros(connection.settle(result, "reading the clock")?))
    }
}
