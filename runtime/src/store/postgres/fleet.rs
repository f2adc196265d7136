//! Which programs run on the store, and what is recorded of what they store.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::{
    Postgres,
    call::{Filling, number},
    read::Fields,
    shards::{micros, storable},
};
use crate::store::{
    DefinitionCount, EventCount, Fleet, KnownShape, Member, Records, ShapeKind, StoreError, Survey, Suspects,
    resolve::{self, FORGOTTEN},
};

#[async_trait]
impl Fleet for Postgres {
    async fn survey(&self, owners: &[(ShapeKind, &str)]) -> Result<Survey, StoreError> {
        const WHAT: &str = "asking who runs on the store";
        let owners: Vec<_> = owners.iter().filter(|(_, owner)| storable(owner)).collect();
        let mut asked = Filling::default();
        asked.add(owners.iter().map(|(kind, _)| kind.name()).collect::<Vec<_>>());
        asked.add(owners.iter().map(|(_, owner)| *owner).collect::<Vec<_>>());
        let rows = self.inner.work(WHAT, include_str!("sql/survey.sql"), asked).await?;
        self.inner.told(WHAT, rows.first().map_or_else(|| Ok(Survey::default()), surveyed))
    }

    async fn records(&self) -> Result<Records, StoreError> {
        const WHAT: &str = "asking what is recorded";
        let rows = self.inner.ask(WHAT, include_str!("sql/records.sql"), Filling::default()).await?;
        self.inner.told(WHAT, rows.first().map_or_else(|| Ok(Records::default()), recorded))
    }

    async fn count_events(
        &self,
        suspects: &[Suspects],
        limit: u64,
    ) -> Result<(Vec<EventCount>, bool), StoreError> {
        const WHAT: &str = "counting events";
        let after = suspects.iter().map(|suspects| suspects.after).min();
        let Some(after) = after else { return Ok((Vec::new(), true)) };
        let meant = suspects
            .iter()
            .flat_map(|suspects| suspects.categories.iter().map(move |category| (category, suspects)));
        let storable =
            |(category, suspects): &(&String, &Suspects)| storable(category) && storable(&suspects.name);
        let meant: Vec<_> = meant.filter(storable).collect();
        let mut asked = Filling::default();
        asked
            .add(meant.iter().map(|(category, _)| &***category).collect::<Vec<_>>())
            .add(meant.iter().map(|(_, suspects)| &*suspects.name).collect::<Vec<_>>())
            .add(meant.iter().map(|(_, suspects)| i32::from(suspects.above)).collect::<Vec<_>>())
            .add(meant.iter().map(|(_, suspects)| number(suspects.after.raw())).collect::<Vec<_>>())
            .add(number(after.raw()))
            .add(number(limit));
        let rows = self.inner.ask(WHAT, include_str!("sql/count_events.sql"), asked).await?;
        self.inner.told(WHAT, counted(&rows))
    }

    async fn count_definitions(
        &self,
        sagas: &[&str],
        limit: u64,
    ) -> Result<Vec<DefinitionCount>, StoreError> {
        const WHAT: &str = "counting the definitions of sagas";
        let sagas: Vec<&str> = sagas.iter().copied().filter(|saga| storable(saga)).collect();
        let mut asked = Filling::default();
        asked.add(sagas).add(number(limit));
        let rows = self.inner.ask(WHAT, include_str!("sql/count_definitions.sql"), asked).await?;
        let mut counts: Vec<_> = self.inner.told(WHAT, rows.iter().map(definition).collect())?;
        counts.sort();
        Ok(counts)
    }

    async fn join(
        &self,
        member: &Member,
        survey: Option<&Survey>,
        ttl: Duration,
    ) -> Result<bool, StoreError> {
        const WHAT: &str = "joining those who run on the store";
        member.check()?;
        let own = member.program.digest();
        let mut joining = Filling::default();
        joining
            .add(member.id)
            .add(own)
            .add(resolve::body(&member.program))
            .add(&*member.release)
            .add(i64::from(member.process))
            .add(micros(ttl))
            .add(micros(FORGOTTEN))
            .add(survey.map(|survey| resolve::seen(survey, own)))
            .add(survey.map(|survey| number(survey.turn)));
        add_shapes(&mut joining, &member.program.shapes);
        let rows = self.inner.work(WHAT, include_str!("sql/join_fleet.sql"), joining).await?;
        self.inner.told(WHAT, rows.first().map_or(Ok(false), |row| row.try_get(0)))
    }

    async fn beat(&self, member: Uuid, ttl: Duration) -> Result<bool, StoreError> {
        let mut beating = Filling::default();
        beating.add(member).add(micros(ttl));
        let what = "staying among those who run on the store";
        Ok(!self.inner.work(what, include_str!("sql/beat.sql"), beating).await?.is_empty())
    }

    async fn depart(&self, member: Uuid) -> Result<(), StoreError> {
        let mut departing = Filling::default();
        departing.add(member);
        let what = "leaving those who run on the store";
        self.inner.work(what, include_str!("sql/depart.sql"), departing).await.map(drop)
    }
}

fn add_shapes(arguments: &mut Filling, shapes: &[KnownShape]) {
    arguments
        .add(shapes.iter().map(|shape| shape.kind.name()).collect::<Vec<_>>())
        .add(shapes.iter().map(|shape| &*shape.owner).collect::<Vec<_>>())
        .add(shapes.iter().map(|shape| &*shape.name).collect::<Vec<_>>())
        .add(shapes.iter().map(|shape| i32::from(shape.version)).collect::<Vec<_>>())
        .add(shapes.iter().map(|shape| shape.fingerprint.cast_signed()).collect::<Vec<_>>())
        .add(shapes.iter().map(|shape| &*shape.shape).collect::<Vec<_>>())
        .add(shapes.iter().map(|shape| shape.written).collect::<Vec<_>>());
}

fn surveyed(row: &PgRow) -> Result<Survey, sqlx::Error> {
    let parts = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?];
    resolve::survey(parts, row.try_get(4)?).map_err(sqlx::Error::Decode)
}

fn recorded(row: &PgRow) -> Result<Records, sqlx::Error> {
    resolve::records([row.try_get(0)?, row.try_get(1)?]).map_err(sqlx::Error::Decode)
}

/// The counts, and whether all were looked at that could be meant.
fn counted(rows: &[PgRow]) -> Result<(Vec<EventCount>, bool), sqlx::Error> {
    let (mut counts, mut all) = (Vec::new(), true);
    for row in rows {
        let rows = row.try_get::<i64, _>(3)?.unsigned_abs();
        match row.try_get::<Option<String>, _>(0)? {
            None => all = rows == 0,
            Some(category) => {
                let version = u16::try_from(Fields { row }.int4(2)?).unwrap_or(u16::MAX);
                counts.push(EventCount { category, name: row.try_get(1)?, version, rows });
            }
        }
    }
    counts.sort();
    Ok((counts, all))
}

fn definition(row: &PgRow) -> Result<DefinitionCount, sqlx::Error> {
    let fields = Fields { row };
    Ok(DefinitionCount {
        saga: row.try_get(0)?,
        definition: (u16::try_from(fields.int4(1)?).unwrap_or(u16::MAX), fields.int8(2)?.cast_unsigned()),
        instances: row.try_get::<i64, _>(3)?.unsigned_abs(),
    })
}
