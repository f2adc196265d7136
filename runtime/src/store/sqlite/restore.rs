//! Events that were recorded before.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::{
    change::{Change, Denied},
    convert::{position, signed, unsigned},
};
use crate::store::{
    RecordedEvent, Restoring,
    restore::{Added, added},
};

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
        for Added { stream, before, .. } in &streams {
            let query =
                sqlx::query(include_str!("sql/restored_head.sql")).bind(stream.key().as_bytes().to_vec());
            let row = query.fetch_optional(&mut *connection).await?;
            let known: Option<(i64, i64)> =
                row.map(|row| Ok::<_, sqlx::Error>((row.try_get(0)?, row.try_get(1)?))).transpose()?;
            let actual = known.map_or(0, |(_, version)| unsigned(version));
            if actual != *before {
                return Ok(Restoring::Conflict { stream: (*stream).clone(), actual });
            }
            ids.insert(stream.key(), known.map(|(id, _)| id));
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
        let types: BTreeSet<_> = self.0.iter().map(|event| (&event.name, event.type_version)).collect();
        for (name, version) in types {
            let query = sqlx::query(include_str!("sql/insert_type.sql")).bind(name.clone()).bind(version);
            query.execute(&mut *connection).await?;
        }
        let last = sqlx::query_scalar(include_str!("sql/last_position.sql"));
        let mut last: i64 = last.fetch_one(&mut *connection).await?;
        for event in &self.0 {
            last += 1;
            sqlx::query(include_str!("sql/restore_event.sql"))
                .bind(last)
                .bind(ids.get(&event.stream.key()).copied().flatten())
                .bind(signed(event.version))
                .bind(event.recorded_at.as_micros())
                .bind(event.name.clone())
                .bind(event.type_version)
                .bind(Some(event.meta.clone()).filter(|meta| !meta.is_empty()))
                .bind(event.payload.clone())
                .execute(&mut *connection)
                .await?;
        }
        Ok(Restoring::Stored(position(last)))
    }
}
