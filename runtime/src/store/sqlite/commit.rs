//! What a worker stores in one transaction.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde_json::json;
use sqlx::{Row, SqliteConnection};
use tokio::sync::watch;

use super::{
    Sqlite,
    change::{Change, Denied},
    convert::{micros, signed},
    deliveries, documents, work,
};
use crate::{
    domain::Timestamp,
    store::{
        Advance, Commit, ReadSide, StoreError,
        resolve::{fenced, stale, stale_error},
    },
};

/// A commit, and how long the application's statements in it may take.
#[derive(Debug)]
struct Limited {
    commit: Commit,
    limit: Duration,
}

#[async_trait]
impl Change for Limited {
    type Answer = ();
    const WHAT: &'static str = "committing the work of a subscription";

    /// The application's statements may do anything, also end the transaction.
    fn is_alone(&self) -> bool {
        self.commit.work.is_some()
    }

    fn weight(&self) -> (usize, usize) {
        let Commit { documents, deliveries, .. } = &self.commit;
        let bytes = documents.iter().filter_map(|write| write.body.as_ref()).map(Vec::len).sum();
        (1 + documents.len() + deliveries.len(), bytes)
    }

    async fn make(&self, connection: &mut SqliteConnection) -> Result<(), Denied> {
        let commit = &self.commit;
        let now = advance(connection, &commit.advances).await?;
        work::run(connection, commit, self.limit).await?;
        let documents: Vec<_> = commit.documents.iter().collect();
        let known = documents::revisions(connection, &documents).await?;
        let revision = |place: (Arc<str>, String)| known.get(&place).copied().unwrap_or_default();
        let stale =
            stale(&commit.documents, |write| revision((Arc::clone(&write.collection), write.key.clone())));
        if let Some(document) = stale {
            return Err(Denied::Refused(stale_error(document)));
        }
        documents::write(connection, &documents).await?;
        Ok(deliveries::write(connection, &commit.deliveries, now).await?)
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

#[async_trait]
impl ReadSide for Sqlite {
    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        commit.check()?;
        self.change(Limited { commit: commit.clone(), limit: self.inner.work_timeout }).await
    }

    fn signals(&self) -> watch::Receiver<u64> {
        self.inner.signal.listen()
    }

    fn shard_signals(&self) -> watch::Receiver<u64> {
        let inner = &self.inner;
        inner.hearing.begin(&inner.freed, &inner.closed);
        inner.freed.listen()
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        let mut connection = self.reader().await?;
        let result = sqlx::query_scalar(include_str!("sql/now.sql")).fetch_one(&mut *connection).await;
        Ok(micros(connection.settle(result, "reading the clock")?))
    }
}
