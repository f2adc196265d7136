//! Appending and reading inside a transaction of the application.

use std::{ops::ControlFlow, time::Duration};

use gesta::{
    domain::{IdempotencyKey, Position},
    store::{
        Append, EventStore, Expected, Item, LogEventRef, Outcome, Postgres, ReadLog, ReadSide, ReadStream,
        StoreError,
    },
};
use gesta_tests::{Database, Kind, append, keyed, stream};
use sqlx::{Connection, Executor, PgPool, Row, Transaction};
use tokio::{sync::watch, time::timeout};

struct Here {
    database: Database,
    store: Postgres,
    pool: PgPool,
}

impl Here {
    async fn new() -> Self {
        let database = Database::new(Kind::Postgres).await;
        let pool = PgPool::connect(database.url()).await.expect("a pool");
        pool.execute("CREATE TABLE mine (id text PRIMARY KEY)").await.expect("a table");
        let store = Postgres::with_pool(pool.clone()).await.expect("a store");
        Self { database, store, pool }
    }

    async fn begin(&self) -> Transaction<'_, sqlx::Postgres> {
        self.pool.begin().await.expect("a transaction")
    }

    async fn mine(&self) -> i64 {
        self.pool.fetch_one("SELECT count(*) FROM mine").await.expect("rows").get(0)
    }

    /// The payloads of a stream, as everybody sees them.
    async fn read(&self, id: &str) -> Vec<String> {
        let mut seen = Vec::new();
        let mut visit = |item: Item<'_>| collect(&mut seen, item);
        self.store.read_stream(&ReadStream::all(stream(id)), &mut visit).await.expect("readable");
        seen
    }

    /// Positions and payloads of the log.
    async fn log(&self, after: Position) -> Vec<(Position, String)> {
        let mut seen = Vec::new();
        let mut visit = |LogEventRef { event, .. }: LogEventRef<'_>| {
            seen.push((event.position, String::from_utf8_lossy(event.payload).into_owned()));
            ControlFlow::Continue(())
        };
        self.store.read_log(&ReadLog { after, limit: 1000 }, &mut visit).await.expect("readable");
        seen
    }

    async fn end(self) {
        self.store.close().await;
        self.pool.close().await;
        self.database.remove().await;
    }
}

fn collect(seen: &mut Vec<String>, item: Item<'_>) -> ControlFlow<()> {
    if let Item::Event(event) = item {
        seen.push(String::from_utf8_lossy(event.payload).into_owned());
    }
    ControlFlow::Continue(())
}

fn at(id: &str, version: u64, payload: &str) -> Append {
    append(id, Expected::Version(version), [payload])
}

async fn insert_mine(transaction: &mut Transaction<'_, sqlx::Postgres>, id: &str) {
    sqlx::query("INSERT INTO mine VALUES ($1)").bind(id).execute(&mut **transaction).await.expect("a row");
}

/// Until nothing comes any more that was told before.
async fn quiet(signals: &mut watch::Receiver<u64>) {
    while timeout(Duration::from_millis(200), signals.changed()).await.is_ok() {}
}

/// The store does not see the commit, so it is told of it.
#[tokio::test]
async fn a_commit_that_is_announced_wakes_those_who_follow_the_log_here_and_elsewhere() {
    let here = Here::new().await;
    let other = Postgres::with_pool(here.pool.clone()).await.expect("another store");
    let (mut own, mut others) = (here.store.signals(), other.signals());
    // A listener hears nothing before it is connected.
    let patience = Duration::from_secs(20);
    let connected = async {
        loop {
            gesta_tests::one(&here.store, append("bob", Expected::Any, ["1"])).await.expect("appended");
            if timeout(Duration::from_millis(100), others.changed()).await.is_ok() {
                return;
            }
        }
    };
    timeout(patience, connected).await.expect("it hears the other one");
    quiet(&mut others).await;
    quiet(&mut own).await;
    let mut transaction = here.begin().await;
    here.store.append_in(&mut transaction, &[at("ann", 0, "1")]).await.expect("appended");
    transaction.commit().await.expect("committed");
    here.store.announce();
    assert!(own.has_changed().expect("a store"), "at once");
    timeout(patience, others.changed()).await.expect("it is heard elsewhere").expect("a store");
    other.close().await;
    here.end().await;
}

#[tokio::test]
async fn both_are_committed_together() {
    let here = Here::new().await;
    let mut transaction = here.begin().await;
    insert_mine(&mut transaction, "ann").await;
    let batch = [at("ann", 0, "1"), at("ann", 1, "2"), at("ann", 9, "no"), at("bob", 0, "3")];
    let outcomes = here.store.append_in(&mut transaction, &batch).await.expect("appended");
    let [
        Outcome::Appended(_),
        Outcome::Appended(second),
        Outcome::Conflict { actual: 2 },
        Outcome::Appended(_),
    ] = outcomes[..]
    else {
        panic!("{outcomes:?}");
    };
    assert_eq!((second.version, second.events), (2, 1));
    let one = here.store.append_in(&mut transaction, &[at("ann", 7, "no")]).await.expect("answered");
    assert_eq!(one, [Outcome::Conflict { actual: 2 }], "a conflict does not end the transaction");

    let mut seen = Vec::new();
    let all = ReadStream::all(stream("ann"));
    let mut visit = |item: Item<'_>| collect(&mut seen, item);
    here.store.read_stream_in(&mut transaction, &all, &mut visit).await.expect("readable");
    assert_eq!(seen, ["1", "2"], "the transaction sees what it has appended");
    assert!(here.read("ann").await.is_empty(), "and nobody else does");

    transaction.commit().await.expect("committed");
    assert_eq!((here.read("ann").await, here.mine().await), (vec!["1".to_owned(), "2".to_owned()], 1));
    here.end().await;
}

#[tokio::test]
async fn both_are_rolled_back_together_and_leave_no_trace() {
    let here = Here::new().await;
    for payload in ["1", "2"] {
        let mut transaction = here.begin().await;
        insert_mine(&mut transaction, "ann").await;
        let outcomes = here.store.append_in(&mut transaction, &[keyed(at("ann", 0, payload), "k")]).await;
        assert!(matches!(outcomes.expect("appended")[..], [Outcome::Appended(_)]));
        transaction.rollback().await.expect("rolled back");
    }
    assert_eq!((here.read("ann").await.len(), here.mine().await), (0, 0));
    assert_eq!(here.store.find_key(&IdempotencyKey::new("k")).await.expect("readable"), None);
    assert_eq!(here.store.last_position().await.expect("readable"), Position::START);
    let outcomes = here.store.append(&[keyed(at("ann", 0, "3"), "k")]).await.expect("appended");
    assert!(matches!(outcomes[..], [Outcome::Appended(_)]));
    assert_eq!(here.read("ann").await, ["3"]);
    here.end().await;
}

#[tokio::test]
async fn a_rollback_to_a_savepoint_takes_back_what_came_after_it() {
    let here = Here::new().await;
    let mut outer = here.begin().await;
    here.store.append_in(&mut outer, &[at("ann", 0, "1")]).await.expect("appended");
    let mut inner = outer.begin().await.expect("a savepoint");
    let batch = [at("ann", 1, "no"), keyed(at("bob", 0, "no"), "k")];
    here.store.append_in(&mut inner, &batch).await.expect("appended");
    inner.rollback().await.expect("rolled back");
    let batch = [at("ann", 1, "2"), keyed(at("bob", 0, "3"), "k")];
    let outcomes = here.store.append_in(&mut outer, &batch).await.expect("appended");
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Appended(_))), "{outcomes:?}");
    outer.commit().await.expect("committed");
    assert_eq!(
        (here.read("ann").await, here.read("bob").await),
        (vec!["1".into(), "2".into()], vec!["3".into()])
    );
    here.end().await;
}

#[tokio::test]
async fn a_reader_waits_for_an_open_transaction_and_skips_nothing() {
    let here = Here::new().await;
    here.store.append(&[at("ann", 0, "1")]).await.expect("appended");
    let mut slow = here.begin().await;
    here.store.append_in(&mut slow, &[at("bob", 0, "2")]).await.expect("appended");
    // Another stream is stored meanwhile: nobody waits for the open transaction.
    here.store.append(&[at("eve", 0, "3")]).await.expect("appended");
    assert_eq!(here.read("eve").await, ["3"]);

    let before = here.log(Position::START).await;
    assert_eq!(before.iter().map(|(_, payload)| &**payload).collect::<Vec<_>>(), ["1"]);
    assert_eq!(here.store.last_position().await.expect("readable"), before[0].0);
    slow.commit().await.expect("committed");
    let after = here.log(before[0].0).await;
    assert_eq!(after.iter().map(|(_, payload)| &**payload).collect::<Vec<_>>(), ["2", "3"]);
    here.end().await;
}

#[tokio::test]
async fn a_prepared_transaction_holds_the_end_of_the_log_as_well() {
    let server = gesta_tests::Server::start("");
    let store = Postgres::connect(&server.url()).await.expect("a store");
    let pool = PgPool::connect(&server.url()).await.expect("a pool");
    let mut transaction = pool.begin().await.expect("a transaction");
    store.append_in(&mut transaction, &[at("ann", 0, "1")]).await.expect("appended");
    transaction.execute("PREPARE TRANSACTION 'p'").await.expect("prepared");
    drop(transaction);
    store.append(&[at("bob", 0, "2")]).await.expect("appended");
    assert_eq!(store.last_position().await.expect("readable"), Position::START);
    pool.execute("COMMIT PREPARED 'p'").await.expect("committed");
    let mut seen = Vec::new();
    let mut visit = |LogEventRef { stream, .. }: LogEventRef<'_>| {
        seen.push(stream.id().to_owned());
        ControlFlow::Continue(())
    };
    store.read_log(&ReadLog { after: Position::START, limit: 10 }, &mut visit).await.expect("readable");
    assert_eq!(seen, ["ann", "bob"]);
    store.close().await;
}

#[tokio::test]
async fn transactions_of_other_isolation_append_or_are_told_to_begin_again() {
    let here = Here::new().await;
    here.store.append(&[at("ann", 0, "1")]).await.expect("appended");
    for begin in ["BEGIN ISOLATION LEVEL REPEATABLE READ", "BEGIN ISOLATION LEVEL SERIALIZABLE"] {
        let mut late = here.pool.begin_with(begin).await.expect("a transaction");
        assert_eq!(late.fetch_one("SELECT count(*) FROM mine").await.expect("rows").get::<i64, _>(0), 0);
        let version = here.read("ann").await.len() as u64;
        here.store.append(&[at("ann", version, "x")]).await.expect("appended");
        let error = here.store.append_in(&mut late, &[at("ann", version, "no")]).await.expect_err("too late");
        assert!(matches!(error, StoreError::Unavailable { .. }) && error.is_retryable(), "{error:?}");
        late.rollback().await.expect("rolled back");

        let mut fresh = here.pool.begin_with(begin).await.expect("a transaction");
        let outcomes =
            here.store.append_in(&mut fresh, &[at("ann", version + 1, "y")]).await.expect("appended");
        assert!(matches!(outcomes[..], [Outcome::Appended(_)]));
        fresh.commit().await.expect("committed");
    }
    assert_eq!(here.read("ann").await, ["1", "x", "y", "x", "y"]);
    assert_eq!(here.log(Position::START).await.len(), 5);
    here.end().await;
}

#[tokio::test]
async fn a_key_used_in_an_open_transaction_is_waited_for() {
    let here = Here::new().await;
    let mut open = here.begin().await;
    here.store.append_in(&mut open, &[keyed(at("ann", 0, "1"), "k")]).await.expect("appended");
    let other = keyed(at("bob", 0, "no"), "k");
    let mut racing = Box::pin(here.store.append(std::slice::from_ref(&other)));
    let early = tokio::time::timeout(std::time::Duration::from_millis(200), &mut racing).await;
    assert!(early.is_err(), "the key is not decided yet: {early:?}");
    open.commit().await.expect("committed");
    let outcomes = racing.await.expect("answered");
    assert_eq!(outcomes, [Outcome::KeyReused { first: stream("ann") }]);
    assert!(here.read("bob").await.is_empty());
    here.end().await;
}
