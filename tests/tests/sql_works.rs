//! Statements of the application have a limited time: what takes longer is taken back, and others go on.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use gesta::{
    app::{Builder, Register, Registry},
    domain::{Domain, Meta, PartInfo, Position},
    log::{Filter, LogEntry},
    projection::SqlProjection,
    store::{
        Advance, Append, BoxError, Claim, Commit, Expected, Lease, NewEvent, Postgres, SqlConnection,
        SqlWork, SqliteOptions, Store, StoreError, StreamId,
    },
};
use gesta_tests::{Database, Kind};
use sqlx::Executor;
use uuid::Uuid;

const LIMIT: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(30);

/// A store whose statements of the application have little time.
async fn open(database: &Database) -> Store {
    match database.url().strip_prefix("sqlite:") {
        Some(file) => SqliteOptions::new().work_timeout(LIMIT).open(file).await.expect("a store").into(),
        None => {
            Postgres::options().work_timeout(LIMIT).connect(database.url()).await.expect("a store").into()
        }
    }
}

async fn lease(store: &Store) -> Lease {
    let side = store.port().read_side().expect("a read side");
    let names = ["slow@1".into()];
    side.declare("slow@1", 1, Position::START).await.expect("a subscription");
    let claim = Claim { worker: Uuid::now_v7(), subscriptions: &names, ttl: PATIENCE };
    side.claim(claim).await.expect("a claim").remove(0).leases.remove(0)
}

fn around(work: Slow, lease: &Lease) -> Commit {
    let advance = Advance {
        subscription: lease.subscription.clone(),
        shard: 0,
        token: lease.token,
        from: lease.position,
        to: Position::from_raw(5),
    };
    Commit { advances: vec![advance], work: Some(Arc::new(work)), ..Commit::default() }
}

async fn append(store: &Store, id: &str, events: usize) {
    let event = |_| NewEvent { name: "lamp.lit", version: 1, payload: b"{}".to_vec() };
    let append = Append {
        stream: StreamId::new("lamp", id),
        expected: Expected::Any,
        key: None,
        meta: Meta::default(),
        events: (0..events).map(event).collect(),
        documents: Vec::new(),
        process: None,
        together: None,
    };
    store.port().append(&[append]).await.expect("somebody else may write");
}

/// Inserts a row, and then takes longer than it may.
#[derive(Clone, Copy, Debug)]
enum Slow {
    /// In the database.
    Statement,
    /// In the database again and again, whatever it says.
    Stubborn,
    /// Elsewhere.
    Code,
    /// Not at all.
    Fast,
}

const INSERT: &str = "CREATE TABLE lamps (n integer); INSERT INTO lamps VALUES (1)";
const COUNT: &str = "WITH RECURSIVE up (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 1000000000)
    SELECT count(*) FROM up";

async fn execute(connection: &mut SqlConnection<'_>, statements: &'static str) -> Result<(), BoxError> {
    match connection {
        SqlConnection::Postgres(connection) => {
            connection.execute(sqlx::raw_sql(statements)).await.map(drop)?
        }
        SqlConnection::Sqlite(connection) => connection.execute(sqlx::raw_sql(statements)).await.map(drop)?,
        _ => return Err("no such database".into()),
    }
    Ok(())
}

#[async_trait]
impl SqlWork for Slow {
    async fn run(&self, mut connection: SqlConnection<'_>) -> Result<(), BoxError> {
        execute(&mut connection, INSERT).await?;
        match self {
            Self::Statement => execute(&mut connection, COUNT).await?,
            Self::Stubborn => while execute(&mut connection, COUNT).await.is_err() {},
            Self::Code => std::future::pending().await,
            Self::Fast => {}
        }
        Ok(())
    }
}

async fn what_takes_too_long_is_taken_back(kind: Kind) {
    let database = Database::new(kind).await;
    let store = open(&database).await;
    let lease = lease(&store).await;
    let side = store.port().read_side().expect("a read side");
    for slow in [Slow::Statement, Slow::Stubborn, Slow::Code, Slow::Statement] {
        let begun = Instant::now();
        match side.commit(&around(slow, &lease)).await {
            Err(StoreError::WorkTimedOut { subscription, limit }) => {
                assert_eq!((&*subscription, limit), ("slow@1", LIMIT));
            }
            other => panic!("{slow:?} must be given up: {other:?}"),
        }
        append(&store, "1", 1).await;
        // The database has not gone on with it behind our back.
        assert!(begun.elapsed() < LIMIT * 100, "{slow:?} has held the others up for {:?}", begun.elapsed());
        let state = side.subscriptions(Some("slow@1")).await.expect("a state").remove(0);
        assert_eq!(state.position(), Position::START);
    }
    // Another table of this name would not do.
    side.commit(&around(Slow::Fast, &lease)).await.expect("statements with the same connection");
    store.port().close().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_takes_back_what_takes_too_long() {
    what_takes_too_long_is_taken_back(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_takes_back_what_takes_too_long() {
    what_takes_too_long_is_taken_back(Kind::Postgres).await;
}

#[derive(Clone, Copy, Debug)]
enum Lamps {}

impl Domain for Lamps {
    type Deps = ();
    const NAME: &'static str = "Lamps";
    const PARTS: &'static [PartInfo] = &[];
}

impl Register for Lamps {
    fn register(_: &mut Registry<Self>) {}
}

/// Is done with three events at a time at most.
#[derive(Clone, Debug, Default)]
struct Tired {
    seen: Arc<Mutex<HashMap<Position, usize>>>,
}

impl SqlProjection for Tired {
    const NAME: &'static str = "tired";

    fn events(&self) -> Filter {
        Filter::new().event("lamp.lit")
    }

    async fn project(&self, _: SqlConnection<'_>, events: &[Arc<LogEntry>]) -> Result<(), BoxError> {
        if events.len() > 3 {
            std::future::pending::<()>().await;
        }
        let mut seen = self.seen.lock().expect("nobody panics");
        events.iter().for_each(|event| *seen.entry(event.position).or_default() += 1);
        Ok(())
    }
}

/// A projection that is too slow for a whole batch gets fewer events at a time, until it comes through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fewer_events_come_after_those_that_took_too_long() {
    let database = Database::new(Kind::Sqlite).await;
    let store = open(&database).await;
    append(&store, "1", 30).await;
    let tired = Tired::default();
    let app =
        Builder::<Lamps>::new(store, ()).sql_projection(tired.clone()).start().await.expect("an application");
    app.caught_up(PATIENCE).await.expect("all of it");
    let seen = tired.seen.lock().expect("nobody panics").clone();
    assert_eq!((seen.len(), seen.values().max()), (30, Some(&1)), "{seen:?}");
    app.shutdown().await.expect("the end");
    database.remove().await;
}
