//! Deliveries that wait: for another attempt, for those before them, or for somebody to decide.

use std::sync::LazyLock;

use async_trait::async_trait;
use serde_json::json;
use sqlx::{Row, SqliteConnection, error::BoxDynError, sqlite::SqliteRow};

use super::{
    Sqlite,
    change::{Change, Denied},
    convert::{micros, position, signed, unsigned},
    sql::{Repeated, Values},
};
use crate::{
    domain::Timestamp,
    store::{
        Deliveries, DeliveryAction, DeliveryFilter, DeliveryState, DeliveryWrite, ParkedDelivery, StoreError,
        StreamId, resolve::later,
    },
};

const STATES: [DeliveryState; 5] = [
    DeliveryState::Waiting,
    DeliveryState::Retrying,
    DeliveryState::Dead,
    DeliveryState::Permanent,
    DeliveryState::Discarded,
];

/// The number of a state in the file.
pub(super) const fn number(state: DeliveryState) -> u8 {
    match state {
        DeliveryState::Waiting => 0,
        DeliveryState::Retrying => 1,
        DeliveryState::Dead => 2,
        DeliveryState::Permanent => 3,
        DeliveryState::Discarded => 4,
    }
}

fn state(number: i64) -> Result<DeliveryState, sqlx::Error> {
    let known = usize::try_from(number).ok().and_then(|number| STATES.get(number));
    known.copied().ok_or_else(|| sqlx::Error::Decode(format!("a delivery has the state {number}").into()))
}

/// Writes what has become of deliveries, of which each stands here once.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    writes: &[DeliveryWrite],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    static PARK: LazyLock<Repeated> =
        LazyLock::new(|| Repeated::new(&[include_str!("sql/park_deliveries.sql")]));
    static DONE: LazyLock<Repeated> =
        LazyLock::new(|| Repeated::new(&[include_str!("sql/done_deliveries.sql")]));
    let (parked, done): (Vec<_>, Vec<_>) =
        writes.iter().partition(|write| matches!(write, DeliveryWrite::Park { .. }));
    PARK.run(connection, &parked, |values, write| {
        if let DeliveryWrite::Park {
            subscription,
            shard,
            stream,
            position,
            version,
            event,
            state,
            attempts,
            retry_in,
            errors,
        } = write
        {
            let retrying = *state == DeliveryState::Retrying;
            let due_at = retrying.then(|| later(now, retry_in.unwrap_or_default()).as_micros());
            values.add(&**subscription)?.add(signed(position.raw()))?.add(*shard)?;
            values.add(stream.key().as_bytes().as_slice())?.add(stream.category())?.add(stream.id())?;
            values.add(signed(*version))?.add(&**event)?.add(number(*state))?.add(*attempts)?;
            values.add(now.as_micros())?.add((*attempts > 0).then(|| now.as_micros()))?;
            values.add(due_at)?.add(json!(errors).to_string())?;
        }
        Ok(())
    })
    .await?;
    DONE.run(connection, &done, |values, write| {
        if let DeliveryWrite::Done { subscription, stream, position } = write {
            values.add(&**subscription)?.add(signed(position.raw()))?;
            values.add(stream.key().as_bytes().as_slice())?;
        }
        Ok(())
    })
    .await?;
    Ok(())
}

/// The eleven values of a filter.
fn values(filter: &DeliveryFilter) -> Result<Values, BoxDynError> {
    let states: Vec<u8> = filter.states.iter().map(|state| number(*state)).collect();
    let after = filter.after.as_ref();
    let mut values = Values::default();
    values
        .add(filter.subscription.as_deref())?
        .add((!states.is_empty()).then(|| json!(states).to_string()))?
        .add(filter.stream.as_ref().map(|stream| stream.key().as_bytes().to_vec()))?
        .add(filter.event.as_deref())?
        .add(filter.position.map(|position| signed(position.raw())))?
        .add(filter.parked_from.map(Timestamp::as_micros))?
        .add(filter.parked_before.map(Timestamp::as_micros))?
        .add(filter.error.as_deref())?
        .add(after.map(|(subscription, ..)| &**subscription))?
        .add(after.map(|(_, position, _)| signed(position.raw())))?
        .add(after.map(|(.., stream)| stream.as_bytes().to_vec()))?;
    Ok(values)
}

/// What somebody decides.
#[derive(Debug)]
struct Decide {
    filter: DeliveryFilter,
    action: DeliveryAction,
    actor: String,
    reason: String,
}

#[async_trait]
impl Change for Decide {
    type Answer = u64;
    const WHAT: &'static str = "deciding about deliveries";

    async fn make(&self, connection: &mut SqliteConnection) -> Result<u64, Denied> {
        let (state, pause) = match self.action {
            DeliveryAction::Retry { after } => (DeliveryState::Retrying, Some(after)),
            DeliveryAction::Discard => (DeliveryState::Discarded, None),
            DeliveryAction::MarkPermanent => (DeliveryState::Permanent, None),
        };
        // From the begin of time on: only how long it is counts.
        let pause = pause.map(|after| later(Timestamp::from_micros(0), after).as_micros());
        let all = || {
            let mut values = values(&self.filter)?;
            values.add(number(state))?.add(pause)?.add(&*self.actor)?.add(&*self.reason)?;
            Ok(values.0)
        };
        let statement = concat!(
            include_str!("sql/decide_deliveries.sql"),
            include_str!("sql/filter_deliveries.sql"),
            "AND state IN (1, 2, 3)"
        );
        let query = sqlx::query_with(statement, all().map_err(sqlx::Error::Encode)?);
        Ok(query.execute(connection).await?.rows_affected())
    }
}

fn delivery(row: &SqliteRow) -> Result<ParkedDelivery, sqlx::Error> {
    let errors = serde_json::from_str(row.try_get(13)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let time = |column: usize| Ok::<_, sqlx::Error>(row.try_get::<Option<i64>, _>(column)?.map(micros));
    Ok(ParkedDelivery {
        subscription: row.try_get::<&str, _>(0)?.into(),
        shard: row.try_get(1)?,
        stream: StreamId::new(row.try_get(3)?, row.try_get(4)?),
        position: position(row.try_get(5)?),
        version: unsigned(row.try_get(6)?),
        event: row.try_get(7)?,
        state: state(row.try_get(8)?)?,
        attempts: row.try_get(9)?,
        parked_at: micros(row.try_get(10)?),
        tried_at: time(11)?,
        due_at: time(12)?,
        errors,
        decided_by: row.try_get(14)?,
        reason: row.try_get(15)?,
    })
}

async fn list(
    connection: &mut SqliteConnection,
    filter: &DeliveryFilter,
    limit: u64,
) -> Result<Vec<ParkedDelivery>, sqlx::Error> {
    let all = || {
        let mut values = values(filter)?;
        values.add(signed(limit))?;
        Ok(values.0)
    };
    let statement = concat!(
        include_str!("sql/list_deliveries.sql"),
        include_str!("sql/filter_deliveries.sql"),
        "ORDER BY subscription, position, stream LIMIT ?12"
    );
    let query = sqlx::query_with(statement, all().map_err(sqlx::Error::Encode)?);
    query.fetch_all(connection).await?.iter().map(delivery).collect()
}

#[async_trait]
impl Deliveries for Sqlite {
    async fn due_deliveries(
        &self,
        subscription: &str,
        shards: &[u16],
        limit: u64,
    ) -> Result<Vec<ParkedDelivery>, StoreError> {
        let mut connection = self.reader().await?;
        let query = sqlx::query(include_str!("sql/due_deliveries.sql"))
            .bind(subscription)
            .bind(json!(shards).to_string())
            .bind(signed(limit));
        let result = query.fetch_all(&mut *connection).await;
        let result = result.and_then(|rows| rows.iter().map(delivery).collect());
        connection.settle(result, "looking for deliveries that are due")
    }

    async fn parked_streams(&self, subscription: &str, shards: &[u16]) -> Result<Vec<StreamId>, StoreError> {
        let mut connection = self.reader().await?;
        let query = sqlx::query(include_str!("sql/parked_streams.sql"))
            .bind(subscription)
            .bind(json!(shards).to_string());
        let result = query.fetch_all(&mut *connection).await;
        let stream = |row: &SqliteRow| Ok(StreamId::new(row.try_get(0)?, row.try_get(1)?));
        let result = result.and_then(|rows| rows.iter().map(stream).collect());
        connection.settle(result, "looking for streams that are held up")
    }

    async fn list_deliveries(
        &self,
        filter: &DeliveryFilter,
        limit: u64,
    ) -> Result<Vec<ParkedDelivery>, StoreError> {
        let mut connection = self.reader().await?;
        let result = list(&mut connection, filter, limit).await;
        connection.settle(result, "listing deliveries")
    }

    async fn count_deliveries(&self, subscription: &str) -> Result<Vec<(DeliveryState, u64)>, StoreError> {
        let mut connection = self.reader().await?;
        let query = sqlx::query(include_str!("sql/count_deliveries.sql")).bind(subscription);
        let result = query.fetch_all(&mut *connection).await;
        let count = |row: &SqliteRow| Ok((state(row.try_get(0)?)?, unsigned(row.try_get(1)?)));
        let result = result.and_then(|rows| rows.iter().map(count).collect());
        connection.settle(result, "counting deliveries")
    }

    async fn decide_deliveries(
        &self,
        filter: &DeliveryFilter,
        action: &DeliveryAction,
        actor: &str,
        reason: &str,
    ) -> Result<u64, StoreError> {
        let (filter, action) = (filter.clone(), action.clone());
        self.change(Decide { filter, action, actor: actor.to_owned(), reason: reason.to_owned() }).await
    }
}
