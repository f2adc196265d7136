//! What there is, for those who look after it.

use async_trait::async_trait;
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::{
    Postgres,
    call::{Filling, number},
    deliveries::text,
    read::Fields,
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

/// A stream, by its key, category and id in a row.
pub(super) fn stream(row: &PgRow, first: usize) -> Result<StreamId, sqlx::Error> {
    let fields = Fields { row };
    Ok(StreamId::known(fields.uuid(first)?, fields.text(first + 1)?, fields.text(first + 2)?))
}

fn standing(row: &PgRow) -> Result<Option<StreamState>, sqlx::Error> {
    let fields = Fields { row };
    if !row.try_get::<bool, _>(6)? {
        return Ok(None);
    }
    let last = match row.try_get::<Option<i64>, _>(4)? {
        Some(position) => Some((Position::from_raw(position.unsigned_abs()), fields.time(5)?)),
        None => None,
    };
    Ok(Some(StreamState { stream: stream(row, 0)?, version: fields.int8(3)?.unsigned_abs(), last }))
}

fn counted(row: &PgRow) -> Result<TypeTally, sqlx::Error> {
    let fields = Fields { row };
    Ok(TypeTally {
        name: fields.text(0)?.to_owned(),
        version: u16::try_from(fields.int4(1)?).unwrap_or(u16::MAX),
        events: fields.int8(2)?.unsigned_abs(),
        bytes: fields.int8(3)?.unsigned_abs(),
        recorded: (fields.time(4)?, fields.time(5)?),
    })
}

fn kept(row: &PgRow) -> Result<StoredSnapshot, sqlx::Error> {
    let fields = Fields { row };
    let (category, id): (Option<&str>, Option<&str>) = (row.try_get(1)?, row.try_get(2)?);
    Ok(StoredSnapshot {
        stream: StreamId::known(fields.uuid(0)?, category.unwrap_or_default(), id.unwrap_or_default()),
        version: fields.int8(3)?.unsigned_abs(),
        position: Position::from_raw(fields.int8(4)?.unsigned_abs()),
        fingerprint: fields.int8(5)?.cast_unsigned(),
        state: fields.bytes(6)?.to_vec(),
    })
}

#[async_trait]
impl Inspect for Postgres {
    async fn list_streams(
        &self,
        filter: &StreamFilter,
        after: Option<Uuid>,
        most: u64,
    ) -> Result<StreamPage, StoreError> {
        const WHAT: &str = "listing streams";
        let mut asked = Filling::default();
        asked
            .add(after)
            .add(filter.category.as_deref().map(text))
            .add(filter.id_prefix.as_deref().map(text))
            .add(number(most));
        let rows = self.inner.ask(WHAT, include_str!("sql/list_streams.sql"), asked).await?;
        let page = || {
            let full = rows.len() as u64 == most;
            let next = rows.last().filter(|_| full).map(|row| Fields { row }.uuid(0)).transpose()?;
            let streams: Result<Vec<_>, _> =
                rows.iter().filter_map(|row| standing(row).transpose()).collect();
            Ok(StreamPage { looked_at: rows.len() as u64, streams: streams?, next })
        };
        self.inner.told(WHAT, page())
    }

    async fn tally(&self, after: Position, most: u64) -> Result<Tally, StoreError> {
        const WHAT: &str = "counting events";
        let mut asked = Filling::default();
        asked.add(number(after.raw())).add(number(most));
        let rows = self.inner.ask(WHAT, include_str!("sql/tally.sql"), asked).await?;
        let tally = || {
            let types = rows.iter().map(counted).collect::<Result<Vec<_>, _>>()?;
            let last = rows.iter().map(|row| Fields { row }.int8(6)).collect::<Result<Vec<_>, _>>()?;
            let full = types.iter().map(|tally| tally.events).sum::<u64>() == most;
            let last = last.into_iter().max().map(|last| Position::from_raw(last.unsigned_abs()));
            Ok(Tally { types, next: last.filter(|_| full) })
        };
        self.inner.told(WHAT, tally())
    }

    async fn count_streams(&self) -> Result<Vec<(String, u64)>, StoreError> {
        const WHAT: &str = "counting streams";
        let rows = self.inner.ask(WHAT, include_str!("sql/count_streams.sql"), Filling::default()).await?;
        let count = |row: &PgRow| {
            let fields = Fields { row };
            Ok((fields.text(0)?.to_owned(), fields.int8(1)?.unsigned_abs()))
        };
        self.inner.told(WHAT, rows.iter().map(count).collect())
    }

    async fn extent(&self, part: Part) -> Result<u64, StoreError> {
        const WHAT: &str = "asking how much there is";
        let mut asked = Filling::default();
        asked.add(number(match part {
            Part::Streams => 0,
            Part::Events => 1,
            Part::Keys => 2,
            Part::Snapshots => 3,
        }));
        let rows = self.inner.ask(WHAT, include_str!("sql/extent.sql"), asked).await?;
        let count = rows.first().map_or(Ok(0), |row| Fields { row }.int8(0).map(i64::unsigned_abs));
        self.inner.told(WHAT, count)
    }

    async fn sample(&self, most: u64) -> Result<Vec<TypeTally>, StoreError> {
        const WHAT: &str = "counting some events";
        let mut asked = Filling::default();
        asked.add(number(most)).add(number(self.extent(Part::Events).await?));
        let rows = self.inner.ask(WHAT, include_str!("sql/sample.sql"), asked).await?;
        self.inner.told(WHAT, rows.iter().map(counted).collect())
    }

    async fn list_snapshots(
        &self,
        after: Option<Uuid>,
        most: u64,
    ) -> Result<Vec<StoredSnapshot>, StoreError> {
        const WHAT: &str = "listing snapshots";
        let mut asked = Filling::default();
        asked.add(after).add(number(most));
        let rows = self.inner.ask(WHAT, include_str!("sql/list_snapshots.sql"), asked).await?;
        self.inner.told(WHAT, rows.iter().map(kept).collect())
    }

    async fn sizes(&self) -> Result<Vec<Size>, StoreError> {
        const WHAT: &str = "asking how large the tables are";
        let rows = self.inner.ask(WHAT, include_str!("sql/sizes.sql"), Filling::default()).await?;
        let size = |row: &PgRow| {
            let fields = Fields { row };
            Ok(Size { what: fields.text(0)?.to_owned(), bytes: fields.int8(1)?.unsigned_abs() })
        };
        self.inner.told(WHAT, rows.iter().map(size).collect())
    }

    async fn look_over(&self, part: Part, after: Option<&[u8]>, most: u64) -> Result<LookedOver, StoreError> {
        self.inner.look_over(part, after, most).await
    }

    async fn repair(&self, repair: &Repair) -> Result<bool, StoreError> {
        self.inner.repair(repair).await
    }

    async fn restore(&self, events: &[RecordedEvent]) -> Result<Restoring, StoreError> {
        check(events)?;
        let restored = self.inner.restore(events).await?;
        self.inner.signals.ring();
        Ok(restored)
    }

    async fn list_keys(&self, after: Option<&[u8]>, most: u64) -> Result<KeyPage, StoreError> {
        self.inner.list_keys(after.and_then(|after| Uuid::from_slice(after).ok()), most).await
    }

    async fn restore_keys(&self, keys: &[KeptKey]) -> Result<RestoringKeys, StoreError> {
        check_keys(keys)?;
        self.inner.restore_keys(keys).await
    }

    async fn restore_shards(
        &self,
        subscription: &str,
        positions: &[(u16, Position)],
    ) -> Result<(), StoreError> {
        self.inner.restore_shards(subscription, positions).await
    }

    async fn restore_deliveries(&self, deliveries: &[ParkedDelivery]) -> Result<(), StoreError> {
        check_deliveries(deliveries)?;
        self.inner.restore_deliveries(deliveries).await
    }
}
