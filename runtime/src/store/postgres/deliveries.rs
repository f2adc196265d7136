//! What handlers could not handle. It is written in [`super::commit`].

use async_trait::async_trait;
use sqlx::{Row, postgres::PgRow};

use super::{
    Postgres,
    call::{Filling, number},
    read::Fields,
    shards::{micros, storable},
};
use crate::{
    domain::Position,
    store::{
        Deliveries, DeliveryAction, DeliveryFilter, DeliveryState, ParkedDelivery, StoreError, StreamId,
    },
};

#[async_trait]
impl Deliveries for Postgres {
    async fn due_deliveries(
        &self,
        subscription: &str,
        shards: &[u16],
        limit: u64,
    ) -> Result<Vec<ParkedDelivery>, StoreError> {
        const WHAT: &str = "asking for deliveries that are due";
        let Some(mut asked) = heads(subscription, shards) else { return Ok(Vec::new()) };
        asked.add(number(limit));
        let rows = self.inner.work(WHAT, include_str!("sql/due_deliveries.sql"), asked).await?;
        self.inner.told(WHAT, rows.iter().map(delivery).collect())
    }

    async fn parked_streams(&self, subscription: &str, shards: &[u16]) -> Result<Vec<StreamId>, StoreError> {
        const WHAT: &str = "asking for streams that are parked";
        let Some(asked) = heads(subscription, shards) else { return Ok(Vec::new()) };
        let rows = self.inner.work(WHAT, include_str!("sql/parked_streams.sql"), asked).await?;
        self.inner.told(WHAT, rows.iter().map(|row| stream(row, 0)).collect())
    }

    async fn list_deliveries(
        &self,
        filter: &DeliveryFilter,
        limit: u64,
    ) -> Result<Vec<ParkedDelivery>, StoreError> {
        const WHAT: &str = "listing deliveries";
        let Some(mut asked) = filtered(filter) else { return Ok(Vec::new()) };
        asked.add(number(limit));
        let rows = self.inner.ask(WHAT, include_str!("sql/list_deliveries.sql"), asked).await?;
        self.inner.told(WHAT, rows.iter().map(delivery).collect())
    }

    async fn count_deliveries(&self, subscription: &str) -> Result<Vec<(DeliveryState, u64)>, StoreError> {
        const WHAT: &str = "counting deliveries";
        if !storable(subscription) {
            return Ok(Vec::new());
        }
        let mut asked = Filling::default();
        asked.add(subscription);
        let rows = self.inner.ask(WHAT, include_str!("sql/count_deliveries.sql"), asked).await?;
        let counted = |row: &PgRow| Ok((state(row.try_get(0)?), row.try_get::<i64, _>(1)?.unsigned_abs()));
        self.inner.told(WHAT, rows.iter().map(counted).collect())
    }

    async fn decide_deliveries(
        &self,
        filter: &DeliveryFilter,
        action: &DeliveryAction,
        actor: &str,
        reason: &str,
    ) -> Result<u64, StoreError> {
        const WHAT: &str = "deciding about deliveries";
        let Some(mut meant) = filtered(filter) else { return Ok(0) };
        let (state, after) = match action {
            DeliveryAction::Retry { after } => (DeliveryState::Retrying, Some(micros(*after))),
            DeliveryAction::Discard => (DeliveryState::Discarded, None),
            DeliveryAction::MarkPermanent => (DeliveryState::Permanent, None),
        };
        meant.add(number_of(state)).add(after).add(text(actor)).add(text(reason));
        let rows = self.inner.work(WHAT, include_str!("sql/decide_deliveries.sql"), meant).await?;
        let decided: i64 = self.inner.told(WHAT, rows.first().map_or(Ok(0), |row| row.try_get(0)))?;
        Ok(decided.unsigned_abs())
    }
}

/// The number of a state in the table.
pub(super) fn number_of(state: DeliveryState) -> i32 {
    match state {
        DeliveryState::Waiting => 0,
        DeliveryState::Retrying => 1,
        DeliveryState::Dead => 2,
        DeliveryState::Permanent => 3,
        DeliveryState::Discarded => 4,
    }
}

fn state(number: i16) -> DeliveryState {
    match number {
        0 => DeliveryState::Waiting,
        1 => DeliveryState::Retrying,
        2 => DeliveryState::Dead,
        3 => DeliveryState::Permanent,
        _ => DeliveryState::Discarded,
    }
}

/// What somebody has said, as the database can hold it: no text there has a NUL.
pub(super) fn text(said: &str) -> String {
    said.replace('\0', "\u{fffd}")
}

/// The arguments that name the heads of these shards; `None` where there can be none.
fn heads(subscription: &str, shards: &[u16]) -> Option<Filling> {
    if shards.is_empty() || !storable(subscription) {
        return None;
    }
    let mut asked = Filling::default();
    asked.add(subscription).add(shards.iter().map(|shard| i32::from(*shard)).collect::<Vec<_>>());
    Some(asked)
}

/// The arguments of a filter; `None` where nothing can pass it.
fn filtered(filter: &DeliveryFilter) -> Option<Filling> {
    let after = filter.after.as_ref();
    let names = [filter.subscription.as_deref(), filter.event.as_deref(), after.map(|after| &*after.0)];
    if !names.into_iter().flatten().all(storable) {
        return None;
    }
    let mut arguments = Filling::default();
    arguments
        .add(filter.subscription.as_deref())
        .add(filter.states.iter().map(|state| number_of(*state)).collect::<Vec<_>>())
        .add(filter.stream.as_ref().map(StreamId::key))
        .add(filter.event.as_deref())
        .add(filter.position.map(|position| number(position.raw())))
        .add(filter.parked_from.map(crate::domain::Timestamp::as_micros))
        .add(filter.parked_before.map(crate::domain::Timestamp::as_micros))
        .add(filter.error.as_deref().map(text))
        .add(after.map(|after| &*after.0))
        .add(after.map(|after| number(after.1.raw())))
        .add(after.map(|after| after.2));
    Some(arguments)
}

fn stream(row: &PgRow, first: usize) -> Result<StreamId, sqlx::Error> {
    let fields = Fields { row };
    Ok(StreamId::known(fields.uuid(first)?, fields.text(first + 1)?, fields.text(first + 2)?))
}

fn delivery(row: &PgRow) -> Result<ParkedDelivery, sqlx::Error> {
    let fields = Fields { row };
    Ok(ParkedDelivery {
        subscription: fields.text(0)?.into(),
        shard: u16::try_from(fields.int4(1)?).unwrap_or(u16::MAX),
        stream: stream(row, 2)?,
        position: Position::from_raw(fields.int8(5)?.unsigned_abs()),
        version: fields.int8(6)?.unsigned_abs(),
        event: fields.text(7)?.to_owned(),
        state: state(row.try_get(8)?),
        attempts: u32::try_from(fields.int8(9)?).unwrap_or(u32::MAX),
        parked_at: fields.time(10)?,
        tried_at: fields.optional_time(11)?,
        due_at: fields.optional_time(12)?,
        errors: row.try_get(13)?,
        decided_by: row.try_get(14)?,
        reason: row.try_get(15)?,
    })
}
