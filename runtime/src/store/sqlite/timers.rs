//! Timers of streams.

use async_trait::async_trait;
use serde_json::json;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    Sqlite,
    convert::{micros, signed},
};
use crate::store::{DueTimers, StoreError, StreamId, TimerState, Timers, resolve::until};

fn timer(row: &SqliteRow) -> Result<TimerState, sqlx::Error> {
    let key = Uuid::from_slice(row.try_get(0)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(TimerState {
        stream: StreamId::known(key, row.try_get::<&str, _>(1)?, row.try_get::<&str, _>(2)?),
        name: row.try_get::<&str, _>(3)?.into(),
        // All 64 bits count, and only whether they are the same.
        armed: row.try_get::<i64, _>(4)?.cast_unsigned(),
        shard: row.try_get(5)?,
        due_at: micros(row.try_get(6)?),
    })
}

async fn due(
    connection: &mut SqliteConnection,
    category: &str,
    shards: &str,
    limit: u64,
) -> Result<DueTimers, sqlx::Error> {
    let query = sqlx::query(include_str!("sql/next_timer.sql")).bind(category).bind(shards);
    let row = query.fetch_one(&mut *connection).await?;
    let now = micros(row.try_get(0)?);
    let next = row.try_get::<Option<i64>, _>(1)?.map(|next| until(micros(next), now));
    let query = sqlx::query(include_str!("sql/due_timers.sql"))
        .bind(category)
        .bind(shards)
        .bind(now.as_micros())
        .bind(signed(limit));
    let due: Result<_, sqlx::Error> = query.fetch_all(connection).await?.iter().map(timer).collect();
    Ok(DueTimers { due: due?, next })
}

#[async_trait]
impl Timers for Sqlite {
    async fn due_timers(&self, category: &str, shards: &[u16], limit: u64) -> Result<DueTimers, StoreError> {
        let mut connection = self.reader().await?;
        let result = due(&mut connection, category, &json!(shards).to_string(), limit).await;
        connection.settle(result, "looking for timers that are due")
    }

    async fn timers_of(&self, stream: &StreamId) -> Result<Vec<TimerState>, StoreError> {
        let mut connection = self.reader().await?;
        let key = stream.key();
        let query = sqlx::query(include_str!("sql/timers_of.sql")).bind(key.as_bytes().as_slice());
        let result = query.fetch_all(&mut *connection).await;
        let result = result.and_then(|rows| rows.iter().map(timer).collect());
        connection.settle(result, "reading the timers of a stream")
    }
}
