use gesta::domain::Delivery;
use sqlx::{
    PgPool, Row, SqlitePool,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS notes (
    number BIGSERIAL PRIMARY KEY, handler text NOT NULL, stream text NOT NULL, version bigint NOT NULL,
    attempt int NOT NULL)";
const TAKE: &str = "INSERT INTO notes (handler, stream, version, attempt) VALUES ($1, $2, $3, $4)";
const ALL: &str = "SELECT handler, stream, version FROM notes ORDER BY number";

/// A table of deliveries, with connections of its own.
#[derive(Clone, Debug)]
pub enum Notes {
    /// In PostgreSQL.
    Postgres(PgPool),
    /// In a file beside that of the events.
    Sqlite(SqlitePool),
}

impl Notes {
    /// Opens the table that belongs to a store at this address.
    ///
    /// # Errors
    /// What the database says.
    pub async fn open(url: &str) -> Result<Self, sqlx::Error> {
        let Some(file) = url.strip_prefix("sqlite:") else {
            let pool = PgPoolOptions::new().max_connections(8).connect(url).await?;
            sqlx::query(TABLE).execute(&pool).await?;
            return Ok(Self::Postgres(pool));
        };
        let options = SqliteConnectOptions::new()
            .filename(format!("{file}.notes"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        let table = TABLE.replace("BIGSERIAL PRIMARY KEY", "INTEGER PRIMARY KEY AUTOINCREMENT");
        sqlx::query(sqlx::AssertSqlSafe(table)).execute(&pool).await?;
        Ok(Self::Sqlite(pool))
    }

    /// Notes a delivery; when it returns, that is durable.
    pub(super) async fn take(&self, delivery: &Delivery<'_>) -> Result<(), sqlx::Error> {
        let (version, attempt) = (delivery.version.cast_signed(), delivery.attempt.cast_signed());
        match self {
            Self::Postgres(pool) => {
                let take = sqlx::query(TAKE).bind(delivery.handler).bind(delivery.id);
                take.bind(version).bind(attempt).execute(pool).await.map(drop)
            }
            Self::Sqlite(pool) => {
                let take = sqlx::query(TAKE).bind(delivery.handler).bind(delivery.id);
                take.bind(version).bind(attempt).execute(pool).await.map(drop)
            }
        }
    }

    /// Handler, stream and version of every delivery, in the order in which they were noted.
    ///
    /// # Panics
    /// When they cannot be read.
    pub async fn all(&self) -> Vec<(String, String, u64)> {
        let row = |handler, stream, version: i64| (handler, stream, version.cast_unsigned());
        match self {
            Self::Postgres(pool) => {
                let rows = sqlx::query(ALL).fetch_all(pool).await.expect("the notes");
                rows.iter().map(|found| row(found.get(0), found.get(1), found.get(2))).collect()
            }
            Self::Sqlite(pool) => {
                let rows = sqlx::query(ALL).fetch_all(pool).await.expect("the notes");
                rows.iter().map(|found| row(found.get(0), found.get(1), found.get(2))).collect()
            }
        }
    }

    /// Closes the connections.
    pub async fn close(&self) {
        match self {
            Self::Postgres(pool) => pool.close().await,
            Self::Sqlite(pool) => pool.close().await,
        }
    }
}
