//! Events in PostgreSQL, version 15 or later.
//!
//! Everything is kept in the schema `gesta`, with migrations of its own; the tables of the application stay its own.
//! How the order of the log is kept is told in `migrations/0001_append_v1.sql`.

mod alone;
mod append;
mod ask;
mod background;
mod beside;
mod call;
mod commit;
mod copy;
mod deliver;
mod deliveries;
mod documents;
mod failure;
mod far;
mod find;
mod fleet;
mod held;
mod inspect;
mod keys;
mod link;
mod log;
mod look_over;
mod migrate;
mod names;
mod options;
mod parked;
mod probe;
mod process;
mod read;
mod restore;
mod round;
mod sagas;
mod settle;
mod shards;
mod signals;
mod timers;
mod to_the_end;
mod transaction;
mod writes;

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use sqlx::{
    PgPool, Row,
    postgres::{PgConnectOptions, PgRow},
};
use tokio::time::timeout;

pub use options::PostgresOptions;

use self::{
    failure::{Failure, Silent, reading},
    held::{Held, Lease},
    link::{Duty, Link},
    read::Reading,
    round::key_id,
    signals::Signals,
};
use super::{
    Append, ConnectError, EventStore, Fleet, Inspect, LogVisitor, Outcome, ReadLog, ReadSide, ReadStream,
    SnapshotRef, Store, StoreError, StreamId, StreamVisitor, check_key,
};
use crate::domain::{IdempotencyKey, Position, Receipt};

/// An event store in PostgreSQL. Its clones share its connections.
///
/// It opens a few connections of its own and holds them: [`PostgresOptions`] says how many. The order of the log
/// rests on advisory locks and on transactions that are READ COMMITTED; a database where these do not work as they
/// should is refused with the reason.
///
/// ```no_run
/// # async fn open() -> Result<(), gesta::store::ConnectError> {
/// use gesta::store::{Postgres, Store};
///
/// let store: Store = Postgres::connect("postgres://bank@localhost/bank").await?.into();
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Postgres {
    inner: Arc<Inner>,
}

struct Inner {
    link: Arc<Link>,
    lanes: Held,
    readers: Held,
    workers: Held,
    signals: Signals,
}

/// How often an append that another transaction was in the way of is repeated at once.
const REPEATS: u32 = 4;

impl Postgres {
    /// Opens the store at an address, `postgres://user:password@host/database`, and brings its tables up to date.
    ///
    /// # Errors
    /// [`ConnectError::UnknownUrl`] for an address of another form, [`ConnectError::Unreachable`] when nobody
    /// answers there or lets us in, [`ConnectError::Unsafe`] when the database would break a promise of the store
    /// without a word, [`ConnectError::Migration`] when the tables cannot be brought up to date.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::options().connect(url).await
    }

    /// Opens the store in the database of a pool, and brings its tables up to date. The store connects as the pool
    /// does, on connections of its own; transactions of the pool can be given to [`Postgres::append_in`].
    ///
    /// # Errors
    /// As [`Postgres::connect`].
    pub async fn with_pool(pool: PgPool) -> Result<Self, ConnectError> {
        Self::options().with_pool(pool).await
    }

    /// Says first how the database is to be used.
    pub fn options() -> PostgresOptions {
        PostgresOptions::default()
    }

    async fn open(target: PgConnectOptions, options: PostgresOptions) -> Result<Self, ConnectError> {
        let link = Arc::new(Link::new(target, options));
        probe::server(&link).await?;
        migrate::run(&link).await?;
        probe::tables(&link).await?;
        let lanes = Held::new(Arc::clone(&link), link.options.append_lanes, Duty::Append);
        let readers = Held::new(Arc::clone(&link), link.options.readers, Duty::Read);
        let workers = Held::new(Arc::clone(&link), link.options.workers, Duty::Work);
        let signals = Signals::new(Arc::clone(&link));
        Ok(Self { inner: Arc::new(Inner { link, lanes, readers, workers, signals }) })
    }
}

impl Inner {
    /// Waits for a statement as long as the options allow.
    async fn patiently<T>(
        &self,
        what: &'static str,
        statement: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        let patience = self.link.options.timeout;
        let result = match timeout(patience, statement).await {
            Ok(result) => result.map_err(|error| reading(what, error)),
            Err(_) => Err(StoreError::Unavailable { what, source: Box::new(Silent(patience)) }),
        };
        self.noting_loss(result)
    }

    /// Behind a connection that was lost there may be another server next time, where numbers mean other names.
    fn noting_loss<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(StoreError::Unavailable { .. }) = &result {
            self.link.forget();
        }
        result
    }

    fn reading<'a>(&'a self, lease: &'a mut Lease) -> Reading<'a> {
        Reading {
            connection: lease,
            names: &self.link.names,
            far: &self.link.far,
            patience: self.link.options.timeout,
        }
    }
}

/// Whether there is something new in the log.
fn stored((append, outcome): (&Append, &Outcome)) -> bool {
    let second = || append.together.as_ref().is_some_and(|second| !second.events.is_empty());
    matches!(outcome, Outcome::Appended(receipt) if receipt.events > 0 || second())
}

#[async_trait]
impl EventStore for Postgres {
    async fn append(&self, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        batch.iter().try_for_each(Append::check)?;
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let mut repeats = 0;
        loop {
            match self.append_once(batch).await {
                Ok(outcomes) => {
                    if batch.iter().zip(&outcomes).any(stored) {
                        self.inner.signals.ring();
                    }
                    return Ok(outcomes);
                }
                Err(Failure::InTheWay(_)) if repeats < REPEATS => repeats += 1,
                Err(failure) => return Err(failure.told(batch)),
            }
        }
    }

    async fn read_stream(&self, read: &ReadStream, visit: StreamVisitor<'_>) -> Result<(), StoreError> {
        read.stream.check()?;
        let mut lease = self.inner.readers.take("reading a stream").await?;
        let read = self.inner.reading(&mut lease).stream(read, visit).await;
        let at_rest = self.inner.noting_loss(read)?;
        if at_rest {
            self.inner.readers.give_back(lease);
        }
        Ok(())
    }

    async fn read_log(&self, read: &ReadLog, visit: LogVisitor<'_>) -> Result<Position, StoreError> {
        let mut lease = self.inner.readers.take("reading the log").await?;
        let read = self.inner.reading(&mut lease).log(read, visit).await;
        let (last, at_rest) = self.inner.noting_loss(read)?;
        if at_rest {
            self.inner.readers.give_back(lease);
        }
        Ok(last)
    }

    async fn last_position(&self) -> Result<Position, StoreError> {
        const WHAT: &str = "asking for the last position";
        let mut lease = self.inner.readers.take(WHAT).await?;
        let asking = sqlx::query_scalar(include_str!("sql/last_position.sql")).fetch_one(&mut *lease);
        let last: i64 = self.inner.patiently(WHAT, asking).await?;
        self.inner.readers.give_back(lease);
        Ok(Position::from_raw(last.unsigned_abs()))
    }

    async fn find_key(&self, key: &IdempotencyKey) -> Result<Option<(StreamId, Receipt)>, StoreError> {
        const WHAT: &str = "looking for an idempotency key";
        check_key(key)?;
        let mut lease = self.inner.readers.take(WHAT).await?;
        let asking =
            sqlx::query(include_str!("sql/find_key.sql")).bind(key_id(key)).fetch_optional(&mut *lease);
        let row = self.inner.patiently(WHAT, asking).await?;
        self.inner.readers.give_back(lease);
        let found = |row: PgRow| {
            let receipt = settle::receipt(row.try_get(2)?, row.try_get(3)?, row.try_get(4)?);
            Ok((StreamId::new(row.try_get(0)?, row.try_get(1)?), receipt))
        };
        row.map(found).transpose().map_err(|error| reading(WHAT, error))
    }

    async fn save_snapshot(&self, stream: &StreamId, snapshot: SnapshotRef<'_>) -> Result<(), StoreError> {
        const WHAT: &str = "saving a snapshot";
        stream.check()?;
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let mut lease = self.inner.readers.take(WHAT).await?;
        let saving = sqlx::query(include_str!("sql/save_snapshot.sql"))
            .bind(stream.key())
            .bind(number(snapshot.version))
            .bind(number(snapshot.position.raw()))
            .bind(snapshot.fingerprint.cast_signed())
            .bind(snapshot.state)
            .execute(&mut *lease);
        self.inner.patiently(WHAT, saving).await?;
        self.inner.readers.give_back(lease);
        Ok(())
    }

    fn read_side(&self) -> Option<&dyn ReadSide> {
        Some(self)
    }

    fn fleet(&self) -> Option<&dyn Fleet> {
        Some(self)
    }

    fn inspect(&self) -> Option<&dyn Inspect> {
        Some(self)
    }

    fn location(&self) -> Option<String> {
        Some(self.inner.link.target())
    }

    async fn close(&self) {
        self.inner.signals.end().await;
        self.inner.lanes.close().await;
        self.inner.readers.close().await;
        self.inner.workers.close().await;
    }
}

impl From<Postgres> for Store {
    fn from(postgres: Postgres) -> Self {
        Self::new(postgres)
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("target", &self.inner.link.target()).finish_non_exhaustive()
    }
}
