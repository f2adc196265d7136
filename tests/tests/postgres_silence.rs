//! Databases that do not answer, answer too late, or refuse: each call ends in time and tells what it knows.

use std::time::{Duration, Instant};

use gesta::{
    domain::{IdempotencyKey, Position, Receipt},
    store::{EventStore, Expected, Outcome, Postgres, PostgresOptions, StoreError},
};
use gesta_tests::{Database, Kind, Proxy, Server, append, keyed, one, payloads};
use sqlx::{Connection, Executor, PgConnection, PgPool, Row};

/// Options of somebody with little patience.
fn impatient() -> PostgresOptions {
    let short = Duration::from_millis(600);
    told_nothing().timeout(short).connect_timeout(short).lock_timeout(short / 2)
}

/// Options without the connections that tell of appends, whose messages a proxy would count, lose and delay as well.
fn told_nothing() -> PostgresOptions {
    Postgres::options().notifications(false)
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_key_tells() {
    let server = Server::start("");
    let proxy = Proxy::to(server.port()).await;
    let store = told_nothing().connect(&server.url_at(proxy.port())).await.expect("a store");
    one(&store, append("bob", Expected::Version(0), ["1"])).await.expect("the connection is open");

    let written = keyed(append("ann", Expected::Version(0), ["1"]), "k");
    proxy.lose_answers(1);
    let error = one(&store, written.clone()).await.expect_err("the answer is lost");
    assert!(
        matches!(&error, StoreError::OutcomeUnknown { streams, .. } if streams == "account/ann"),
        "{error:?}"
    );
    let again = one(&store, written).await.expect("connected again");
    assert!(matches!(again, Outcome::Duplicate(Receipt { version: 1, .. })), "{again:?}");
    assert_eq!(payloads(&store, "ann").await.expect("readable"), ["1"]);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_and_nothing_is_stored() {
    let server = Server::start("");
    let store = impatient().connect(&server.url()).await.expect("a store");
    one(&store, append("ann", Expected::Version(0), ["1"])).await.expect("appended");
    assert_eq!(payloads(&store, "ann").await.expect("readable"), ["1"]);
    server.stop_immediate();

    // The connections that were open die with the first calls; then there is nobody to connect to.
    let _ = (one(&store, append("ann", Expected::Version(1), ["no"])).await, payloads(&store, "ann").await);
    let error = one(&store, append("ann", Expected::Version(1), ["no"])).await.expect_err("nobody is there");
    assert!(matches!(error, StoreError::Unavailable { .. }) && error.is_retryable(), "{error:?}");
    let error = payloads(&store, "ann").await.expect_err("nobody is there");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");

    server.start_again();
    one(&store, append("ann", Expected::Version(1), ["2"])).await.expect("as if nothing had been");
    assert_eq!(payloads(&store, "ann").await.expect("readable"), ["1", "2"]);
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_in_time() {
    let server = Server::start("");
    let proxy = Proxy::to(server.port()).await;
    let store = impatient().append_lanes(1).connect(&server.url_at(proxy.port())).await.expect("a store");
    one(&store, append("ann", Expected::Version(0), ["1"])).await.expect("appended");
    assert_eq!(payloads(&store, "ann").await.expect("readable"), ["1"]);

    proxy.freeze();
    let begun = Instant::now();
    let written = keyed(append("ann", Expected::Any, ["2"]), "k");
    let error = one(&store, written.clone()).await.expect_err("no answer");
    assert!(matches!(error, StoreError::OutcomeUnknown { .. }), "{error:?}");
    let error = one(&store, written.clone()).await.expect_err("no connection");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    for _ in 0..2 {
        let error = payloads(&store, "ann").await.expect_err("no answer, then no connection");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    }
    assert!(store.last_position().await.is_err() && store.find_key(&IdempotencyKey::new("k")).await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(30), "six calls took {:?}", begun.elapsed());

    proxy.thaw();
    let outcome = one(&store, written).await.expect("connected again");
    assert!(matches!(outcome, Outcome::Appended(_) | Outcome::Duplicate(_)), "{outcome:?}");
    assert_eq!(payloads(&store, "ann").await.expect("readable"), ["1", "2"]);
}

/// How often `calls` have waited for the server.
async fn round_trips(proxy: &Proxy, calls: impl AsyncFnOnce()) -> usize {
    let before = proxy.round_trips();
    calls().await;
    proxy.round_trips() - before
}

#[tokio::test]
async fn an_append_is_one_round_trip_and_so_is_a_reading() {
    let server = Server::start("");
    let proxy = Proxy::to(server.port()).await;
    let options = told_nothing().append_lanes(1).readers(1);
    let store = options.connect(&server.url_at(proxy.port())).await.expect("a store");
    // The first append opens the connection and gives the names their numbers; the first reading prepares.
    one(&store, append("ann", Expected::Version(0), ["1"])).await.expect("appended");
    payloads(&store, "ann").await.expect("readable");
    store.last_position().await.expect("readable");

    let single = async || {
        for version in 1..=50 {
            one(&store, append("ann", Expected::Version(version), ["2"])).await.expect("appended");
        }
    };
    assert_eq!(round_trips(&proxy, single).await, 50);
    let batches = async || {
        for round in 0..50 {
            let ids: Vec<_> = (0..16).map(|id| format!("{round}.{id}")).collect();
            let fresh = ids.iter().map(|id| keyed(append(id, Expected::Version(0), ["1"]), id));
            let chain = [append("ann", Expected::Any, ["3"]), append("ann", Expected::Any, ["4", "5"])];
            let batch: Vec<_> = fresh.chain(chain).collect();
            let outcomes = store.append(&batch).await.expect("appended");
            assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Appended(_))));
        }
    };
    assert_eq!(round_trips(&proxy, batches).await, 50);
    let readings = async || {
        for _ in 0..50 {
            payloads(&store, "ann").await.expect("readable");
            store.last_position().await.expect("readable");
        }
    };
    assert_eq!(round_trips(&proxy, readings).await, 100);
    store.close().await;
}

#[tokio::test]
async fn a_stream_that_somebody_holds_fails_alone_and_in_time() {
    let database = Database::new(Kind::Postgres).await;
    let store = impatient().connect(database.url()).await.expect("a store");
    one(&store, append("ann", Expected::Version(0), ["1"])).await.expect("appended");
    let pool = PgPool::connect(database.url()).await.expect("a pool");
    let mut holder = pool.begin().await.expect("a transaction");
    store.append_in(&mut holder, &[append("ann", Expected::Version(1), ["2"])]).await.expect("appended");

    let batch = [append("ann", Expected::Any, ["no"]), append("bob", Expected::Any, ["no"])];
    let error = store.append(&batch).await.expect_err("ann is held");
    assert!(matches!(error, StoreError::Held { .. }) && error.is_retryable(), "{error:?}");
    one(&store, append("bob", Expected::Version(0), ["1"])).await.expect("nobody holds bob");
    holder.commit().await.expect("committed");
    one(&store, append("ann", Expected::Version(2), ["3"])).await.expect("nobody holds ann any more");
    assert_eq!(payloads(&store, "ann").await.expect("readable"), ["1", "2", "3"]);
    store.close().await;
    pool.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_rolled_back_by_the_server() {
    let database = Database::new(Kind::Postgres).await;
    let store =
        impatient().lock_timeout(Duration::from_secs(60)).connect(database.url()).await.expect("a store");
    one(&store, append("ann", Expected::Version(0), ["1"])).await.expect("appended");
    let pool = PgPool::connect(database.url()).await.expect("a pool");
    let mut holder = pool.begin().await.expect("a transaction");
    store.append_in(&mut holder, &[append("ann", Expected::Version(1), ["2"])]).await.expect("appended");
    let error = one(&store, append("ann", Expected::Any, ["no"])).await.expect_err("ann is held");
    // The server ends it a little before our own patience ends, so it is known that nothing was stored.
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(format!("{error:?}").contains("57014"), "{error:?}");
    holder.rollback().await.expect("rolled back");
    assert_eq!(payloads(&store, "ann").await.expect("readable"), ["1"]);
    store.close().await;
    pool.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_server_without_a_free_connection_is_unavailable() {
    let server = Server::start("max_connections = 6\nsuperuser_reserved_connections = 0");
    let store = impatient().connect(&server.url()).await.expect("a store");
    let mut others = Vec::new();
    while let Ok(connection) = PgConnection::connect(&server.url()).await {
        others.push(connection);
    }
    let error =
        one(&store, append("ann", Expected::Version(0), ["no"])).await.expect_err("the server is full");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    for connection in others {
        connection.close().await.expect("closed");
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while let Err(error) = one(&store, append("ann", Expected::Version(0), ["1"])).await {
        assert!(Instant::now() < deadline && error.is_retryable(), "{error:?}");
    }
    assert_eq!(payloads(&store, "ann").await.expect("readable"), ["1"]);
}

#[tokio::test]
async fn what_the_database_refuses_is_told_with_its_words_and_stores_nothing() {
    let database = Database::new(Kind::Postgres).await;
    let store = Postgres::connect(database.url()).await.expect("a store");
    let mut connection = PgConnection::connect(database.url()).await.expect("a connection");
    let refuse = "ALTER TABLE gesta.streams ADD CHECK (id <> 'eve')";
    connection.execute(refuse).await.expect("a check");
    let batch = [append("ann", Expected::Any, ["no"]), append("eve", Expected::Any, ["no"])];
    for refused in [&batch[..], &batch[1..]] {
        let error = store.append(refused).await.expect_err("eve is refused");
        assert!(
            matches!(&error, StoreError::Backend { what, .. } if what.contains("account/eve")),
            "{error:?}"
        );
        assert!(error.to_string().contains("streams_id_check") && !error.is_retryable(), "{error}");
    }
    assert_eq!(store.last_position().await.expect("readable"), Position::START);
    one(&store, append("ann", Expected::Version(0), ["1"])).await.expect("the connection goes on");
    store.close().await;
    database.remove().await;
}

/// With `synchronous_commit = off` a commit is told before it is on disk, and a crash loses it.
#[tokio::test]
async fn what_is_acknowledged_survives_a_crash_whatever_the_settings_say() {
    let server = Server::start("synchronous_commit = off\nwal_writer_delay = 10s");
    let store = Postgres::connect(&server.url()).await.expect("a store");
    let mut connection = PgConnection::connect(&server.url()).await.expect("a connection");
    connection.execute("CREATE TABLE mine (id int)").await.expect("a table");
    connection.execute("CHECKPOINT").await.expect("a checkpoint");
    one(&store, append("ann", Expected::Version(0), ["1"])).await.expect("appended");
    let batch = [append("ann", Expected::Version(1), ["2"]), append("bob", Expected::Version(0), ["3"])];
    store.append(&batch).await.expect("appended");
    // After the appends, so that their commits do not carry it to the disk.
    connection.execute("INSERT INTO mine VALUES (1)").await.expect("a row");
    server.restart_immediate();

    let store = Postgres::connect(&server.url()).await.expect("a store");
    assert_eq!(payloads(&store, "ann").await.expect("readable"), ["1", "2"]);
    assert_eq!(payloads(&store, "bob").await.expect("readable"), ["3"]);
    let mut connection = PgConnection::connect(&server.url()).await.expect("a connection");
    let kept: i64 = connection.fetch_one("SELECT count(*) FROM mine").await.expect("a count").get(0);
    assert_eq!(kept, 0, "a plain row is lost here, or this test has no teeth");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_that_overlap_never_deadlock() {
    let database = Database::new(Kind::Postgres).await;
    let tasks = (0..4).map(|number| {
        let url = database.url().to_owned();
        tokio::spawn(async move {
            let store = Postgres::connect(&url).await.expect("a store");
            let mut dice = gesta_tests::Dice::new(number);
            for _ in 0..60 {
                let ids: Vec<_> = (0..20).map(|_| dice.roll(40).to_string()).collect();
                let batch: Vec<_> = ids.iter().map(|id| append(id, Expected::Any, ["x"])).collect();
                let outcomes = store.append(&batch).await.expect("appended");
                assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Appended(_))));
            }
            store.close().await;
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("a task ends without a panic");
    }
    let (_, name) = database.url().rsplit_once('/').expect("a name");
    let select =
        "SELECT deadlocks, (SELECT count(*) FROM gesta.events) FROM pg_stat_database WHERE datname = $1";
    let mut connection = PgConnection::connect(database.url()).await.expect("a connection");
    let row = sqlx::query(select).bind(name).fetch_one(&mut connection).await.expect("statistics");
    assert_eq!((row.get::<i64, _>(0), row.get::<i64, _>(1)), (0, 4 * 60 * 20));
    database.remove().await;
}

#[tokio::test]
async fn a_closed_store_gives_back_every_connection() {
    let database = Database::new(Kind::Postgres).await;
    let store = Postgres::connect(database.url()).await.expect("a store");
    one(&store, append("ann", Expected::Version(0), ["1"])).await.expect("appended");
    payloads(&store, "ann").await.expect("readable");
    store.close().await;
    let mut connection = PgConnection::connect(database.url()).await.expect("a connection");
    let select = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gesta' AND datname = current_database()";
    let deadline = Instant::now() + Duration::from_secs(10);
    while connection.fetch_one(select).await.expect("a count").get::<i64, _>(0) > 0 {
        assert!(Instant::now() < deadline, "a connection stays open");
    }
    database.remove().await;
}
