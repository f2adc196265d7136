//! Timers. They are written in [`super::process`].

use async_trait::async_trait;
use sqlx::{Row, postgres::PgRow};

use super::{
    Postgres,
    call::{Filling, number},
    read::Fields,
    sagas::{next, numbers},
    shards::storable,
};
use crate::store::{DueTimers, StoreError, StreamId, TimerState, Timers};

#[async_trait]
impl Timers for Postgres {
    async fn due_timers(&self, category: &str, shards: &[u16], limit: u64) -> Result<DueTimers, StoreError> {
        const WHAT: &str = "asking for timers that are due";
        if shards.is_empty() || !storable(category) {
            return Ok(DueTimers::default());
        }
        let mut asked = Filling::default();
        asked.add(category).add(numbers(shards)).add(number(limit));
        let rows = self.inner.work(WHAT, include_str!("sql/due_timers.sql"), asked).await?;
        self.inner.told(WHAT, due(&rows))
    }

    async fn timers_of(&self, stream: &StreamId) -> Result<Vec<TimerState>, StoreError> {
        const WHAT: &str = "asking for the timers of a stream";
        let mut asked = Filling::default();
        asked.add(stream.key());
        let rows = self.inner.ask(WHAT, include_str!("sql/timers_of.sql"), asked).await?;
        self.inner.told(WHAT, rows.iter().map(timer).collect())
    }
}

fn due(rows: &[PgRow]) -> Result<DueTimers, sqlx::Error> {
    let mut due = Vec::with_capacity(rows.len());
    for row in rows {
        // Without any that is due there is one row, which tells of the next.
        if row.try_get::<Option<&str>, _>(3)?.is_some() {
            due.push(timer(row)?);
        }
    }
    Ok(DueTimers { due, next: next(rows, 7)? })
}

fn timer(row: &PgRow) -> Result<TimerState, sqlx::Error> {
    let fields = Fields { row };
    Ok(TimerState {
        stream: StreamId::known(fields.uuid(0)?, fields.text(1)?, fields.text(2)?),
        name: fields.text(3)?.into(),
        armed: fields.int8(4)?.cast_unsigned(),
        shard: u16::try_from(fields.int4(5)?).unwrap_or(u16::MAX),
        due_at: fields.time(6)?,
    })
}
