use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;

use super::{gather::Gathered, ours::Ours, worker::read_side, writer::Writer};
use crate::{
    domain::Start,
    log::{Filter, LogEntry},
    store::{BoxError, SqlConnection, SqlWork, Store, StoreError, generation_name},
    subscription::{Driver, Plan, Work},
};

/// A projection in tables of the application's own, by statements of its own.
///
/// The statements run in the transaction that moves the subscription on: each event changes the tables exactly once.
/// One worker at a time has the projection, so it sees all events in the order of the log. The tables are the
/// application's to make; it is not gesta that reads them. It is run by
/// [`Builder::sql_projection`](crate::Builder::sql_projection), on SQLite and PostgreSQL.
///
/// Statements that take longer than the `work_timeout` of the store are taken back, and the events come again, fewer at
/// a time. The transaction is not theirs to end: on SQLite a `COMMIT` of theirs rolls back, on PostgreSQL it keeps what
/// they have changed themselves, and on both the batch is refused with [`StoreError::Work`].
///
/// To build it anew, write to other tables under a raised [`SqlProjection::VERSION`], which begins at the first event;
/// or empty the tables while it is paused and then set it back with [`App::reset`](crate::App::reset). In the store it
/// is called `name@version`.
///
/// ```
/// # use std::sync::Arc;
/// use gesta::{
///     log::{Filter, LogEntry},
///     projection::SqlProjection,
///     store::{BoxError, SqlConnection},
/// };
///
/// struct Turnover;
///
/// impl SqlProjection for Turnover {
///     const NAME: &'static str = "turnover";
///     const VERSION: u32 = 1;
///
///     fn events(&self) -> Filter {
///         Filter::new().event("order.paid")
///     }
///
///     async fn project(&self, connection: SqlConnection<'_>, events: &[Arc<LogEntry>]) -> Result<(), BoxError> {
///         let SqlConnection::Sqlite(connection) = connection else { return Err("the tables are in SQLite".into()) };
///         for event in events {
///             let cents = event.json()?["cents"].as_i64();
///             let _ = (&connection, cents); // sqlx::query("UPDATE turnover SET ..").execute(&mut *connection).await?;
///         }
///         Ok(())
///     }
/// }
/// ```
pub trait SqlProjection: Send + Sync + 'static {
    /// Its name in the store.
    const NAME: &'static str;
    /// Grows when the tables are to be built anew. 1 for the first.
    const VERSION: u32 = 1;

    /// Which events it is made of.
    fn events(&self) -> Filter;

    /// Changes the tables by some events, in the order of the log. There is at least one.
    ///
    /// # Errors
    /// Whatever went wrong: nothing is stored, and the same events come again after a while.
    fn project(
        &self,
        connection: SqlConnection<'_>,
        events: &[Arc<LogEntry>],
    ) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// Runs the statements of an application.
pub(crate) struct SqlDriver<S> {
    name: Arc<str>,
    projection: Arc<S>,
    /// How many events share a transaction at most: fewer after statements that took too long.
    most: AtomicUsize,
    /// How many there were in the last one.
    tried: AtomicUsize,
}

/// How many events share a transaction at most.
const MOST: usize = 1_000;

impl<S: SqlProjection> SqlDriver<S> {
    pub(crate) fn new(projection: S) -> Self {
        let name = generation_name(S::NAME, S::VERSION);
        Self { name, projection: Arc::new(projection), most: MOST.into(), tried: 0.into() }
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    /// Statements have come through, so that the next ones may get a few more events,
    fn came_through(&self) {
        let most = self.most();
        self.most.store((most + most / 8 + 1).min(MOST), Ordering::Relaxed);
    }

    /// or have taken too long: then half as many.
    fn took_too_long(&self) {
        self.most.store((self.tried.load(Ordering::Relaxed) / 2).max(1), Ordering::Relaxed);
    }

    async fn follow(&self, work: Work) -> Result<(), StoreError> {
        let Work { store, shards, leases, mut feed, progress, .. } = work;
        let mut writer = Writer::new(store, Ours::new(shards, leases), progress);
        let mut begun = false;
        while let Some(gathered) = Gathered::next(&mut feed, &mut writer, MOST).await? {
            let Gathered { events, to, due, .. } = gathered;
            let (mut left, mut more) = (&events[..], due || !events.is_empty());
            while more {
                writer.settle().await?;
                if std::mem::replace(&mut begun, !left.is_empty()) {
                    self.came_through();
                }
                let (some, rest) = left.split_at(left.len().min(self.most()));
                (left, more) = (rest, !rest.is_empty());
                self.tried.store(some.len(), Ordering::Relaxed);
                let up_to = some.last().filter(|_| more).map_or(to, |last| last.position);
                writer.submit(up_to, |commit| commit.work = self.statements(some));
            }
        }
        writer.settle().await
    }

    fn statements(&self, events: &[Arc<LogEntry>]) -> Option<Arc<dyn SqlWork>> {
        let statements = || Statements { projection: Arc::clone(&self.projection), events: events.to_vec() };
        (!events.is_empty()).then(|| Arc::new(statements()) as Arc<dyn SqlWork>)
    }
}

#[async_trait]
impl<S: SqlProjection> Driver for SqlDriver<S> {
    fn plan(&self) -> Plan {
        let (name, filter) = (Arc::clone(&self.name), self.projection.events());
        // Two workers would meet in the same rows.
        Plan { name, shards: 1, start: Start::Beginning, filter }
    }

    async fn work(&self, work: Work) -> Result<(), StoreError> {
        let followed = self.follow(work).await;
        if matches!(followed, Err(StoreError::WorkTimedOut { .. })) {
            self.took_too_long();
        }
        followed
    }
}

/// Whether a store can run an application's statements.
pub(crate) fn check_sql(store: &Store) -> Result<(), StoreError> {
    let what = "run the statements of a `SqlProjection`: it is no database";
    match read_side(store)?.runs_sql() {
        true => Ok(()),
        false => Err(StoreError::Unsupported { store: "the store in memory", what }),
    }
}

/// The statements for some events.
struct Statements<S> {
    projection: Arc<S>,
    events: Vec<Arc<LogEntry>>,
}

#[async_trait]
impl<S: SqlProjection> SqlWork for Statements<S> {
    async fn run(&self, connection: SqlConnection<'_>) -> Result<(), BoxError> {
        self.projection.project(connection, &self.events).await
    }
}

impl<S: SqlProjection> fmt::Debug for SqlDriver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlDriver").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<S: SqlProjection> fmt::Debug for Statements<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statements")
            .field("of", &S::NAME)
            .field("events", &self.events.len())
            .finish_non_exhaustive()
    }
}
