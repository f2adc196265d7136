//! Documents of projections, and the generations of these.

mod find;
mod write;

use std::collections::HashMap;

use async_trait::async_trait;
use serde_json::json;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

pub(super) use self::write::{last_of_each, revisions, write};
use super::{
    Sqlite,
    change::{Change, Denied},
    convert::{micros, unsigned},
    shards,
    sql::Values,
};
use crate::store::{
    Document, Documents, Find, Found, Generation, GenerationState, StoreError, check_name, generation_name,
    resolve::promotes,
};

async fn generations(
    connection: &mut SqliteConnection,
    projection: &str,
) -> Result<Vec<Generation>, sqlx::Error> {
    let query = sqlx::query(include_str!("../sql/read_generations.sql")).bind(projection);
    let generation = |row: &SqliteRow| {
        let state = match row.try_get::<i64, _>(1)? {
            0 => GenerationState::Building,
            1 => GenerationState::Live,
            _ => GenerationState::Superseded,
        };
        Ok(Generation { version: row.try_get(0)?, state, declared_at: micros(row.try_get(2)?) })
    };
    query.fetch_all(connection).await?.iter().map(generation).collect()
}

/// What somebody does with one generation.
#[derive(Debug)]
struct Manage {
    projection: String,
    version: u32,
    what: Managing,
}

#[derive(Clone, Copy, Debug)]
enum Managing {
    Declare,
    Promote,
    Drop,
}

#[async_trait]
impl Change for Manage {
    type Answer = bool;
    const WHAT: &'static str = "declaring, promoting or dropping a generation of a projection";

    async fn make(&self, connection: &mut SqliteConnection) -> Result<bool, Denied> {
        let query = match self.what {
            Managing::Declare => include_str!("../sql/insert_generation.sql"),
            Managing::Promote
                if promotes(&generations(connection, &self.projection).await?, self.version) =>
            {
                include_str!("../sql/promote.sql")
            }
            Managing::Promote => return Ok(false),
            Managing::Drop => include_str!("../sql/drop_generation.sql"),
        };
        let query = sqlx::query(query).bind(&*self.projection).bind(self.version);
        let changed = query.execute(&mut *connection).await?.rows_affected() > 0;
        if let (Managing::Drop, true) = (self.what, changed) {
            let name = generation_name(&self.projection, self.version);
            clear(connection, &name).await?;
            if let Some(id) = shards::id(connection, &name).await? {
                shards::remove(connection, id).await?;
            }
        }
        Ok(changed)
    }
}

async fn clear(connection: &mut SqliteConnection, collection: &str) -> Result<(), sqlx::Error> {
    let query = sqlx::query(include_str!("../sql/clear_collection.sql")).bind(collection);
    query.execute(connection).await.map(drop)
}

#[derive(Debug)]
struct Clear(String);

#[async_trait]
impl Change for Clear {
    type Answer = ();
    const WHAT: &'static str = "emptying a collection";

    async fn make(&self, connection: &mut SqliteConnection) -> Result<(), Denied> {
        Ok(clear(connection, &self.0).await?)
    }
}

impl Sqlite {
    async fn manage_generation(
        &self,
        projection: &str,
        version: u32,
        what: Managing,
    ) -> Result<bool, StoreError> {
        self.change(Manage { projection: projection.to_owned(), version, what }).await
    }
}

#[async_trait]
impl Documents for Sqlite {
    async fn load_documents(
        &self,
        collection: &str,
        keys: &[&str],
    ) -> Result<Vec<Option<Document>>, StoreError> {
        let mut connection = self.reader().await?;
        let query = sqlx::query(include_str!("../sql/load_documents.sql"));
        let result = query.bind(collection).bind(json!(keys).to_string()).fetch_all(&mut *connection).await;
        let document = |row: &SqliteRow| {
            let (key, revision): (String, _) = (row.try_get(0)?, unsigned(row.try_get(1)?));
            Ok((key.clone(), Document { key, body: row.try_get(2)?, revision }))
        };
        let result = result.and_then(|rows| rows.iter().map(document).collect());
        let found: HashMap<String, Document> = connection.settle(result, "loading documents")?;
        Ok(keys.iter().map(|key| found.get(*key).cloned()).collect())
    }

    async fn find_documents(&self, find: &Find) -> Result<Vec<Found>, StoreError> {
        let mut connection = self.reader().await?;
        let result = find::find(&mut connection, find).await;
        connection.settle(result, "finding documents")
    }

    async fn count_documents(&self, find: &Find) -> Result<u64, StoreError> {
        let mut connection = self.reader().await?;
        let result = find::count(&mut connection, find).await;
        connection.settle(result, "counting documents")
    }

    async fn declare_generation(
        &self,
        projection: &str,
        version: u32,
    ) -> Result<Vec<Generation>, StoreError> {
        check_name(projection, "projection")?;
        let known = self.generations(projection).await?;
        // Most of the time it is there, and nothing need be written.
        if known.iter().any(|generation| generation.version == version) {
            return Ok(known);
        }
        self.manage_generation(projection, version, Managing::Declare).await?;
        self.generations(projection).await
    }

    async fn generations(&self, projection: &str) -> Result<Vec<Generation>, StoreError> {
        let mut connection = self.reader().await?;
        let result = generations(&mut connection, projection).await;
        connection.settle(result, "reading the generations of a projection")
    }

    async fn promote(&self, projection: &str, version: u32) -> Result<bool, StoreError> {
        self.manage_generation(projection, version, Managing::Promote).await
    }

    async fn drop_generation(&self, projection: &str, version: u32) -> Result<bool, StoreError> {
        self.manage_generation(projection, version, Managing::Drop).await
    }

    async fn clear_collection(&self, collection: &str) -> Result<(), StoreError> {
        self.change(Clear(collection.to_owned())).await
    }
}
