use std::time::Duration;

use sqlx::{PgPool, Row, SqlitePool, postgres::PgPoolOptions, sqlite::SqlitePoolOptions};

/// Finds instances that nobody will ever look at again, with one question to the database.
#[derive(Clone, Debug)]
pub enum Lost {
    /// In PostgreSQL.
    Postgres(PgPool),
    /// In SQLite.
    Sqlite(SqlitePool),
}

/// 0 is running, 1 compensating, 2 parked.
const IN_POSTGRES: &str = "SELECT saga || '/' || id FROM gesta.sagas
    WHERE (status IN (0, 1) AND due_at IS NULL) OR (status = 2 AND error IS NULL)";

const IN_SQLITE: &str = "SELECT saga || '/' || id FROM gesta_sagas
    WHERE (status IN ('running', 'compensating') AND due_at IS NULL) OR (status = 'parked' AND error IS NULL)";

impl Lost {
    /// In the database at this address, which is asked on a connection of its own.
    ///
    /// # Panics
    /// When the address is none.
    pub fn at(url: &str) -> Self {
        let patience = Duration::from_secs(5);
        if url.starts_with("sqlite:") {
            let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(patience);
            return Self::Sqlite(pool.connect_lazy(url).expect("an address"));
        }
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(patience);
        Self::Postgres(pool.connect_lazy(url).expect("an address"))
    }

    /// Instances that go on by themselves without a time at which they are due, and those that are parked without a
    /// reason.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn all(&self) -> Result<Vec<String>, sqlx::Error> {
        Ok(match self {
            Self::Postgres(pool) => {
                let rows = sqlx::query(IN_POSTGRES).fetch_all(pool).await?;
                rows.iter().map(|row| row.get(0)).collect()
            }
            Self::Sqlite(pool) => {
                let rows = sqlx::query(IN_SQLITE).fetch_all(pool).await?;
                rows.iter().map(|row| row.get(0)).collect()
            }
        })
    }

    /// Gives the connection back.
    pub async fn close(&self) {
        match self {
            Self::Postgres(pool) => pool.close().await,
            Self::Sqlite(pool) => pool.close().await,
        }
    }
}
