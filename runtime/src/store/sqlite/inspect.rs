//! What there is, for those who look after it.

use async_trait::async_trait;
use sqlx::{Row, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    Sqlite,
    convert::{micros, position, signed, unsigned},
    keys::{RestoreKeys, list_keys},
    look_over::{Repairing, look_over},
    parked::{RestoreDeliveries, RestoreShards},
    restore::Restore,
};
use crate::{
    domain::Position,
    store::{
        Inspect, KeptKey, KeyPage, LookedOver, ParkedDelivery, Part, RecordedEvent, Repair, Restoring,
        RestoringKeys, Size, StoreError, StoredSnapshot, StreamFilter, StreamId, StreamPage, StreamState,
        Tally, TypeTally,
        restore::{check, check_deliveries, check_keys},
    },
};

/// The key of a stream, as it stands in a row.
pub(super) fn key(row: &SqliteRow, column: usize) -> Result<Uuid, sqlx::Error> {
    Uuid::from_slice(row.try_get(column)?).map_err(|error| sqlx::Error::Decode(error.into()))
}

fn standing(row: &SqliteRow) -> Result<Option<StreamState>, sqlx::Error> {
    let (version, at): (Option<i64>, Option<i64>) = (row.try_get(3)?, row.try_get(5)?);
    // One that has a key and no event, or that the filter does not let pass.
    let (Some(version), Some(at)) = (version, at) else { return Ok(None) };
    let stream = StreamId::known(key(row, 0)?, row.try_get::<&str, _>(1)?, row.try_get::<&str, _>(2)?);
    let last = Some((position(row.try_get(4)?), micros(at)));
    Ok(Some(StreamState { stream, version: unsigned(version), last }))
}

fn counted(row: &SqliteRow) -> Result<TypeTally, sqlx::Error> {
    Ok(TypeTally {
        name: row.try_get::<Option<String>, _>(0)?.unwrap_or_else(|| "(a type without a name)".to_owned()),
        version: row.try_get::<Option<u16>, _>(1)?.unwrap_or_default(),
        events: unsigned(row.try_get(2)?),
        bytes: unsigned(row.try_get(3)?),
        recorded: (micros(row.try_get(4)?), micros(row.try_get(5)?)),
    })
}

fn kept(row: &SqliteRow) -> Result<StoredSnapshot, sqlx::Error> {
    let (category, id): (Option<&str>, Option<&str>) = (row.try_get(1)?, row.try_get(2)?);
    Ok(StoredSnapshot {
        stream: StreamId::known(key(row, 0)?, category.unwrap_or_default(), id.unwrap_or_default()),
        version: unsigned(row.try_get(3)?),
        position: position(row.try_get(4)?),
        fingerprint: row.try_get::<i64, _>(5)?.cast_unsigned(),
        state: row.try_get(6)?,
    })
}

/// So many events of a sample are taken in one place.
const SAMPLE: u64 = 200;

#[async_trait]
impl Inspect for Sqlite {
    async fn list_streams(
        &self,
        filter: &StreamFilter,
        after: Option<Uuid>,
        most: u64,
    ) -> Result<StreamPage, StoreError> {
        let mut connection = self.reader().await?;
        let rows = sqlx::query(include_str!("sql/list_streams.sql"))
            .bind(after.map_or_else(Vec::new, |after| after.as_bytes().to_vec()))
            .bind(filter.category.clone())
            .bind(filter.id_prefix.clone())
            .bind(signed(most))
            .fetch_all(&mut *connection)
            .await;
        let page = |rows: Vec<SqliteRow>| {
            let full = rows.len() as u64 == most;
            let next = rows.last().filter(|_| full).map(|row| key(row, 0)).transpose()?;
            let streams: Result<Vec<_>, _> =
                rows.iter().filter_map(|row| standing(row).transpose()).collect();
            Ok(StreamPage { looked_at: rows.len() as u64, streams: streams?, next })
        };
        connection.settle(rows.and_then(page), "listing streams")
    }

    async fn tally(&self, after: Position, most: u64) -> Result<Tally, StoreError> {
        let mut connection = self.reader().await?;
        let rows = sqlx::query(include_str!("sql/tally.sql"))
            .bind(signed(after.raw()))
            .bind(signed(most))
            .fetch_all(&mut *connection)
            .await;
        let tally = |rows: Vec<SqliteRow>| {
            let types = rows.iter().map(counted).collect::<Result<Vec<_>, _>>()?;
            let last = rows.iter().map(|row| row.try_get::<i64, _>(6)).collect::<Result<Vec<_>, _>>()?;
            let full = types.iter().map(|tally| tally.events).sum::<u64>() == most;
            Ok(Tally { types, next: last.into_iter().max().filter(|_| full).map(position) })
        };
        connection.settle(rows.and_then(tally), "counting events")
    }

    async fn count_streams(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let mut connection = self.reader().await?;
        let rows = sqlx::query(include_str!("sql/count_streams.sql")).fetch_all(&mut *connection).await;
        let count = |row: &SqliteRow| Ok((row.try_get(0)?, unsigned(row.try_get(1)?)));
        connection.settle(rows.and_then(|rows| rows.iter().map(count).collect()), "counting streams")
    }

    async fn extent(&self, part: Part) -> Result<u64, StoreError> {
        let mut connection = self.reader().await?;
        let rows = sqlx::query_scalar::<_, i64>(match part {
            Part::Streams => "SELECT count(*) FROM gesta_streams",
            // The log has no gaps.
            Part::Events => "SELECT coalesce(max(position), 0) FROM gesta_events",
            Part::Keys => "SELECT count(*) FROM gesta_keys",
            Part::Snapshots => "SELECT count(*) FROM gesta_snapshots",
        });
        let rows = rows.fetch_one(&mut *connection).await;
        connection.settle(rows.map(unsigned), "asking how much there is")
    }

    async fn sample(&self, most: u64) -> Result<Vec<TypeTally>, StoreError> {
        let events = self.extent(Part::Events).await?;
        // As few in a place as that tells of many places, and as many as are in a page of the file.
        let each = if events <= most { events.max(1) } else { SAMPLE.min(most.max(1)) };
        let places = (most / each).clamp(1, events.div_ceil(each).max(1));
        let places: Vec<u64> = (0..places)
            .map(|place| events.saturating_sub(each) * place / places.max(2).saturating_sub(1))
            .collect();
        let mut connection = self.reader().await?;
        let rows = sqlx::query(include_str!("sql/sample.sql"))
            .bind(serde_json::json!(places).to_string())
            .bind(signed(each))
            .fetch_all(&mut *connection)
            .await;
        connection.settle(rows.and_then(|rows| rows.iter().map(counted).collect()), "counting some events")
    }

    async fn list_snapshots(
        &self,
        after: Option<Uuid>,
        most: u64,
    ) -> Result<Vec<StoredSnapshot>, StoreError> {
        let mut connection = self.reader().await?;
        let rows = sqlx::query(include_str!("sql/list_snapshots.sql"))
            .bind(after.map_or_else(Vec::new, |after| after.as_bytes().to_vec()))
            .bind(signed(most))
            .fetch_all(&mut *connection)
            .await;
        connection.settle(rows.and_then(|rows| rows.iter().map(kept).collect()), "listing snapshots")
    }

    async fn sizes(&self) -> Result<Vec<Size>, StoreError> {
        let mut connection = self.reader().await?;
        let bytes =
            sqlx::query_scalar::<_, i64>(include_str!("sql/size.sql")).fetch_one(&mut *connection).await;
        let bytes = unsigned(connection.settle(bytes, "asking how large the file is")?);
        Ok(vec![Size { what: "the file".to_owned(), bytes }])
    }

    async fn look_over(&self, part: Part, after: Option<&[u8]>, most: u64) -> Result<LookedOver, StoreError> {
        let mut connection = self.reader().await?;
        let looked = look_over(&mut connection, part, after, most).await;
        connection.settle(looked, "looking over what there is")
    }

    async fn repair(&self, repair: &Repair) -> Result<bool, StoreError> {
        self.change(Repairing(repair.clone())).await
    }

    async fn restore(&self, events: &[RecordedEvent]) -> Result<Restoring, StoreError> {
        check(events)?;
        let restored = self.change(Restore(events.to_vec())).await?;
        self.inner.signal.ring();
        Ok(restored)
    }

    async fn list_keys(&self, after: Option<&[u8]>, most: u64) -> Result<KeyPage, StoreError> {
        let mut connection = self.reader().await?;
        let page = list_keys(&mut connection, after, most).await;
        connection.settle(page, "listing the keys of commands")
    }

    async fn restore_keys(&self, keys: &[KeptKey]) -> Result<RestoringKeys, StoreError> {
        check_keys(keys)?;
        self.change(RestoreKeys(keys.to_vec())).await
    }

    async fn restore_shards(
        &self,
        subscription: &str,
        positions: &[(u16, Position)],
    ) -> Result<(), StoreError> {
        self.change(RestoreShards(subscription.to_owned(), positions.to_vec())).await
    }

    async fn restore_deliveries(&self, deliveries: &[ParkedDelivery]) -> Result<(), StoreError> {
        check_deliveries(deliveries)?;
        self.change(RestoreDeliveries(deliveries.to_vec())).await
    }
}
