//! How instances of sagas stand, and which of them are due.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use sqlx::{QueryBuilder, Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    Sqlite,
    change::{Change, Denied},
    convert::{micros, signed, unsigned},
};
use crate::{
    domain::Timestamp,
    store::{
        SagaFilter, SagaState, SagaStatus, Sagas, StoreError, Suspicion, TakeSagas, TakenSagas,
        resolve::{taken_anew, until},
    },
};

/// A question, with its own memory.
#[derive(Clone, Debug)]
struct Take {
    saga: String,
    subscription: String,
    /// Shards and instances as arrays in JSON.
    shards: String,
    running: String,
    limit: i64,
    suspicion: Suspicion,
}

/// One that is due: its number in the file and its id, how often it was taken anew, and how many leases were lost by now.
type DueRow = (i64, String, u32, u64);

impl Take {
    fn new(take: &TakeSagas<'_>) -> Self {
        Self {
            saga: take.saga.to_owned(),
            subscription: take.subscription.to_owned(),
            shards: json!(take.shards).to_string(),
            running: json!(take.running).to_string(),
            limit: signed(take.limit),
            suspicion: take.suspicion,
        }
    }

    /// What is due, and the rest of the answer.
    async fn look(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<(Vec<DueRow>, TakenSagas), sqlx::Error> {
        let query = sqlx::query(include_str!("sql/next_saga.sql")).bind(&*self.saga).bind(&*self.shards);
        let row = query.fetch_one(&mut *connection).await?;
        let now = micros(row.try_get(0)?);
        let next = row.try_get::<Option<i64>, _>(1)?.map(|next| until(micros(next), now));
        let query = sqlx::query(include_str!("sql/due_sagas.sql"))
            .bind(&*self.saga)
            .bind(&*self.shards)
            .bind(now.as_micros())
            .bind(&*self.running)
            .bind(self.suspicion.least())
            .bind(self.suspicion.most())
            .bind(self.limit)
            .bind(&*self.subscription);
        let due = |row: &SqliteRow| {
            let seen = row.try_get::<Option<i64>, _>(3)?.map(unsigned);
            let (taken, lost) = taken_anew(row.try_get(2)?, seen, unsigned(row.try_get(4)?));
            Ok((row.try_get(0)?, row.try_get(1)?, taken, lost))
        };
        let due: Result<_, sqlx::Error> = query.fetch_all(connection).await?.iter().map(due).collect();
        Ok((due?, TakenSagas { taken: vec![], next }))
    }
}

#[async_trait]
impl Change for Take {
    type Answer = TakenSagas;
    const WHAT: &'static str = "taking sagas that are due";

    async fn make(&self, connection: &mut SqliteConnection) -> Result<TakenSagas, Denied> {
        let (due, answer) = self.look(connection).await?;
        let given: Vec<_> =
            due.iter().map(|(number, _, taken, lost)| json!([number, taken, signed(*lost)])).collect();
        let query = sqlx::query(include_str!("sql/take_sagas.sql")).bind(json!(given).to_string());
        query.execute(connection).await?;
        let taken = due.into_iter().map(|(_, id, taken, _)| (id, taken)).collect();
        Ok(TakenSagas { taken, ..answer })
    }
}

/// The statement for a filter. Only what is asked for stands in it, so that SQLite finds its way.
fn listing(filter: &SagaFilter, limit: u64) -> QueryBuilder<sqlx::Sqlite> {
    let SagaFilter { saga, id, status, step, error, started_before, updated_before, after } = filter;
    let mut query = QueryBuilder::new(include_str!("sql/list_sagas.sql"));
    for (column, wanted) in [("saga", saga), ("id", id), ("step", step)] {
        if let Some(wanted) = wanted {
            query.push(format_args!(" AND {column} = ")).push_bind(wanted.clone());
        }
    }
    if !status.is_empty() {
        let names: Vec<_> = status.iter().map(|status| status.name()).collect();
        query.push(" AND status IN (SELECT value FROM json_each(").push_bind(json!(names).to_string());
        query.push("))");
    }
    if let Some(text) = error {
        query.push(" AND instr(error, ").push_bind(text.clone()).push(") > 0");
    }
    for (column, before) in [("started_at", started_before), ("updated_at", updated_before)] {
        if let Some(before) = before {
            query.push(format_args!(" AND {column} < ")).push_bind(before.as_micros());
        }
    }
    if let Some((saga, id)) = after {
        query.push(" AND (saga, id) > (").push_bind(saga.clone()).push(", ").push_bind(id.clone()).push(")");
    }
    query.push(" ORDER BY saga, id LIMIT ").push_bind(signed(limit));
    query
}

fn status(name: &str) -> Result<SagaStatus, sqlx::Error> {
    SagaStatus::named(name)
        .ok_or_else(|| sqlx::Error::Decode(format!("a saga has the status {name:?}").into()))
}

fn state(row: &SqliteRow) -> Result<SagaState, sqlx::Error> {
    Ok(SagaState {
        saga: row.try_get::<&str, _>(0)?.into(),
        id: row.try_get(1)?,
        shard: row.try_get(2)?,
        status: status(row.try_get(3)?)?,
        step: row.try_get(4)?,
        attempts: row.try_get(5)?,
        taken: row.try_get(6)?,
        due_at: row.try_get::<Option<i64>, _>(7)?.map(Timestamp::from_micros),
        error: row.try_get(8)?,
        definition: (row.try_get(9)?, row.try_get::<i64, _>(10)?.cast_unsigned()),
        started_at: micros(row.try_get(11)?),
        updated_at: micros(row.try_get(12)?),
    })
}

#[async_trait]
impl Sagas for Sqlite {
    async fn take_sagas(&self, take: TakeSagas<'_>) -> Result<TakenSagas, StoreError> {
        let take = Take::new(&take);
        // Most of the time nothing is due, and nothing need be written.
        let one = Take { limit: take.limit.min(1), ..take.clone() };
        let mut connection = self.reader().await?;
        let result = one.look(&mut connection).await;
        let (due, answer) = connection.settle(result, "looking for sagas that are due")?;
        if due.is_empty() { Ok(answer) } else { self.change(take).await }
    }

    async fn list_sagas(&self, filter: &SagaFilter, limit: u64) -> Result<Vec<SagaState>, StoreError> {
        let mut connection = self.reader().await?;
        let result = listing(filter, limit).build().fetch_all(&mut *connection).await;
        let result = result.and_then(|rows| rows.iter().map(state).collect());
        connection.settle(result, "listing sagas")
    }

    async fn count_sagas(&self) -> Result<Vec<(Arc<str>, SagaStatus, u64)>, StoreError> {
        let mut connection = self.reader().await?;
        let result = sqlx::query(include_str!("sql/count_sagas.sql")).fetch_all(&mut *connection).await;
        let count = |row: &SqliteRow| {
            let saga = row.try_get::<&str, _>(0)?.into();
            Ok((saga, status(row.try_get(1)?)?, unsigned(row.try_get(2)?)))
        };
        let result = result.and_then(|rows| rows.iter().map(count).collect());
        connection.settle(result, "counting sagas")
    }

    async fn oldest_sagas(&self) -> Result<Vec<(Arc<str>, Timestamp)>, StoreError> {
        let mut connection = self.reader().await?;
        let result = sqlx::query(include_str!("sql/oldest_sagas.sql")).fetch_all(&mut *connection).await;
        let oldest = |row: &SqliteRow| Ok((row.try_get::<&str, _>(0)?.into(), micros(row.try_get(1)?)));
        let result = result.and_then(|rows| rows.iter().map(oldest).collect());
        connection.settle(result, "looking for the oldest sagas")
    }
}
