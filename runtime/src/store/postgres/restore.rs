//! Events that were recorded before: stored in their order, in one transaction, by the rules of an append.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use sqlx::{Connection, PgConnection, Row, postgres::PgRow};
use tokio::time::timeout;
use uuid::Uuid;

use super::{
    Inner,
    call::{Filling, number},
    failure::Silent,
    names::{Dictionary, Kind},
};
use crate::{
    domain::Position,
    store::{
        RecordedEvent, Restoring, StoreError,
        restore::{Added, added},
    },
};

const WHAT: &str = "restoring events";

/// Why nothing is stored.
enum Undone {
    Conflict(Restoring),
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for Undone {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error)
    }
}

impl Inner {
    /// Stores events that were recorded before.
    pub(super) async fn restore(&self, events: &[RecordedEvent]) -> Result<Restoring, StoreError> {
        let streams = match added(events) {
            Ok(streams) => streams,
            Err(conflict) => return Ok(conflict),
        };
        let names = self.restored_names(events).await?;
        let mut lease = self.lanes.take(WHAT).await?;
        let patience = self.link.options.timeout;
        // A connection on which this is left half done is closed, and the server takes it back.
        match timeout(patience, restore(&mut lease, events, &streams, &names)).await {
            Ok(Ok(last)) => {
                self.lanes.give_back(lease);
                Ok(Restoring::Stored(last))
            }
            Ok(Err(Undone::Conflict(conflict))) => Ok(conflict),
            Ok(Err(Undone::Failed(error))) => self.told(WHAT, Err(error)),
            Err(_) => {
                let streams = "the restored streams".to_owned();
                Err(StoreError::OutcomeUnknown { streams, source: Box::new(Silent(patience)) })
            }
        }
    }

    async fn restored_names(&self, events: &[RecordedEvent]) -> Result<Arc<Dictionary>, StoreError> {
        let categories: BTreeSet<&str> = events.iter().map(|event| event.stream.category()).collect();
        let types: BTreeSet<&str> = events.iter().map(|event| &*event.name).collect();
        self.interned(WHAT, [(Kind::Category, categories), (Kind::Event, types)]).await
    }

    /// The dictionary, with these words in it.
    pub(super) async fn interned<'w>(
        &self,
        what: &'static str,
        words: impl IntoIterator<Item = (Kind, BTreeSet<&'w str>)>,
    ) -> Result<Arc<Dictionary>, StoreError> {
        let mut lease = self.readers.take(what).await?;
        for (kind, words) in words {
            let words: Vec<&str> = words.into_iter().collect();
            self.patiently(what, self.link.names.intern(&mut lease, kind, &words)).await?;
        }
        self.readers.give_back(lease);
        Ok(self.link.names.known())
    }
}

pub(super) fn number_of(names: &Dictionary, kind: Kind, name: &str) -> Result<i32, sqlx::Error> {
    let lost = || sqlx::Error::Decode(format!("`{name}` has no number; try again").into());
    names.number(kind, name).ok_or_else(lost)
}

pub(super) async fn send(
    connection: &mut PgConnection,
    statement: &'static str,
    arguments: Filling,
) -> Result<Vec<PgRow>, sqlx::Error> {
    let call = arguments.call(statement);
    let call = call.map_err(|failure| sqlx::Error::Encode(failure.of_reading(WHAT).into()))?;
    call.rows(connection).await
}

async fn restore(
    connection: &mut PgConnection,
    events: &[RecordedEvent],
    streams: &[Added<'_>],
    names: &Dictionary,
) -> Result<Position, Undone> {
    let mut transaction = connection.begin().await?;
    let row = send(&mut transaction, include_str!("sql/restore_low.sql"), Filling::default()).await?;
    let low: i64 = row.first().ok_or(sqlx::Error::RowNotFound)?.try_get(0)?;
    let mut lock = Filling::default();
    lock.add(low);
    send(&mut transaction, include_str!("sql/restore_lock.sql"), lock).await?;
    let moved = move_heads(&mut transaction, streams, names, low).await?;
    if let Some(behind) = streams.iter().find(|added| !moved.contains(&added.stream.key())) {
        let mut asked = Filling::default();
        asked.add(behind.stream.key());
        let row = send(&mut transaction, include_str!("sql/stream_version.sql"), asked).await?;
        let actual = row.first().ok_or(sqlx::Error::RowNotFound)?.try_get::<i64, _>(0)?.unsigned_abs();
        transaction.rollback().await?;
        return Err(Undone::Conflict(Restoring::Conflict { stream: behind.stream.clone(), actual }));
    }
    let last = write_events(&mut transaction, events, names).await?;
    transaction.commit().await?;
    Ok(last)
}

/// Makes the heads of new streams and moves on the others: the keys of those that were where they must be.
async fn move_heads(
    connection: &mut PgConnection,
    streams: &[Added<'_>],
    names: &Dictionary,
    low: i64,
) -> Result<HashSet<Uuid>, sqlx::Error> {
    let (new, known): (Vec<_>, Vec<_>) = streams.iter().partition(|added| added.before == 0);
    let keys = |of: &[&Added<'_>]| of.iter().map(|added| added.stream.key()).collect::<Vec<_>>();
    let categories: Result<Vec<_>, _> =
        new.iter().map(|added| number_of(names, Kind::Category, added.stream.category())).collect();
    let mut made = Filling::default();
    made.add(keys(&new))
        .add(new.iter().map(|added| number(added.events)).collect::<Vec<_>>())
        .add(categories?)
        .add(new.iter().map(|added| added.stream.id()).collect::<Vec<_>>())
        .add(low);
    let mut moved = Filling::default();
    moved
        .add(keys(&known))
        .add(known.iter().map(|added| number(added.before)).collect::<Vec<_>>())
        .add(known.iter().map(|added| number(added.before + added.events)).collect::<Vec<_>>());
    let mut rows = send(connection, include_str!("sql/restore_new.sql"), made).await?;
    rows.extend(send(connection, include_str!("sql/restore_heads.sql"), moved).await?);
    rows.iter().map(|row| row.try_get(0)).collect()
}

async fn write_events(
    connection: &mut PgConnection,
    events: &[RecordedEvent],
    names: &Dictionary,
) -> Result<Position, sqlx::Error> {
    let types: Result<Vec<_>, _> =
        events.iter().map(|event| number_of(names, Kind::Event, &event.name)).collect();
    let meta = |event: &RecordedEvent| Some(event.meta.clone()).filter(|meta| !meta.is_empty());
    let mut written = Filling::default();
    written
        .add(events.iter().map(|event| number(event.version)).collect::<Vec<_>>())
        .add(events.iter().map(|event| event.recorded_at.as_micros()).collect::<Vec<_>>())
        .add(types?)
        .add(events.iter().map(|event| i32::from(event.type_version)).collect::<Vec<_>>())
        .add(events.iter().map(|event| event.stream.key()).collect::<Vec<_>>())
        .add(events.iter().map(meta).collect::<Vec<_>>())
        .add(events.iter().map(|event| &*event.payload).collect::<Vec<_>>());
    let rows = send(connection, include_str!("sql/restore_events.sql"), written).await?;
    let last: Option<i64> = rows.first().ok_or(sqlx::Error::RowNotFound)?.try_get(0)?;
    Ok(Position::from_raw(last.unwrap_or_default().unsigned_abs()))
}
