//! Statements with their arguments, ready to be sent.

use sqlx::{
    Arguments, PgConnection, SqlSafeStr, SqlStr,
    postgres::{PgArguments, PgRow},
};

use super::failure::Failure;

/// A statement with its arguments.
pub(super) struct Call {
    statement: SqlStr,
    arguments: PgArguments,
}

impl Call {
    /// Sends it and waits for the one row of the answer: one round trip.
    pub(super) async fn send(self, connection: &mut PgConnection) -> Result<PgRow, sqlx::Error> {
        sqlx::query_with(self.statement, self.arguments).fetch_one(connection).await
    }

    /// Sends it and waits for all rows of the answer: one round trip.
    pub(super) async fn rows(self, connection: &mut PgConnection) -> Result<Vec<PgRow>, sqlx::Error> {
        sqlx::query_with(self.statement, self.arguments).fetch_all(connection).await
    }
}

/// Arguments being filled; the first error is told at the end.
#[derive(Default)]
pub(super) struct Filling {
    arguments: PgArguments,
    error: Option<sqlx::error::BoxDynError>,
}

impl Filling {
    pub(super) fn add<'q, T>(&mut self, value: T) -> &mut Self
    where
        T: sqlx::Encode<'q, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        if let Err(error) = self.arguments.add(value) {
            self.error.get_or_insert(error);
        }
        self
    }

    pub(super) fn call(self, statement: impl SqlSafeStr) -> Result<Call, Failure> {
        match self.error {
            None => Ok(Call { statement: statement.into_sql_str(), arguments: self.arguments }),
            Some(error) => Err(Failure::Refused(error)),
        }
    }
}

/// As an array of the database counts.
pub(super) fn count(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

/// A position, version or limit as a number of the database; greater ones than it has mean "as far as there is".
pub(super) fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
