//! How sagas stand. It is written in [`super::process`].

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sqlx::{Row, postgres::PgRow};

use super::{
    Postgres,
    call::{Filling, number},
    deliveries::text,
    read::Fields,
    shards::storable,
};
use crate::{
    domain::Timestamp,
    store::{SagaFilter, SagaState, SagaStatus, Sagas, StoreError, Suspicion, TakeSagas, TakenSagas},
};

/// What a worker goes on with.
pub(super) const TAKE: &str = include_str!("sql/take_sagas.sql");

#[async_trait]
impl Sagas for Postgres {
    async fn take_sagas(&self, take: TakeSagas<'_>) -> Result<TakenSagas, StoreError> {
        const WHAT: &str = "asking for sagas that are due";
        if take.shards.is_empty() || !storable(take.saga) || !storable(take.subscription) {
            return Ok(TakenSagas::default());
        }
        let running: Vec<&str> = take.running.iter().map(|id| &**id).filter(|id| storable(id)).collect();
        let mut asked = Filling::default();
        asked
            .add(take.saga)
            .add(numbers(take.shards))
            .add(running)
            .add(number(take.limit))
            .add(take.suspicion > Suspicion::None)
            .add(i64::from(take.suspicion.least()))
            .add(i64::from(take.suspicion.most()))
            .add(i64::from(Suspicion::Some.least()))
            .add(take.subscription);
        let rows = self.inner.work(WHAT, TAKE, asked).await?;
        self.inner.told(WHAT, taken(&rows))
    }

    async fn list_sagas(&self, filter: &SagaFilter, limit: u64) -> Result<Vec<SagaState>, StoreError> {
        const WHAT: &str = "listing sagas";
        let Some(mut asked) = filtered(filter) else { return Ok(Vec::new()) };
        asked.add(number(limit));
        let list = match (&filter.saga, &filter.id) {
            (Some(_), Some(_)) => include_str!("sql/find_saga.sql"),
            _ => include_str!("sql/list_sagas.sql"),
        };
        let rows = self.inner.ask(WHAT, list, asked).await?;
        self.inner.told(WHAT, rows.iter().map(state).collect())
    }

    async fn count_sagas(&self) -> Result<Vec<(Arc<str>, SagaStatus, u64)>, StoreError> {
        const WHAT: &str = "counting sagas";
        let rows = self.inner.ask(WHAT, include_str!("sql/count_sagas.sql"), Filling::default()).await?;
        let counted = |row: &PgRow| {
            let saga = Fields { row }.text(0)?.into();
            Ok((saga, status(row.try_get(1)?)?, row.try_get::<i64, _>(2)?.unsigned_abs()))
        };
        self.inner.told(WHAT, rows.iter().map(counted).collect())
    }

    async fn oldest_sagas(&self) -> Result<Vec<(Arc<str>, Timestamp)>, StoreError> {
        const WHAT: &str = "looking for the oldest sagas";
        let rows = self.inner.ask(WHAT, include_str!("sql/oldest_sagas.sql"), Filling::default()).await?;
        let oldest = |row: &PgRow| Ok((Fields { row }.text(0)?.into(), Fields { row }.time(1)?));
        self.inner.told(WHAT, rows.iter().map(oldest).collect())
    }
}

/// The number of a status in the table.
pub(super) fn number_of(status: SagaStatus) -> i32 {
    match status {
        SagaStatus::Running => 0,
        SagaStatus::Compensating => 1,
        SagaStatus::Parked => 2,
        SagaStatus::Completed => 3,
        SagaStatus::Compensated => 4,
        SagaStatus::Abandoned => 5,
    }
}

fn status(number: i16) -> Result<SagaStatus, sqlx::Error> {
    let found = SagaStatus::ALL.into_iter().find(|status| number_of(*status) == i32::from(number));
    found.ok_or_else(|| sqlx::Error::Decode(format!("a saga cannot be in the status {number}").into()))
}

/// Shards as the database numbers them.
pub(super) fn numbers(shards: &[u16]) -> Vec<i32> {
    shards.iter().map(|shard| i32::from(*shard)).collect()
}

/// How long it is until the next, as it stands in a column of every row.
pub(super) fn next(rows: &[PgRow], column: usize) -> Result<Option<Duration>, sqlx::Error> {
    let micros = rows.first().map(|row| row.try_get::<Option<i64>, _>(column)).transpose()?.flatten();
    Ok(micros.map(|micros| Duration::from_micros(micros.unsigned_abs())))
}

fn taken(rows: &[PgRow]) -> Result<TakenSagas, sqlx::Error> {
    let mut taken = Vec::with_capacity(rows.len());
    for row in rows {
        // Without any that is due there is one row, which tells of the next.
        let Some(id) = row.try_get::<Option<String>, _>(0)? else { continue };
        taken.push((id, u32::try_from(row.try_get::<i64, _>(1)?).unwrap_or(u32::MAX)));
    }
    Ok(TakenSagas { taken, next: next(rows, 2)? })
}

/// The arguments of a filter; `None` where nothing can pass it.
fn filtered(filter: &SagaFilter) -> Option<Filling> {
    let after = filter.after.as_ref();
    let names = [
        filter.saga.as_deref(),
        filter.id.as_deref(),
        after.map(|after| &*after.0),
        after.map(|after| &*after.1),
    ];
    if !names.into_iter().flatten().all(storable) {
        return None;
    }
    let mut arguments = Filling::default();
    arguments
        .add(filter.saga.as_deref())
        .add(filter.id.as_deref())
        .add(filter.status.iter().map(|status| number_of(*status)).collect::<Vec<_>>())
        .add(filter.step.as_deref().map(text))
        .add(filter.error.as_deref().map(text))
        .add(filter.started_before.map(Timestamp::as_micros))
        .add(filter.updated_before.map(Timestamp::as_micros))
        .add(after.map(|after| &*after.0))
        .add(after.map(|after| &*after.1));
    Some(arguments)
}

fn state(row: &PgRow) -> Result<SagaState, sqlx::Error> {
    let fields = Fields { row };
    let counted = |column| Ok::<_, sqlx::Error>(u32::try_from(fields.int8(column)?).unwrap_or(u32::MAX));
    Ok(SagaState {
        saga: fields.text(0)?.into(),
        id: fields.text(1)?.to_owned(),
        shard: u16::try_from(fields.int4(2)?).unwrap_or(u16::MAX),
        status: status(row.try_get(3)?)?,
        step: row.try_get(4)?,
        attempts: counted(5)?,
        taken: counted(6)?,
        due_at: fields.optional_time(7)?,
        error: row.try_get(8)?,
        definition: (u16::try_from(fields.int4(9)?).unwrap_or(u16::MAX), fields.int8(10)?.cast_unsigned()),
        started_at: fields.time(11)?,
        updated_at: fields.time(12)?,
    })
}
