//! Looking over what is kept, part by part.

use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::{
    Inner,
    call::{Filling, number},
    read::Fields,
};
use crate::{
    domain::Position,
    store::{
        Damage, LookedOver, Part, Repair, StoreError,
        damage::{self, KeyFacts, SnapshotFacts, StreamFacts},
    },
};

const WHAT: &str = "looking over what there is";

/// So many places are told of one stream.
const MANY: u64 = 100;

/// Payloads may be large, and a page of them is in memory at a time.
const EVENTS: u64 = 250;

impl Inner {
    /// Looks over the next rows of a part.
    pub(super) async fn look_over(
        &self,
        part: Part,
        after: Option<&[u8]>,
        most: u64,
    ) -> Result<LookedOver, StoreError> {
        let key = after.and_then(|after| Uuid::from_slice(after).ok());
        let most = if part == Part::Events { most.min(EVENTS) } else { most };
        let mut looked = match part {
            Part::Streams => self.streams(key, most).await?,
            Part::Events => self.events(after, most).await?,
            Part::Keys => self.keys(key, most).await?,
            Part::Snapshots => self.snapshots(key, most).await?,
        };
        if looked.looked_at < most {
            looked.next = None;
        }
        Ok(looked)
    }

    async fn page(
        &self,
        statement: &'static str,
        after: Option<Uuid>,
        most: u64,
    ) -> Result<Vec<PgRow>, StoreError> {
        let mut asked = Filling::default();
        asked.add(after).add(number(most));
        self.ask(WHAT, statement, asked).await
    }

    async fn streams(&self, after: Option<Uuid>, most: u64) -> Result<LookedOver, StoreError> {
        let rows = self.page(include_str!("sql/look_over_streams.sql"), after, most).await?;
        let mut looked = LookedOver { looked_at: rows.len() as u64, ..LookedOver::default() };
        for row in &rows {
            let (facts, disordered) = self.told(WHAT, facts(row))?;
            looked.next = Some(facts.key.as_bytes().to_vec());
            looked.damages.extend(facts.damages());
            let name = facts.name();
            if facts.has_odd_versions() {
                let gaps = self.pairs(include_str!("sql/find_gaps.sql"), facts.key).await?;
                looked.damages.extend(gaps.into_iter().map(|(first, last)| damage::gap(&name, first, last)));
                let twice = self.pairs(include_str!("sql/find_twice.sql"), facts.key).await?;
                looked.damages.extend(twice.into_iter().map(|(version, n)| damage::twice(&name, version, n)));
            }
            if disordered {
                let places = self.pairs(include_str!("sql/find_disorder.sql"), facts.key).await?;
                let disorder = |(version, at)| damage::disorder(&name, version, at);
                looked.damages.extend(places.into_iter().map(disorder));
            }
        }
        Ok(looked)
    }

    async fn pairs(&self, statement: &'static str, stream: Uuid) -> Result<Vec<(u64, u64)>, StoreError> {
        let rows = self.page(statement, Some(stream), MANY).await?;
        let pair = |row: &PgRow| {
            let fields = Fields { row };
            Ok((fields.int8(0)?.unsigned_abs(), fields.int8(1)?.unsigned_abs()))
        };
        self.told(WHAT, rows.iter().map(pair).collect())
    }

    async fn events(&self, after: Option<&[u8]>, most: u64) -> Result<LookedOver, StoreError> {
        let after = after.and_then(|after| after.try_into().ok()).map_or(0, u64::from_be_bytes);
        let mut asked = Filling::default();
        asked.add(number(after)).add(number(most));
        let rows = self.ask(WHAT, include_str!("sql/look_over_events.sql"), asked).await?;
        let mut looked = LookedOver { looked_at: rows.len() as u64, ..LookedOver::default() };
        for row in &rows {
            let (position, damages) = self.told(WHAT, event(row))?;
            looked.next = Some(position.raw().to_be_bytes().to_vec());
            looked.damages.extend(damages);
        }
        Ok(looked)
    }

    async fn keys(&self, after: Option<Uuid>, most: u64) -> Result<LookedOver, StoreError> {
        let rows = self.page(include_str!("sql/look_over_keys.sql"), after, most).await?;
        let mut looked = LookedOver { looked_at: rows.len() as u64, ..LookedOver::default() };
        for row in &rows {
            let (key, facts) = self.told(WHAT, key_facts(row))?;
            looked.next = Some(key.as_bytes().to_vec());
            looked.damages.extend(facts.and_then(|facts| facts.damage()));
        }
        Ok(looked)
    }

    async fn snapshots(&self, after: Option<Uuid>, most: u64) -> Result<LookedOver, StoreError> {
        let rows = self.page(include_str!("sql/look_over_snapshots.sql"), after, most).await?;
        let mut looked = LookedOver { looked_at: rows.len() as u64, ..LookedOver::default() };
        for row in &rows {
            let facts = self.told(WHAT, snapshot_facts(row))?;
            looked.next = Some(facts.key.as_bytes().to_vec());
            looked.damages.extend(facts.damage());
        }
        Ok(looked)
    }

    /// Makes something right, if it is still as it was found.
    pub(super) async fn repair(&self, repair: &Repair) -> Result<bool, StoreError> {
        const WHAT: &str = "repairing what follows from the events";
        let mut filling = Filling::default();
        let statement = match repair {
            Repair::Head { stream, from, to } => {
                filling.add(*stream).add(number(*from)).add(number(*to));
                include_str!("sql/repair_head.sql")
            }
            Repair::Base { stream, from, to } => {
                filling.add(*stream).add(number(*from)).add(number(*to));
                include_str!("sql/repair_base.sql")
            }
            Repair::Key { key, from, to } => {
                let Ok(key) = key.parse::<Uuid>() else { return Ok(false) };
                filling.add(key).add(number(*from)).add(number(*to));
                include_str!("sql/repair_key.sql")
            }
            Repair::Snapshot { stream, version, fingerprint, .. } => {
                filling.add(*stream).add(number(*version)).add(fingerprint.cast_signed());
                include_str!("sql/repair_snapshot.sql")
            }
        };
        Ok(!self.work(WHAT, statement, filling).await?.is_empty())
    }
}

fn facts(row: &PgRow) -> Result<(StreamFacts, bool), sqlx::Error> {
    let fields = Fields { row };
    let natural = |column: usize| fields.int8(column).map(i64::unsigned_abs);
    let facts = StreamFacts {
        key: fields.uuid(0)?,
        category: row.try_get::<Option<String>, _>(1)?.unwrap_or_default(),
        id: fields.text(2)?.to_owned(),
        head: Some((natural(3)?, natural(4)?)),
        events: natural(5)?,
        first_position: natural(6)?,
        last_version: natural(7)?,
        disordered: natural(8)?,
    };
    let disordered = facts.disordered > 0;
    Ok((facts, disordered))
}

fn event(row: &PgRow) -> Result<(Position, Vec<Damage>), sqlx::Error> {
    let fields = Fields { row };
    let position = Position::from_raw(fields.int8(0)?.unsigned_abs());
    let stream = Option::zip(row.try_get::<Option<&str>, _>(4)?, row.try_get::<Option<&str>, _>(5)?);
    let meta = fields.optional_bytes(2)?.unwrap_or_default();
    let version = fields.int8(1)?.unsigned_abs();
    let name = row.try_get::<Option<&str>, _>(6)?;
    Ok((position, damage::of_event(position, stream, version, name, meta, fields.bytes(3)?)))
}

fn actual(row: &PgRow, column: usize) -> Result<Option<u64>, sqlx::Error> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(i64::unsigned_abs))
}

fn key_facts(row: &PgRow) -> Result<(Uuid, Option<KeyFacts>), sqlx::Error> {
    let fields = Fields { row };
    let key = fields.uuid(0)?;
    // A key without events names none.
    if fields.int4(5)? == 0 {
        return Ok((key, None));
    }
    let facts = KeyFacts {
        key: key.to_string(),
        text: fields.text(1)?.to_owned(),
        stream: row.try_get(2)?,
        version: fields.int8(3)?.unsigned_abs(),
        position: fields.int8(4)?.unsigned_abs(),
        actual: actual(row, 6)?,
    };
    Ok((key, Some(facts)))
}

fn snapshot_facts(row: &PgRow) -> Result<SnapshotFacts, sqlx::Error> {
    let fields = Fields { row };
    Ok(SnapshotFacts {
        key: fields.uuid(0)?,
        stream: row.try_get(1)?,
        version: fields.int8(2)?.unsigned_abs(),
        position: fields.int8(3)?.unsigned_abs(),
        fingerprint: fields.int8(4)?.cast_unsigned(),
        state: fields.bytes(5)?.to_vec(),
        actual: actual(row, 6)?,
    })
}
