//! Which programs run on the file, and what is recorded of what they store.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};
use uuid::Uuid;

use super::{
    Sqlite,
    change::{Change, Denied},
    convert::{signed, unsigned},
};
use crate::store::{
    DefinitionCount, EventCount, Fleet, Member, Records, ShapeKind, StoreError, Survey, Suspects,
    resolve::{self, FORGOTTEN},
};

/// In microseconds, as the file has it.
fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 2).min(i64::MAX / 2)
}

/// As SQLite writes bytes.
fn hex(id: Uuid) -> String {
    format!("{:X}", id.simple())
}

#[derive(Debug)]
struct Join {
    member: Member,
    /// The programs of a survey and its turn, where there is one.
    seen: Option<(Vec<Uuid>, u64)>,
    ttl: Duration,
}

#[async_trait]
impl Change for Join {
    type Answer = bool;
    const WHAT: &'static str = "joining those who run on the store";

    async fn make(&self, connection: &mut SqliteConnection) -> Result<bool, Denied> {
        let Self { member: Member { id, release, process, program }, seen, ttl } = self;
        if let Some((seen, turn)) = seen {
            let seen: Vec<String> = seen.iter().copied().map(hex).collect();
            let query = sqlx::query_scalar(include_str!("sql/may_join.sql"));
            let query = query.bind(json!(seen).to_string()).bind(signed(*turn));
            if !query.fetch_one(&mut *connection).await? {
                return Ok(false);
            }
        }
        let shapes = program.shapes.iter().map(|known| {
            let (kind, print) = (known.kind.name(), known.fingerprint.cast_signed());
            let written = u8::from(known.written);
            json!([kind, known.owner, known.name, known.version, print, known.shape, written])
        });
        let shapes = json!(shapes.collect::<Vec<_>>()).to_string();
        let query = sqlx::query(include_str!("sql/record_shapes.sql")).bind(shapes).bind(&**release);
        query.execute(&mut *connection).await?;
        let query = sqlx::query(include_str!("sql/forget_members.sql")).bind(micros(FORGOTTEN));
        query.execute(&mut *connection).await?;
        sqlx::query(include_str!("sql/join_fleet.sql"))
            .bind(id.as_bytes().as_slice())
            .bind(program.digest().as_bytes().to_vec())
            .bind(&**release)
            .bind(i64::from(*process))
            .bind(micros(*ttl))
            .bind(resolve::body(program))
            .execute(connection)
            .await?;
        Ok(true)
    }
}

#[derive(Debug)]
struct Beat {
    member: Uuid,
    ttl: Duration,
}

#[async_trait]
impl Change for Beat {
    type Answer = bool;
    const WHAT: &'static str = "staying among those who run on the store";

    async fn make(&self, connection: &mut SqliteConnection) -> Result<bool, Denied> {
        let query = sqlx::query(include_str!("sql/beat.sql"));
        let query = query.bind(self.member.as_bytes().as_slice()).bind(micros(self.ttl));
        Ok(query.execute(connection).await?.rows_affected() > 0)
    }
}

#[derive(Debug)]
struct Depart(Uuid);

#[async_trait]
impl Change for Depart {
    type Answer = ();
    const WHAT: &'static str = "leaving those who run on the store";

    async fn make(&self, connection: &mut SqliteConnection) -> Result<(), Denied> {
        let member = self.0.as_bytes().as_slice();
        sqlx::query(include_str!("sql/depart.sql")).bind(member).execute(connection).await?;
        Ok(())
    }
}

fn surveyed(row: &SqliteRow) -> Result<Survey, sqlx::Error> {
    let parts = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?];
    resolve::survey(parts, row.try_get(4)?).map_err(sqlx::Error::Decode)
}

fn recorded(row: &SqliteRow) -> Result<Records, sqlx::Error> {
    resolve::records([row.try_get(0)?, row.try_get(1)?]).map_err(sqlx::Error::Decode)
}

/// The counts, and whether all were looked at that could be meant.
fn counted(rows: &[SqliteRow]) -> Result<(Vec<EventCount>, bool), sqlx::Error> {
    let (mut counts, mut all) = (Vec::new(), true);
    for row in rows {
        let rows = unsigned(row.try_get(3)?);
        match row.try_get::<Option<String>, _>(0)? {
            None => all = rows == 0,
            Some(category) => {
                let (name, version) = (row.try_get(1)?, row.try_get(2)?);
                counts.push(EventCount { category, name, version, rows });
            }
        }
    }
    counts.sort();
    Ok((counts, all))
}

fn definition(row: &SqliteRow) -> Result<DefinitionCount, sqlx::Error> {
    Ok(DefinitionCount {
        saga: row.try_get(0)?,
        definition: (row.try_get(1)?, row.try_get::<i64, _>(2)?.cast_unsigned()),
        instances: unsigned(row.try_get(3)?),
    })
}

#[async_trait]
impl Fleet for Sqlite {
    async fn survey(&self, owners: &[(ShapeKind, &str)]) -> Result<Survey, StoreError> {
        let owners: Vec<_> = owners.iter().map(|(kind, owner)| json!([kind.name(), owner])).collect();
        let mut connection = self.reader().await?;
        let query = sqlx::query(include_str!("sql/survey.sql")).bind(json!(owners).to_string());
        let result = query.fetch_one(&mut *connection).await.and_then(|row| surveyed(&row));
        connection.settle(result, "asking who runs on the store")
    }

    async fn records(&self) -> Result<Records, StoreError> {
        let mut connection = self.reader().await?;
        let query = sqlx::query(include_str!("sql/records.sql"));
        let result = query.fetch_one(&mut *connection).await.and_then(|row| recorded(&row));
        connection.settle(result, "asking what is recorded")
    }

    async fn count_events(
        &self,
        suspects: &[Suspects],
        limit: u64,
    ) -> Result<(Vec<EventCount>, bool), StoreError> {
        let after = suspects.iter().map(|suspects| suspects.after).min();
        let Some(after) = after else { return Ok((Vec::new(), true)) };
        let meant = suspects.iter().flat_map(|suspects| {
            let Suspects { categories, name, above, after } = suspects;
            categories.iter().map(move |category| json!([name, above, category, signed(after.raw())]))
        });
        let meant = json!(meant.collect::<Vec<_>>()).to_string();
        let mut connection = self.reader().await?;
        let query = sqlx::query(include_str!("sql/count_events.sql"))
            .bind(meant)
            .bind(signed(after.raw()))
            .bind(signed(limit));
        let result = query.fetch_all(&mut *connection).await.and_then(|rows| counted(&rows));
        connection.settle(result, "counting events")
    }

    async fn count_definitions(
        &self,
        sagas: &[&str],
        limit: u64,
    ) -> Result<Vec<DefinitionCount>, StoreError> {
        let mut connection = self.reader().await?;
        let query = sqlx::query(include_str!("sql/count_definitions.sql"));
        let query = query.bind(json!(sagas).to_string()).bind(signed(limit));
        let result = query.fetch_all(&mut *connection).await;
        let result = result.and_then(|rows| rows.iter().map(definition).collect::<Result<Vec<_>, _>>());
        let mut counts = connection.settle(result, "counting the definitions of sagas")?;
        counts.sort();
        Ok(counts)
    }

    async fn join(
        &self,
        member: &Member,
        survey: Option<&Survey>,
        ttl: Duration,
    ) -> Result<bool, StoreError> {
        member.check()?;
        let own = member.program.digest();
        let seen = survey.map(|survey| (resolve::seen(survey, own), survey.turn));
        self.change(Join { member: member.clone(), seen, ttl }).await
    }

    async fn beat(&self, member: Uuid, ttl: Duration) -> Result<bool, StoreError> {
        self.change(Beat { member, ttl }).await
    }

    async fn depart(&self, member: Uuid) -> Result<(), StoreError> {
        self.change(Depart(member)).await
    }
}
