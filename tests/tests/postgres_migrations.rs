//! The tables of the store beside those of the application, and the ways from one version to the next.

use futures_util::future::join_all;
use gesta::store::{ConnectError, EventStore, Expected, Postgres};
use gesta_tests::{Database, Kind, append};
use sqlx::{Connection, Executor, PgConnection, Row};

async fn connection(database: &Database) -> PgConnection {
    PgConnection::connect(database.url()).await.expect("a connection")
}

/// A table as the driver's own migrator makes it, and one of the application, in the schema of everybody.
async fn an_application(database: &Database) {
    let tables = "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
                  installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), success BOOLEAN NOT NULL, \
                  checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL); \
                  INSERT INTO _sqlx_migrations VALUES (1, 'mine', now(), true, '\\x00', 1); \
                  CREATE TABLE events (id int); CREATE TABLE streams (id int); CREATE TABLE migrations (id int)";
    connection(database).await.execute(tables).await.expect("tables");
}

#[tokio::test]
async fn the_tables_of_the_application_stay_as_they_are() {
    let database = Database::new(Kind::Postgres).await;
    an_application(&database).await;
    let store = Postgres::connect(database.url()).await.expect("a store");
    store.append(&[append("ann", Expected::Version(0), ["{}"])]).await.expect("appended");
    store.close().await;

    let mut connection = connection(&database).await;
    let count = "SELECT (SELECT count(*) FROM _sqlx_migrations), (SELECT count(*) FROM public.events), \
                 (SELECT count(*) FROM gesta.migrations)";
    let row = connection.fetch_one(count).await.expect("counts");
    assert_eq!([0, 1, 2].map(|column| row.get::<i64, _>(column)), [1, 0, 6]);
    let outside = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                   WHERE n.nspname = 'public' AND c.relkind = 'r'";
    assert_eq!(connection.fetch_one(outside).await.expect("a count").get::<i64, _>(0), 4);
    database.remove().await;
}

#[tokio::test]
async fn many_processes_that_start_at_once_migrate_once() {
    let database = Database::new(Kind::Postgres).await;
    let stores = join_all((0..8).map(|_| Postgres::connect(database.url()))).await;
    for store in stores {
        let store = store.expect("each of them starts");
        store.append(&[append("ann", Expected::Any, ["{}"])]).await.expect("and works");
        store.close().await;
    }
    let mut connection = connection(&database).await;
    let versions = "SELECT count(*), count(DISTINCT version) FROM gesta.migrations";
    let row = connection.fetch_one(versions).await.expect("versions");
    assert_eq!(row.get::<i64, _>(0), row.get::<i64, _>(1));
    database.remove().await;
}

#[tokio::test]
async fn a_newer_database_is_refused_unless_it_says_that_older_programs_may_go_on() {
    let database = Database::new(Kind::Postgres).await;
    Postgres::connect(database.url()).await.expect("a store").close().await;
    let mut connection = connection(&database).await;
    let kind = "INSERT INTO gesta.migrations (version, needs, name) VALUES (98, 1, 'an index')";
    connection.execute(kind).await.expect("a newer version");
    Postgres::connect(database.url())
        .await
        .expect("while it is rolled out, the older one goes on")
        .close()
        .await;

    let strict = "INSERT INTO gesta.migrations (version, needs, name) VALUES (99, 99, 'another log')";
    connection.execute(strict).await.expect("a newer version");
    match Postgres::connect(database.url()).await {
        Err(ConnectError::Unsafe { reason, remedy, .. }) => {
            assert!(reason.contains("99") && remedy.contains("newer"), "{reason}; {remedy}");
        }
        other => panic!("it must be refused: {other:?}"),
    }
    database.remove().await;
}

#[tokio::test]
async fn a_migration_waits_for_its_turn() {
    let database = Database::new(Kind::Postgres).await;
    let mut other = connection(&database).await;
    let mut turn = other.begin().await.expect("a transaction");
    turn.execute("SELECT pg_advisory_xact_lock(7451612233214488)")
        .await
        .expect("the turn of another process");
    let mut opening = Box::pin(Postgres::connect(database.url()));
    let early = tokio::time::timeout(std::time::Duration::from_millis(300), &mut opening).await;
    assert!(early.is_err(), "another process is at it");
    turn.rollback().await.expect("its turn ends");
    opening.await.expect("then it is ours").close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_segment_can_be_begun_at_any_time() {
    let database = Database::new(Kind::Postgres).await;
    let store = Postgres::connect(database.url()).await.expect("a store");
    let mut connection = connection(&database).await;
    for version in 0..4 {
        store.append(&[append("ann", Expected::Version(version), ["{}"])]).await.expect("appended");
        let segment: i64 = connection.fetch_one("SELECT gesta.rotate()").await.expect("a segment").get(0);
        assert_eq!(segment, version.cast_signed() + 1);
    }
    let last = store.last_position().await.expect("readable").raw();
    assert_eq!(last >> 40, 3, "the upper bits of a position are its segment");
    let parts = "SELECT count(DISTINCT tableoid) FROM gesta.events";
    assert_eq!(connection.fetch_one(parts).await.expect("parts").get::<i64, _>(0), 4);
    let mut versions = Vec::new();
    let read = gesta::store::ReadStream::all(gesta_tests::stream("ann"));
    let mut visit = |item: gesta::store::Item<'_>| {
        if let gesta::store::Item::Event(event) = item {
            versions.push(event.version);
        }
        std::ops::ControlFlow::Continue(())
    };
    store.read_stream(&read, &mut visit).await.expect("readable");
    assert_eq!(versions, [1, 2, 3, 4]);
    store.close().await;
    database.remove().await;
}

/// What people see of payloads that no jsonb can hold.
#[tokio::test]
async fn the_event_log_shows_every_payload_and_never_fails() {
    let payloads: [(&[u8], &str); 8] = [
        (br#"{"cents":5}"#, r#"{"cents": 5}"#),
        (br#""a \u0000 b""#, r#""\"a \\u0000 b\"""#),
        (br#""\ud800""#, r#""\"\\ud800\"""#),
        (b"1e400000", r#""1e400000""#),
        (b"not JSON", r#""not JSON""#),
        (b"\xff\xfe", r#""\\377\\376""#),
        (b"\0", r#""\\000""#),
        (b"", r#""""#),
    ];
    let database = Database::new(Kind::Postgres).await;
    let store = Postgres::connect(database.url()).await.expect("a store");
    let mut written = append("o'hara", Expected::Version(0), []);
    let event = |payload: &[u8]| gesta::store::NewEvent {
        name: "account.opened",
        version: 3,
        payload: payload.to_vec(),
    };
    written.events = payloads.iter().map(|(payload, _)| event(payload)).collect();
    written.meta.actor = Some("ann".to_owned());
    store.append(&[written]).await.expect("appended");
    store.close().await;

    let select = "SELECT category, stream, version, type, type_version, payload::text, meta->>'actor' \
                  FROM gesta.event_log ORDER BY position";
    let rows = connection(&database).await.fetch_all(select).await.expect("every row");
    for ((row, (_, shown)), version) in rows.iter().zip(payloads).zip(1_i64..) {
        let names = [0, 1, 3, 6].map(|column| row.get::<String, _>(column));
        assert_eq!(names, ["account", "o'hara", "account.opened", "ann"]);
        assert_eq!((row.get::<i64, _>(2), row.get::<i32, _>(4)), (version, 3));
        assert_eq!(row.get::<Option<String>, _>(5).as_deref(), Some(shown));
    }
    assert_eq!(rows.len(), payloads.len());
    database.remove().await;
}
