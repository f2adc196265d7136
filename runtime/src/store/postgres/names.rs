//! The dictionary of names, kept in memory: categories and types of events are numbers in the tables.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use sqlx::{PgConnection, Row};

/// What a name names; the number stands in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Category = 1,
    Event = 2,
}

/// What is known of the dictionary at one moment. It only grows, so what is in it stays true.
#[derive(Clone, Debug, Default)]
pub(super) struct Dictionary {
    categories: HashMap<Box<str>, i32>,
    events: HashMap<Box<str>, i32>,
    words: HashMap<i32, Arc<str>>,
}

impl Dictionary {
    pub(super) fn number(&self, kind: Kind, name: &str) -> Option<i32> {
        match kind {
            Kind::Category => self.categories.get(name).copied(),
            Kind::Event => self.events.get(name).copied(),
        }
    }

    pub(super) fn word(&self, number: i32) -> Option<&Arc<str>> {
        self.words.get(&number)
    }

    fn learn(&mut self, kind: Kind, number: i32, word: &str) {
        let numbers = match kind {
            Kind::Category => &mut self.categories,
            Kind::Event => &mut self.events,
        };
        numbers.insert(word.into(), number);
        self.words.insert(number, word.into());
    }
}

/// The dictionary as far as this process knows it.
#[derive(Debug, Default)]
pub(super) struct Names {
    known: RwLock<Arc<Dictionary>>,
}

impl Names {
    pub(super) fn known(&self) -> Arc<Dictionary> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Starts anew: after a failover the numbers may mean something else.
    pub(super) fn forget(&self) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::default();
    }

    /// Reads the whole dictionary, which is as long as a program has types of events.
    pub(super) async fn load(&self, connection: &mut PgConnection) -> Result<Arc<Dictionary>, sqlx::Error> {
        let rows = sqlx::query(include_str!("sql/names.sql")).fetch_all(connection).await?;
        let mut read = Vec::with_capacity(rows.len());
        for row in &rows {
            let kind =
                if row.try_get::<i16, _>(1)? == Kind::Category as i16 { Kind::Category } else { Kind::Event };
            read.push((kind, row.try_get(0)?, row.try_get(2)?));
        }
        Ok(self.learn(read))
    }

    /// Gives numbers to new names. That is committed at once, whatever becomes of the append that needs them.
    pub(super) async fn intern(
        &self,
        connection: &mut PgConnection,
        kind: Kind,
        names: &[&str],
    ) -> Result<(), sqlx::Error> {
        let rows = sqlx::query(include_str!("sql/intern.sql")).bind(kind as i16).bind(names);
        let rows = rows.fetch_all(connection).await?;
        let mut read = Vec::with_capacity(rows.len());
        for row in &rows {
            read.push((kind, row.try_get(0)?, row.try_get(1)?));
        }
        self.learn(read);
        Ok(())
    }

    fn learn(&self, read: Vec<(Kind, i32, String)>) -> Arc<Dictionary> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let dictionary = Arc::make_mut(&mut known);
        read.iter().for_each(|(kind, number, word)| dictionary.learn(*kind, *number, word));
        Arc::clone(&known)
    }
}
