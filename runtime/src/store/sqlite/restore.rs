//! Events that were recorded before.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use sqlx::{QueryBuilder, Row, SqliteConnection};
use uuid::Uuid;

use super::{
    change::{Change, Denied},
    convert::{position, signed, unsigned},
};
use crate::store::{
    RecordedEvent, Restoring,
    restore::{Added, added},
};

/// So many streams are asked for, and so many events written, in one statement.
const STREAMS: usize = 500;
const EVENTS: usize = 250;

/// Events on their way into the file.
#[derive(Clone, Debug)]
pub(super) struct Restore(pub(super) Vec<RecordedEvent>);

#[async_trait]
impl Change for Restore {
    type Answer = Restoring;
    const WHAT: &'static str = "restoring events";

    fn is_alone(&self) -> bool {
        true
    }

    async fn make(&self, connection: &mut SqliteConnection) -> Result<Restoring, Denied> {
        let streams = match added(&self.0) {
            Ok(streams) => streams,
            Err(conflict) => return Ok(conflict),
        };
        let mut ids: HashMap<Uuid, Option<i64>> = HashMap::new();
        // All are looked at before anything is written: a conflict leaves nothing behind.
        for some in streams.chunks(STREAMS) {
            for (Added { stream, before, .. }, known) in some.iter().zip(heads(connection, some).await?) {
                let actual = known.map_or(0, |(_, version)| unsigned(version));
                if actual != *before {
                    return Ok(Restoring::Conflict { stream: (*stream).clone(), actual });
                }
                ids.insert(stream.key(), known.map(|(id, _)| id));
            }
        }
        self.write(connection, &streams, ids).await.map_err(Denied::Failed)
    }
}

impl Restore {
    async fn write(
        &self,
        connection: &mut SqliteConnection,
        streams: &[Added<'_>],
        mut ids: HashMap<Uuid, Option<i64>>,
    ) -> Result<Restoring, sqlx::Error> {
        for Added { stream, .. } in streams {
            if ids.get(&stream.key()).copied().flatten().is_none() {
                let query = sqlx::query_scalar(include_str!("sql/restore_stream.sql"))
                    .bind(stream.key().as_bytes().to_vec())
                    .bind(stream.category().to_owned())
                    .bind(stream.id().to_owned());
                ids.insert(stream.key(), Some(query.fetch_one(&mut *connection).await?));
            }
        }
        let types = self.types(connection).await?;
        let last = sqlx::query_scalar(include_str!("sql/last_position.sql"));
        let mut last: i64 = last.fetch_one(&mut *connection).await?;
        for some in self.0.chunks(EVENTS) {
            let mut query = QueryBuilder::new(include_str!("sql/restore_events.sql"));
            query.push_values(some, |mut row, event| {
                last += 1;
                row.push_bind(last)
                    .push_bind(ids.get(&event.stream.key()).copied().flatten())
                    .push_bind(signed(event.version))
                    .push_bind(event.recorded_at.as_micros())
                    .push_bind(types.get(&(event.name.as_str(), event.type_version)).copied())
                    .push_bind(Some(event.meta.clone()).filter(|meta| !meta.is_empty()))
                    .push_bind(event.payload.clone());
            });
            query.build().execute(&mut *connection).await?;
        }
        Ok(Restoring::Stored(position(last)))
    }

    /// The numbers of the types of all events.
    async fn types(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<HashMap<(&str, u16), i64>, sqlx::Error> {
        let types: BTreeSet<_> =
            self.0.iter().map(|event| (event.name.as_str(), event.type_version)).collect();
        let mut numbers = HashMap::new();
        for (name, version) in types {
            let query = sqlx::query(include_str!("sql/insert_type.sql")).bind(name.to_owned()).bind(version);
            query.execute(&mut *connection).await?;
            let query = sqlx::query_scalar(include_str!("sql/restored_type.sql"));
            let number = query.bind(name.to_owned()).bind(version).fetch_one(&mut *connection).await?;
            numbers.insert((name, version), number);
        }
        Ok(numbers)
    }
}

/// The number and the version of each stream that is there, in one question: there may be as many streams as events.
async fn heads(
    connection: &mut SqliteConnection,
    streams: &[Added<'_>],
) -> Result<Vec<Option<(i64, i64)>>, sqlx::Error> {
    let mut query = QueryBuilder::new(include_str!("sql/restored_heads.sql"));
    query.push_values(streams.iter().enumerate(), |mut row, (place, added)| {
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        row.push_bind(place).push_bind(added.stream.key().as_bytes().to_vec());
    });
    query.push(") AS asked JOIN gesta_streams AS s ON s.key = asked.column2");
    let mut heads = vec![None; streams.len()];
    for row in query.build().fetch_all(connection).await? {
        let place = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(usize::MAX);
        if let Some(head) = heads.get_mut(place) {
            *head = Some((row.try_get(1)?, row.try_get(2)?));
        }
    }
    Ok(heads)
}
