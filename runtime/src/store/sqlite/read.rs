//! Reading streams and the log: one query, visited while its rows arrive.

use std::{
    collections::{HashMap, hash_map::Entry},
    ops::ControlFlow,
    sync::Arc,
};

use futures_util::TryStreamExt;
use sqlx::{Executor, Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    convert::{position, signed, unsigned},
    types::{Dictionary, Types},
};
use crate::{
    domain::{Position, Timestamp},
    store::{
        EventRef, Item, LogEventRef, LogVisitor, ReadLog, ReadStream, SnapshotRef, StreamId, StreamVisitor,
    },
};

/// How a query ended.
enum End {
    /// There is no more to read, or the visitor has enough.
    Done,
    /// The next event is of a type that came into the dictionary later than we looked: its number.
    UnknownType(i64),
}

/// Reads a stream.
pub(super) async fn stream(
    connection: &mut SqliteConnection,
    types: &Types,
    read: &ReadStream,
    visit: StreamVisitor<'_>,
) -> Result<(), sqlx::Error> {
    let mut left = ReadStream { snapshot: None, ..read.clone() };
    if let Some(fingerprint) = read.snapshot {
        match snapshot(connection, &left, fingerprint, visit).await? {
            ControlFlow::Continue(version) => left.after = version,
            ControlFlow::Break(()) => return Ok(()),
        }
    }
    let mut dictionary = types.known();
    while let End::UnknownType(id) = events(connection, &dictionary, &mut left, visit).await? {
        dictionary = refresh(connection, types, id).await?;
    }
    Ok(())
}

/// Visits the snapshot, if there is one that fits. The version to go on from.
async fn snapshot(
    connection: &mut SqliteConnection,
    read: &ReadStream,
    fingerprint: u64,
    visit: StreamVisitor<'_>,
) -> Result<ControlFlow<(), u64>, sqlx::Error> {
    let query = sqlx::query(include_str!("sql/read_snapshot.sql"))
        .bind(read.stream.key().as_bytes().to_vec())
        .bind(fingerprint.cast_signed())
        .bind(signed(read.after));
    let Some(row) = query.fetch_optional(connection).await? else {
        return Ok(ControlFlow::Continue(read.after));
    };
    let version = unsigned(row.try_get_unchecked(0)?);
    let (position, state) = (position(row.try_get_unchecked(1)?), row.try_get_unchecked(2)?);
    let item = Item::Snapshot(SnapshotRef { version, position, fingerprint, state });
    Ok(visit(item).map_continue(|()| version))
}

/// Visits the events of a stream, and takes note of how far it came.
async fn events(
    connection: &mut SqliteConnection,
    dictionary: &Dictionary,
    left: &mut ReadStream,
    visit: StreamVisitor<'_>,
) -> Result<End, sqlx::Error> {
    let query = sqlx::query(include_str!("sql/read_stream.sql"))
        .bind(left.stream.key().as_bytes().to_vec())
        .bind(signed(left.after))
        .bind(left.limit.map_or(-1, signed));
    let mut rows = connection.fetch(query);
    while let Some(row) = rows.try_next().await? {
        let event = match event(&row, dictionary)? {
            Ok(event) => event,
            Err(id) => return Ok(End::UnknownType(id)),
        };
        left.after = event.version;
        left.limit = left.limit.map(|limit| limit - 1);
        if visit(Item::Event(event)).is_break() {
            break;
        }
    }
    Ok(End::Done)
}

/// Reads the log, and returns the position of the last event that was visited.
pub(super) async fn log(
    connection: &mut SqliteConnection,
    types: &Types,
    read: &ReadLog,
    visit: LogVisitor<'_>,
) -> Result<Position, sqlx::Error> {
    let mut left = read.clone();
    let mut dictionary = types.known();
    while let End::UnknownType(id) = log_events(connection, &dictionary, &mut left, visit).await? {
        dictionary = refresh(connection, types, id).await?;
    }
    Ok(left.after)
}

/// Visits events of the log, and takes note of how far it came.
async fn log_events(
    connection: &mut SqliteConnection,
    dictionary: &Dictionary,
    left: &mut ReadLog,
    visit: LogVisitor<'_>,
) -> Result<End, sqlx::Error> {
    let query =
        sqlx::query(include_str!("sql/read_log.sql")).bind(signed(left.after.raw())).bind(signed(left.limit));
    let mut streams = HashMap::<i64, StreamId>::new();
    let mut rows = connection.fetch(query);
    while let Some(row) = rows.try_next().await? {
        let event = match event(&row, dictionary)? {
            Ok(event) => event,
            Err(id) => return Ok(End::UnknownType(id)),
        };
        let stream = match streams.entry(row.try_get_unchecked::<i64, _>(6)?) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                new.insert(StreamId::new(row.try_get_unchecked(7)?, row.try_get_unchecked(8)?))
            }
        };
        left.after = event.position;
        left.limit -= 1;
        if visit(LogEventRef { stream, event }).is_break() {
            break;
        }
    }
    Ok(End::Done)
}

/// The event in the first columns of a row, or the number of its type if that is not in the dictionary.
fn event<'e>(
    row: &'e SqliteRow,
    dictionary: &'e Dictionary,
) -> Result<Result<EventRef<'e>, i64>, sqlx::Error> {
    let id = row.try_get_unchecked(3)?;
    let Some(kind) = dictionary.get(id) else { return Ok(Err(id)) };
    Ok(Ok(EventRef {
        position: position(row.try_get_unchecked(0)?),
        version: unsigned(row.try_get_unchecked(1)?),
        recorded_at: Timestamp::from_micros(row.try_get_unchecked(2)?),
        name: &kind.name,
        type_version: kind.version,
        meta: row.try_get_unchecked::<Option<&[u8]>, _>(4)?.unwrap_or_default(),
        payload: row.try_get_unchecked(5)?,
    }))
}

/// The dictionary as it is now, which must have the type that was not known: it is written before its first event.
async fn refresh(
    connection: &mut SqliteConnection,
    types: &Types,
    id: i64,
) -> Result<Arc<Dictionary>, sqlx::Error> {
    let newer = Arc::new(Dictionary::load(connection).await?);
    if newer.get(id).is_none() {
        let missing = format!("the type number {id} of an event is missing in the table gesta_types");
        return Err(sqlx::Error::Decode(missing.into()));
    }
    types.learn(Arc::clone(&newer));
    Ok(newer)
}
