//! The dictionary of event types: numbers in the log, names for everybody else.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use sqlx::{Row, SqliteConnection};

/// A type of event by its name in the store and the version of its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EventType {
    pub(super) name: String,
    pub(super) version: u16,
}

/// The rows of the dictionary at some time. More may have come since, but none of these has changed.
#[derive(Debug, Default)]
pub(super) struct Dictionary {
    by_id: HashMap<i64, EventType>,
    by_name: HashMap<String, Vec<(u16, i64)>>,
}

impl Dictionary {
    pub(super) fn get(&self, id: i64) -> Option<&EventType> {
        self.by_id.get(&id)
    }

    pub(super) fn id(&self, name: &str, version: u16) -> Option<i64> {
        let versions = self.by_name.get(name)?;
        versions.iter().find(|(of, _)| *of == version).map(|(_, id)| *id)
    }

    /// All rows that the connection sees.
    pub(super) async fn load(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let rows = sqlx::query(include_str!("sql/load_types.sql")).fetch_all(connection).await?;
        let mut dictionary = Self::default();
        for row in rows {
            let (id, name): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
            let version: u16 = row.try_get(2)?;
            dictionary.by_name.entry(name.clone()).or_default().push((version, id));
            dictionary.by_id.insert(id, EventType { name, version });
        }
        Ok(dictionary)
    }

    /// Adds types that are missing, inside a transaction that holds the write lock.
    pub(super) async fn extend<'a>(
        connection: &mut SqliteConnection,
        missing: impl Iterator<Item = (&'a str, u16)>,
    ) -> Result<Self, sqlx::Error> {
        for (name, version) in missing {
            let insert = sqlx::query(include_str!("sql/insert_type.sql")).bind(name).bind(version);
            insert.execute(&mut *connection).await?;
        }
        Self::load(connection).await
    }
}

/// What this process knows of the dictionary. Only what was committed is ever put here.
#[derive(Debug, Default)]
pub(super) struct Types(RwLock<Arc<Dictionary>>);

impl Types {
    pub(super) fn known(&self) -> Arc<Dictionary> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn learn(&self, newer: Arc<Dictionary>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = newer;
    }
}
