//! Telling other processes of appends: soon, not more often than it helps, and in nobody's way.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use gesta::store::{EventStore, Expected, Postgres, ReadSide, Shards};
use gesta_tests::{Database, Kind, Server, append, one};
use sqlx::{Connection, Executor, PgConnection, Row, postgres::PgListener};
use tokio::{sync::watch, time::timeout};

const PATIENCE: Duration = Duration::from_secs(20);

/// After so long without a word nothing is on its way any more, also on a busy machine.
const SILENCE: Duration = Duration::from_secs(1);

/// Appends until it is heard: a listener may still be connecting.
async fn heard(store: &Postgres, signals: &mut watch::Receiver<u64>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        signals.mark_unchanged();
        one(store, append("ann", Expected::Any, ["1"])).await.expect("appended");
        if timeout(Duration::from_millis(100), signals.changed()).await.is_ok() {
            return;
        }
        assert!(Instant::now() < deadline, "nothing is heard");
    }
}

/// The process of the server that has done this last, as soon as there is one; there is never more than one.
async fn process(connection: &mut PgConnection, statement: &str) -> i32 {
    let select = "SELECT pid FROM pg_stat_activity WHERE query LIKE $1 || '%' AND application_name = 'gesta' \
                  AND datname = current_database()";
    let deadline = Instant::now() + PATIENCE;
    loop {
        let rows = sqlx::query(select).bind(statement).fetch_all(&mut *connection).await.expect("processes");
        assert!(rows.len() <= 1, "one connection is enough for a store");
        if let Some(row) = rows.first() {
            return row.get(0);
        }
        assert!(Instant::now() < deadline, "nobody does it");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn another_store_is_told_at_once_and_again_after_its_connection_was_lost() {
    let database = Database::new(Kind::Postgres).await;
    let (writer, reader) = (
        Postgres::connect(database.url()).await.expect("a store"),
        Postgres::connect(database.url()).await.expect("a store"),
    );
    let mut signals = reader.signals();
    heard(&writer, &mut signals).await;

    let mut latencies = Vec::new();
    for _ in 0..50 {
        // What was told before is told no more after a while without appends.
        while timeout(Duration::from_millis(20), signals.changed()).await.is_ok() {}
        let begun = Instant::now();
        one(&writer, append("ann", Expected::Any, ["1"])).await.expect("appended");
        timeout(PATIENCE, signals.changed()).await.expect("it is told").expect("the store is there");
        latencies.push(begun.elapsed());
    }
    latencies.sort_unstable();
    println!(
        "from the call of an append to the signal elsewhere: p50 {:?}, max {:?}",
        latencies[25], latencies[49]
    );

    let mut killer = PgConnection::connect(database.url()).await.expect("a connection");
    let listening = process(&mut killer, "LISTEN").await;
    sqlx::query("SELECT pg_terminate_backend($1)").bind(listening).execute(&mut killer).await.expect("ended");
    heard(&writer, &mut signals).await;
    let telling = process(&mut killer, "SELECT pg_catalog.pg_notify").await;
    sqlx::query("SELECT pg_terminate_backend($1)").bind(telling).execute(&mut killer).await.expect("ended");
    heard(&writer, &mut signals).await;
    writer.close().await;
    reader.close().await;
    database.remove().await;
}

#[tokio::test]
async fn many_appends_are_few_notifications_and_ones_own_are_not_heard_twice() {
    let database = Database::new(Kind::Postgres).await;
    let store = Postgres::connect(database.url()).await.expect("a store");
    let mut signals = store.signals();
    let mut listener = PgListener::connect(database.url()).await.expect("a listener");
    listener.listen("gesta").await.expect("it listens");
    one(&store, append("ann", Expected::Any, ["1"])).await.expect("appended");
    timeout(PATIENCE, listener.recv()).await.expect("it is told").expect("a notification");

    let begun = Instant::now();
    for _ in 0..300 {
        one(&store, append("ann", Expected::Any, ["1"])).await.expect("appended");
    }
    let most = begun.elapsed().as_millis() / 5 + 2;
    let mut told = 0;
    while timeout(Duration::from_millis(100), listener.recv()).await.is_ok() {
        told += 1;
    }
    println!("{told} notifications of 300 appends in {:?}", begun.elapsed());
    assert!(told > 0 && told <= most, "{told} notifications, and {most} are the most");

    // It rings for its own appends at once; the notification of the last one has arrived by now and is left alone.
    signals.mark_unchanged();
    one(&store, append("ann", Expected::Any, ["1"])).await.expect("appended");
    assert!(signals.has_changed().expect("the store is there"), "one's own are heard without a way round");
    let rings = *signals.borrow_and_update();
    timeout(PATIENCE, listener.recv()).await.expect("it is told").expect("a notification");
    heard_nothing(&mut signals).await;
    assert_eq!(*signals.borrow(), rings);
    store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn another_store_is_told_of_shards_even_by_one_that_closes_at_once() {
    let database = Database::new(Kind::Postgres).await;
    let (leaving, reader) = (
        Postgres::connect(database.url()).await.expect("a store"),
        Postgres::connect(database.url()).await.expect("a store"),
    );
    let (mut appended, mut freed) = (reader.signals(), reader.shard_signals());
    heard(&leaving, &mut appended).await;
    // What was told before is told no more after a while; appends are nothing that those who wait for shards hear of.
    while timeout(SILENCE, appended.changed()).await.is_ok() {}
    freed.mark_unchanged();
    one(&leaving, append("ann", Expected::Any, ["1"])).await.expect("appended");
    timeout(PATIENCE, appended.changed()).await.expect("it is told").expect("the store is there");
    while timeout(SILENCE, appended.changed()).await.is_ok() {}
    assert!(!freed.has_changed().expect("the store is there"), "an append frees no shard");

    let begun = Instant::now();
    leaving.leave(uuid::Uuid::now_v7()).await.expect("it leaves");
    leaving.close().await;
    timeout(PATIENCE, freed.changed()).await.expect("it is told").expect("the store is there");
    println!("told of shards {:?} after the call", begun.elapsed());
    assert!(!appended.has_changed().expect("the store is there"), "nothing was appended");

    // Its own it hears once.
    let rings = *freed.borrow_and_update();
    reader.leave(uuid::Uuid::now_v7()).await.expect("it leaves");
    heard_nothing(&mut appended).await;
    assert_eq!(*freed.borrow(), rings + 1);
    reader.close().await;
    database.remove().await;
}

async fn heard_nothing(signals: &mut watch::Receiver<u64>) {
    assert!(timeout(Duration::from_millis(100), signals.changed()).await.is_err(), "it is told of its own");
}

/// Stops a process as a machine that hangs would, or lets it go on.
fn kill(signal: &str, process: i32) {
    let done = Command::new("kill").args([signal, &process.to_string()]).status().expect("kill");
    assert!(done.success());
}

#[tokio::test]
async fn a_notification_that_hangs_holds_up_no_append() {
    let server = Server::start("");
    let (writer, reader) = (
        Postgres::connect(&server.url()).await.expect("a store"),
        Postgres::connect(&server.url()).await.expect("a store"),
    );
    let mut signals = reader.signals();
    heard(&writer, &mut signals).await;
    let mut watcher = PgConnection::connect(&server.url()).await.expect("a connection");
    let telling = process(&mut watcher, "SELECT pg_catalog.pg_notify").await;
    let two_hundred = async || {
        let begun = Instant::now();
        for _ in 0..200 {
            one(&writer, append("ann", Expected::Any, ["1"])).await.expect("appended");
        }
        begun.elapsed()
    };
    let usual = two_hundred().await;
    kill("-STOP", telling);
    let took = two_hundred().await;
    kill("-CONT", telling);
    assert!(took < usual * 4 + Duration::from_secs(5), "200 appends took {took:?}, and {usual:?} before");
    heard(&writer, &mut signals).await;
    writer.close().await;
    reader.close().await;
}

#[tokio::test]
async fn the_connections_end_with_the_store() {
    let database = Database::new(Kind::Postgres).await;
    let mut watcher = PgConnection::connect(database.url()).await.expect("a connection");
    for dropped in [false, true] {
        let (writer, reader) = (
            Postgres::connect(database.url()).await.expect("a store"),
            Postgres::connect(database.url()).await.expect("a store"),
        );
        let mut signals = reader.signals();
        heard(&writer, &mut signals).await;
        if !dropped {
            writer.close().await;
            reader.close().await;
            let _ = (writer.signals(), reader.signals());
        }
        drop((writer, reader));
        let select = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'gesta' \
                      AND datname = current_database()";
        let deadline = Instant::now() + PATIENCE;
        while watcher.fetch_one(select).await.expect("a count").get::<i64, _>(0) > 0 {
            assert!(Instant::now() < deadline, "a connection stays open");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(
            timeout(PATIENCE, signals.changed()).await.expect("it ends").is_err(),
            "nobody rings any more"
        );
    }
    database.remove().await;
}
