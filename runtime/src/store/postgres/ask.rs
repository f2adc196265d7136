//! Asking the database, once and with a limit to the patience.

use sqlx::{Row, SqlSafeStr, postgres::PgRow};
use tokio::time::timeout;

use super::{
    Inner,
    call::{Call, Filling},
    failure::{Failure, Silent, reading},
    held::Held,
    shards::storable,
};
use crate::store::StoreError;

impl Inner {
    /// For those who read: all rows of the answer.
    pub(super) async fn ask(
        &self,
        what: &'static str,
        statement: impl SqlSafeStr,
        arguments: Filling,
    ) -> Result<Vec<PgRow>, StoreError> {
        self.answer(&self.readers, what, arguments.call(statement)).await
    }

    /// For those who work, which must go on however many read: all rows of the answer.
    pub(super) async fn work(
        &self,
        what: &'static str,
        statement: impl SqlSafeStr,
        arguments: Filling,
    ) -> Result<Vec<PgRow>, StoreError> {
        self.answer(&self.workers, what, arguments.call(statement)).await
    }

    /// Whether something that is named so was changed; nothing has a name that the database cannot hold.
    pub(super) async fn changed(
        &self,
        what: &'static str,
        name: &str,
        statement: &'static str,
        arguments: Filling,
    ) -> Result<bool, StoreError> {
        if !storable(name) {
            return Ok(false);
        }
        let rows = self.work(what, statement, arguments).await?;
        self.told(what, rows.first().map_or(Ok(false), |row| row.try_get(0)))
    }

    /// What was read out of an answer.
    pub(super) fn told<T>(&self, what: &'static str, read: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        read.map_err(|error| reading(what, error))
    }

    async fn answer(
        &self,
        held: &Held,
        what: &'static str,
        call: Result<Call, Failure>,
    ) -> Result<Vec<PgRow>, StoreError> {
        let call = call.map_err(|failure| failure.of_reading(what))?;
        let mut lease = held.take(what).await?;
        let patience = self.link.options.timeout;
        let answer = match timeout(patience, call.rows(&mut lease)).await {
            Ok(Ok(rows)) => {
                held.give_back(lease);
                return Ok(rows);
            }
            Ok(Err(error)) => {
                if Failure::leaves_connection(&error) {
                    held.give_back(lease);
                }
                reading(what, error)
            }
            Err(_) => StoreError::Unavailable { what, source: Box::new(Silent(patience)) },
        };
        self.noting_loss(Err(answer))
    }
}
