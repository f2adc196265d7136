//! The documents of projections. How they are found is told in [`super::find`], how they are written in
//! [`super::commit`].

use async_trait::async_trait;
use sqlx::{Row, postgres::PgRow};

use super::{Postgres, call::Filling, find, read::Fields, shards::storable};
use crate::store::{
    Document, Documents, Find, Found, Generation, GenerationState, Shards, StoreError, check_name,
    generation_name,
};

/// So many are deleted at once: that is done long before anybody's patience ends.
const SOME: i64 = 10_000;

#[async_trait]
impl Documents for Postgres {
    async fn load_documents(
        &self,
        collection: &str,
        keys: &[&str],
    ) -> Result<Vec<Option<Document>>, StoreError> {
        const WHAT: &str = "loading documents";
        if keys.is_empty() || !storable(collection) {
            return Ok(vec![None; keys.len()]);
        }
        let mut asked = Filling::default();
        asked.add(collection).add(keys.iter().map(|key| key.as_bytes()).collect::<Vec<_>>());
        let rows = self.inner.ask(WHAT, include_str!("sql/load_documents.sql"), asked).await?;
        self.inner.told(WHAT, loaded(keys, &rows))
    }

    async fn find_documents(&self, find: &Find) -> Result<Vec<Found>, StoreError> {
        const WHAT: &str = "finding documents";
        if !find::possible(find) {
            return Ok(Vec::new());
        }
        let (statement, arguments) = find::search(find);
        let rows = self.inner.ask(WHAT, sqlx::AssertSqlSafe(statement), arguments).await?;
        self.inner.told(WHAT, rows.iter().map(find::found).collect())
    }

    async fn count_documents(&self, find: &Find) -> Result<u64, StoreError> {
        const WHAT: &str = "counting documents";
        if !find::possible(find) {
            return Ok(0);
        }
        let (statement, arguments) = find::count(find);
        let rows = self.inner.ask(WHAT, sqlx::AssertSqlSafe(statement), arguments).await?;
        let count: i64 = self.inner.told(WHAT, rows.first().map_or(Ok(0), |row| row.try_get(0)))?;
        Ok(count.unsigned_abs())
    }

    async fn declare_generation(
        &self,
        projection: &str,
        version: u32,
    ) -> Result<Vec<Generation>, StoreError> {
        const DECLARE: &str = include_str!("sql/declare_generation.sql");
        check_name(projection, "projection")?;
        let mut declared = Filling::default();
        declared.add(projection).add(i64::from(version));
        self.inner.work("declaring a generation", DECLARE, declared).await?;
        self.generations(projection).await
    }

    async fn generations(&self, projection: &str) -> Result<Vec<Generation>, StoreError> {
        const WHAT: &str = "asking for the generations of a projection";
        if !storable(projection) {
            return Ok(Vec::new());
        }
        let mut asked = Filling::default();
        asked.add(projection);
        let rows = self.inner.ask(WHAT, include_str!("sql/generations.sql"), asked).await?;
        self.inner.told(WHAT, rows.iter().map(generation).collect())
    }

    async fn promote(&self, projection: &str, version: u32) -> Result<bool, StoreError> {
        let mut promoted = Filling::default();
        promoted.add(projection).add(i64::from(version));
        self.inner
            .changed("promoting a generation", projection, include_str!("sql/promote.sql"), promoted)
            .await
    }

    async fn drop_generation(&self, projection: &str, version: u32) -> Result<bool, StoreError> {
        const WHAT: &str = "dropping a generation";
        let generation = || {
            let mut generation = Filling::default();
            generation.add(projection).add(i64::from(version));
            generation
        };
        if !self.inner.changed(WHAT, projection, include_str!("sql/droppable.sql"), generation()).await? {
            return Ok(false);
        }
        // The row goes last: whoever is stopped half-way can call again.
        let name = generation_name(projection, version);
        self.remove(&name).await?;
        self.clear_collection(&name).await?;
        let gone = self.inner.work(WHAT, include_str!("sql/drop_generation.sql"), generation()).await?;
        Ok(!gone.is_empty())
    }

    async fn clear_collection(&self, collection: &str) -> Result<(), StoreError> {
        const WHAT: &str = "emptying a collection";
        while storable(collection) {
            let mut some = Filling::default();
            some.add(collection).add(SOME);
            let rows = self.inner.work(WHAT, include_str!("sql/clear_some.sql"), some).await?;
            let gone: i64 = self.inner.told(WHAT, rows.first().map_or(Ok(0), |row| row.try_get(0)))?;
            if gone < SOME {
                break;
            }
        }
        Ok(())
    }
}

fn loaded(keys: &[&str], rows: &[PgRow]) -> Result<Vec<Option<Document>>, sqlx::Error> {
    let mut documents = vec![None; keys.len()];
    for row in rows {
        let fields = Fields { row };
        let place = usize::try_from(fields.int8(0)? - 1).unwrap_or(usize::MAX);
        if let (Some(key), Some(slot)) = (keys.get(place), documents.get_mut(place)) {
            *slot = Some(Document {
                key: (*key).to_owned(),
                revision: fields.int8(1)?.cast_unsigned(),
                body: fields.optional_bytes(2)?.map(<[u8]>::to_vec),
            });
        }
    }
    Ok(documents)
}

fn generation(row: &PgRow) -> Result<Generation, sqlx::Error> {
    let state = match row.try_get::<i16, _>(1)? {
        0 => GenerationState::Building,
        1 => GenerationState::Live,
        _ => GenerationState::Superseded,
    };
    let version = u32::try_from(row.try_get::<i64, _>(0)?).unwrap_or(u32::MAX);
    Ok(Generation { version, state, declared_at: Fields { row }.time(2)? })
}
