use std::time::Duration;

use sqlx::{PgPool, postgres::PgConnectOptions};

use super::Postgres;
use crate::store::ConnectError;

/// How a [`Postgres`] store uses its database.
///
/// ```no_run
/// # async fn open() -> Result<(), gesta::store::ConnectError> {
/// use gesta::store::Postgres;
///
/// let store = Postgres::options().append_lanes(1).readers(4).connect("postgres://localhost/bank").await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing until `connect` or `with_pool`"]
pub struct PostgresOptions {
    pub(super) append_lanes: usize,
    pub(super) readers: usize,
    pub(super) workers: usize,
    pub(super) notifications: bool,
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) lock_timeout: Duration,
    pub(super) work_timeout: Duration,
    pub(super) existing: bool,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            append_lanes: 2,
            readers: 8,
            workers: 4,
            notifications: true,
            timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(2),
            work_timeout: Duration::from_secs(60),
            existing: false,
        }
    }
}

impl PostgresOptions {
    /// How many connections append; 2 unless told otherwise. More help only where commits are slow.
    pub fn append_lanes(mut self, lanes: usize) -> Self {
        self.append_lanes = lanes.max(1);
        self
    }

    /// How many connections read at most; 8 unless told otherwise. They are opened when they are needed.
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers.max(1);
        self
    }

    /// How many connections those use at most who follow the log, to claim shards and to commit; 4 unless told
    /// otherwise. They are opened when they are needed.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// Whether processes tell each other of appends by `NOTIFY`, on one connection for telling and one for listening;
    /// they do unless told otherwise. Without it, those who follow the log find what others append by looking from
    /// time to time.
    pub fn notifications(mut self, notifications: bool) -> Self {
        self.notifications = notifications;
        self
    }

    /// How long the database may be silent; ten seconds unless told otherwise. It holds for each append, and for
    /// each pause between two rows of a reading. A connection that is silent for longer is given up.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long opening a connection may take; five seconds unless told otherwise.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long an append waits for a stream that a transaction elsewhere holds; two seconds unless told otherwise.
    /// Appends of the same batch wait with it.
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// How long the statements of a [`SqlProjection`](crate::projection::SqlProjection) may take for one batch of events,
    /// before they are taken back with [`StoreError::WorkTimedOut`](crate::store::StoreError::WorkTimedOut). A minute unless
    /// told otherwise.
    pub fn work_timeout(mut self, timeout: Duration) -> Self {
        self.work_timeout = timeout;
        self
    }

    /// Opens only what is there: a database without a store is refused with
    /// [`ConnectError::Missing`](crate::store::ConnectError::Missing), and one whose tables are of an older version with
    /// [`ConnectError::Unsafe`](crate::store::ConnectError::Unsafe), because changing them is left to the application.
    pub fn existing(mut self) -> Self {
        self.existing = true;
        self
    }

    /// Opens the store at an address, `postgres://user:password@host/database`, and brings its tables up to date.
    ///
    /// # Errors
    /// As [`Postgres::connect`].
    pub async fn connect(self, url: &str) -> Result<Postgres, ConnectError> {
        let target: PgConnectOptions = url.parse().map_err(|_: sqlx::Error| ConnectError::UnknownUrl {
            url: url.rfind('@').map_or_else(|| url.to_owned(), |at| format!("postgres://..{}", &url[at..])),
        })?;
        Postgres::open(target, self).await
    }

    /// Opens the store in the database of a pool, and brings its tables up to date.
    ///
    /// # Errors
    /// As [`Postgres::connect`].
    pub async fn with_pool(self, pool: PgPool) -> Result<Postgres, ConnectError> {
        Postgres::open(PgConnectOptions::clone(&pool.connect_options()), self).await
    }
}
