//! Looking over what is kept, part by part.

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::{Executor, Row, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    change::{Change, Denied},
    convert::{position, signed, unsigned},
    inspect::key,
};
use crate::store::{
    Damage, LookedOver, Part, Repair,
    damage::{self, KeyFacts, SnapshotFacts, StreamFacts},
};

/// So many places are told of one stream.
const MANY: i64 = 100;

/// Looks over the next rows of a part.
pub(super) async fn look_over(
    connection: &mut SqliteConnection,
    part: Part,
    after: Option<&[u8]>,
    most: u64,
) -> Result<LookedOver, sqlx::Error> {
    let after = after.unwrap_or_default();
    let mut looked = match part {
        Part::Streams => streams(connection, after, most).await?,
        Part::Events => events(connection, after, most).await?,
        Part::Keys => keys(connection, after, most).await?,
        Part::Snapshots => snapshots(connection, after, most).await?,
    };
    if looked.looked_at < most {
        looked.next = None;
    }
    Ok(looked)
}

async fn streams(
    connection: &mut SqliteConnection,
    after: &[u8],
    most: u64,
) -> Result<LookedOver, sqlx::Error> {
    let query =
        sqlx::query(include_str!("sql/look_over_streams.sql")).bind(after.to_vec()).bind(signed(most));
    let rows = query.fetch_all(&mut *connection).await?;
    let mut looked = LookedOver { looked_at: rows.len() as u64, ..LookedOver::default() };
    for row in rows {
        let facts = facts(&row)?;
        looked.damages.extend(facts.damages());
        if facts.has_odd_versions() {
            looked.damages.extend(gaps(connection, &facts).await?);
        }
        if facts.disordered > 0 {
            looked.damages.extend(disorder(connection, &facts).await?);
        }
        looked.next = Some(facts.key.as_bytes().to_vec());
    }
    Ok(looked)
}

fn facts(row: &SqliteRow) -> Result<StreamFacts, sqlx::Error> {
    let number = |column: usize| row.try_get::<i64, _>(column).map(unsigned);
    Ok(StreamFacts {
        key: key(row, 0)?,
        category: row.try_get(1)?,
        id: row.try_get(2)?,
        // Where a stream ends is read from its events.
        head: None,
        events: number(3)?,
        first_position: number(4)?,
        last_version: number(5)?,
        disordered: number(6)?,
    })
}

async fn pairs(
    connection: &mut SqliteConnection,
    statement: &'static str,
    stream: Uuid,
) -> Result<Vec<(u64, u64)>, sqlx::Error> {
    let query = sqlx::query(statement).bind(stream.as_bytes().to_vec()).bind(MANY);
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(|row| Ok((unsigned(row.try_get(0)?), unsigned(row.try_get(1)?)))).collect()
}

async fn gaps(connection: &mut SqliteConnection, facts: &StreamFacts) -> Result<Vec<Damage>, sqlx::Error> {
    let gaps = pairs(connection, include_str!("sql/find_gaps.sql"), facts.key).await?;
    Ok(gaps.into_iter().map(|(first, last)| damage::gap(&facts.name(), first, last)).collect())
}

async fn disorder(
    connection: &mut SqliteConnection,
    facts: &StreamFacts,
) -> Result<Vec<Damage>, sqlx::Error> {
    let places = pairs(connection, include_str!("sql/find_disorder.sql"), facts.key).await?;
    Ok(places.into_iter().map(|(version, at)| damage::disorder(&facts.name(), version, at)).collect())
}

async fn events(
    connection: &mut SqliteConnection,
    after: &[u8],
    most: u64,
) -> Result<LookedOver, sqlx::Error> {
    let mut before = u64::from_be_bytes(after.try_into().unwrap_or_default());
    let query = sqlx::query(include_str!("sql/look_over_events.sql")).bind(signed(before)).bind(signed(most));
    let mut looked = LookedOver::default();
    let mut rows = connection.fetch(query);
    while let Some(row) = rows.try_next().await? {
        let at = position(row.try_get(0)?);
        if at.raw() != before + 1 {
            looked.damages.push(damage::missing(before + 1, at.raw() - 1));
        }
        before = at.raw();
        let stream = Option::zip(row.try_get::<Option<&str>, _>(4)?, row.try_get::<Option<&str>, _>(5)?);
        let meta = row.try_get_unchecked::<Option<&[u8]>, _>(2)?.unwrap_or_default();
        let payload = row.try_get_unchecked(3)?;
        let version = unsigned(row.try_get(1)?);
        looked.damages.extend(damage::of_event(at, stream, version, row.try_get(6)?, meta, payload));
        looked.looked_at += 1;
    }
    looked.next = Some(before.to_be_bytes().to_vec());
    Ok(looked)
}

async fn keys(connection: &mut SqliteConnection, after: &[u8], most: u64) -> Result<LookedOver, sqlx::Error> {
    let after = String::from_utf8_lossy(after).into_owned();
    let query = sqlx::query(include_str!("sql/look_over_keys.sql")).bind(after).bind(signed(most));
    let rows = query.fetch_all(connection).await?;
    let mut looked = LookedOver { looked_at: rows.len() as u64, ..LookedOver::default() };
    for row in rows {
        let key: String = row.try_get(0)?;
        looked.next = Some(key.clone().into_bytes());
        if row.try_get::<i64, _>(4)? == 0 {
            continue;
        }
        let facts = KeyFacts {
            text: key.clone(),
            key,
            stream: row.try_get(1)?,
            version: unsigned(row.try_get(2)?),
            position: unsigned(row.try_get(3)?),
            actual: row.try_get::<Option<i64>, _>(5)?.map(unsigned),
        };
        looked.damages.extend(facts.damage());
    }
    Ok(looked)
}

async fn snapshots(
    connection: &mut SqliteConnection,
    after: &[u8],
    most: u64,
) -> Result<LookedOver, sqlx::Error> {
    let query =
        sqlx::query(include_str!("sql/look_over_snapshots.sql")).bind(after.to_vec()).bind(signed(most));
    let mut looked = LookedOver::default();
    let mut rows = connection.fetch(query);
    while let Some(row) = rows.try_next().await? {
        let facts = SnapshotFacts {
            key: key(&row, 0)?,
            stream: row.try_get(1)?,
            version: unsigned(row.try_get(2)?),
            position: unsigned(row.try_get(3)?),
            fingerprint: row.try_get::<i64, _>(4)?.cast_unsigned(),
            state: row.try_get(5)?,
            actual: row.try_get::<Option<i64>, _>(6)?.map(unsigned),
        };
        looked.looked_at += 1;
        looked.next = Some(facts.key.as_bytes().to_vec());
        looked.damages.extend(facts.damage());
    }
    Ok(looked)
}

/// Something that is made right.
#[derive(Clone, Debug)]
pub(super) struct Repairing(pub(super) Repair);

#[async_trait]
impl Change for Repairing {
    type Answer = bool;
    const WHAT: &'static str = "repairing what follows from the events";

    async fn make(&self, connection: &mut SqliteConnection) -> Result<bool, Denied> {
        let query = match &self.0 {
            Repair::Key { key, from, to } => sqlx::query(include_str!("sql/repair_key.sql"))
                .bind(key.clone())
                .bind(signed(*from))
                .bind(signed(*to)),
            Repair::Snapshot { stream, version, fingerprint, .. } => {
                sqlx::query(include_str!("sql/repair_snapshot.sql"))
                    .bind(stream.as_bytes().to_vec())
                    .bind(signed(*version))
                    .bind(fingerprint.cast_signed())
            }
            // Nothing of the kind is kept here.
            Repair::Head { .. } | Repair::Base { .. } => return Ok(false),
        };
        Ok(query.execute(connection).await?.rows_affected() > 0)
    }
}
