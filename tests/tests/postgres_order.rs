//! The order of the log under everything that breaks it elsewhere: writers whose transactions take their time, have
//! their transaction id early, are rolled back, whole or to a savepoint, and new segments of the log, while readers
//! follow.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use gesta::{
    domain::Position,
    store::{EventStore, Expected, LogEventRef, Outcome, Postgres, ReadLog, StoreError},
};
use gesta_tests::{Database, Dice, Kind, append};
use sqlx::{Connection, Executor, PgConnection, PgPool, Row, postgres::PgPoolOptions};

const WRITERS: u64 = 24;
const STREAMS: u64 = 20;
const ROUND: Duration = Duration::from_secs(2);
/// The naive reader has lost events in the first round of every run so far.
const ROUNDS: usize = 10;

/// Position, stream and version of an event, in the order in which it was read.
type Seen = Vec<(i64, String, i64)>;

/// A transaction of an application: it writes its own table, appends to a few streams, and takes its time.
async fn transaction(store: &Postgres, pool: &PgPool, dice: &mut Dice) -> Result<(), StoreError> {
    let mut transaction = pool.begin().await.expect("a transaction");
    if dice.roll(10) < 3 {
        // Its own write gives it a transaction id before those of others that append first.
        transaction.execute("INSERT INTO mine DEFAULT VALUES").await.expect("a row");
        pause(dice).await;
    }
    let mut streams = [dice.roll(STREAMS), dice.roll(STREAMS)];
    streams.sort_unstable();
    let written = append(&streams[0].to_string(), Expected::Any, ["1", "2"]);
    store.append_in(&mut transaction, &[written]).await?;
    pause(dice).await;
    if dice.roll(3) == 0 {
        let mut nested = transaction.begin().await.expect("a savepoint");
        let taken_back = append(&streams[1].to_string(), Expected::Any, ["no", "no", "no"]);
        store.append_in(&mut nested, &[taken_back]).await?;
        nested.rollback().await.expect("back to the savepoint");
        store.append_in(&mut transaction, &[append(&streams[1].to_string(), Expected::Any, ["3"])]).await?;
    }
    match dice.roll(20) {
        0 => transaction.rollback().await.expect("a rollback"),
        _ => transaction.commit().await.expect("a commit"),
    }
    Ok(())
}

/// Keeps a transaction open for a moment, most of them shortly and a few for long.
async fn pause(dice: &mut Dice) {
    let longest = if dice.roll(50) == 0 { 60_000 } else { 4_000 };
    tokio::time::sleep(Duration::from_micros(dice.roll(longest))).await;
}

async fn write(store: Postgres, pool: PgPool, number: u64, until: Instant) -> u64 {
    let mut dice = Dice::new(number + 1);
    let mut refused = 0;
    while Instant::now() < until {
        if number.is_multiple_of(4) {
            let batch = [0, 1].map(|_| append(&dice.roll(STREAMS).to_string(), Expected::Any, ["4"]));
            let outcomes = store.append(&batch).await.expect("the store appends");
            assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Appended(_))));
        } else if let Err(error) = transaction(&store, &pool, &mut dice).await {
            assert!(error.is_retryable(), "{error:?}");
            refused += 1;
        }
    }
    refused
}

/// Follows the log as the store gives it, to its end after the writers have stopped.
async fn follow(store: Postgres, stopped: Arc<AtomicBool>) -> Seen {
    let mut seen = Vec::new();
    let mut after = Position::START;
    loop {
        let stop = stopped.load(Ordering::SeqCst);
        let mut visit = |LogEventRef { stream, event }: LogEventRef<'_>| {
            let numbers = (event.position.raw().cast_signed(), event.version.cast_signed());
            seen.push((numbers.0, stream.id().to_owned(), numbers.1));
            ControlFlow::Continue(())
        };
        let last = store.read_log(&ReadLog { after, limit: 1000 }, &mut visit).await.expect("the log");
        if stop && last == after {
            return seen;
        }
        after = last;
    }
}

const EVENTS: &str = "SELECT e.position, s.id, e.version FROM gesta.events e JOIN gesta.streams s USING (stream_id) \
                      WHERE e.position > $1 ORDER BY e.position";

/// Follows the log as one would without thinking: whatever is there behind the last position that was seen.
async fn follow_naively(url: String, stopped: Arc<AtomicBool>) -> Seen {
    let mut connection = PgConnection::connect(&url).await.expect("a connection");
    let mut seen: Seen = Vec::new();
    loop {
        let stop = stopped.load(Ordering::SeqCst);
        let after = seen.last().map_or(0, |last| last.0);
        let rows = sqlx::query(EVENTS).bind(after).fetch_all(&mut connection).await.expect("events");
        if stop && rows.is_empty() {
            return seen;
        }
        seen.extend(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))));
    }
}

/// Begins new segments of the log while it is written.
async fn rotate(url: String, stopped: Arc<AtomicBool>) -> i64 {
    let mut connection = PgConnection::connect(&url).await.expect("a connection");
    let mut segment = 0;
    while !stopped.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(300)).await;
        segment = connection.fetch_one("SELECT gesta.rotate()").await.expect("a segment").get(0);
    }
    segment
}

/// How many events of one sequence come before an earlier one of their stream.
fn inversions(seen: &Seen) -> usize {
    let mut versions = BTreeMap::new();
    seen.iter().filter(|(_, stream, version)| versions.insert(stream, *version) >= Some(*version)).count()
}

/// What one round has shown: events stored, and lost by the naive reader.
async fn round(database: &Database) -> (usize, usize) {
    let store = Postgres::connect(database.url()).await.expect("a store");
    let pool =
        PgPoolOptions::new().max_connections(WRITERS as u32).connect(database.url()).await.expect("a pool");
    let stopped = Arc::new(AtomicBool::new(false));
    let reader = Postgres::options().readers(1).connect(database.url()).await.expect("a store of the reader");
    let follower = tokio::spawn(follow(reader.clone(), Arc::clone(&stopped)));
    let naive = tokio::spawn(follow_naively(database.url().to_owned(), Arc::clone(&stopped)));
    let rotator = tokio::spawn(rotate(database.url().to_owned(), Arc::clone(&stopped)));
    let until = Instant::now() + ROUND;
    let writers: Vec<_> =
        (0..WRITERS).map(|number| tokio::spawn(write(store.clone(), pool.clone(), number, until))).collect();
    for writer in writers {
        writer.await.expect("a writer ends without a panic");
    }
    stopped.store(true, Ordering::SeqCst);
    assert!(rotator.await.expect("the rotator") > 1, "the log has grown by no segment");
    let (followed, naive) = (follower.await.expect("the follower"), naive.await.expect("the naive reader"));

    let mut connection = PgConnection::connect(database.url()).await.expect("a connection");
    let stored = sqlx::query(EVENTS).bind(0_i64).fetch_all(&mut connection).await.expect("events");
    let stored: Seen = stored.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    assert_eq!(inversions(&followed), 0, "a stream was out of order");
    assert!(followed == stored, "read {} events, and {} are stored", followed.len(), stored.len());
    let heads = "SELECT count(*) FROM gesta.streams s WHERE s.version <> \
                 (SELECT count(*) FROM gesta.events e WHERE e.stream_id = s.stream_id)";
    let wrong: i64 = sqlx::query_scalar(heads).fetch_one(&mut connection).await.expect("heads");
    assert_eq!(wrong, 0, "a stream has a gap");
    for store in [store, reader] {
        store.close().await;
    }
    pool.close().await;
    (stored.len(), stored.len() - naive.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_loses_nothing_where_a_naive_reader_does() {
    let mut lost_naively = 0;
    for _ in 0..ROUNDS {
        let database = Database::new(Kind::Postgres).await;
        let mut connection = PgConnection::connect(database.url()).await.expect("a connection");
        connection.execute("CREATE TABLE mine (id bigserial PRIMARY KEY)").await.expect("a table");
        let (stored, lost) = round(&database).await;
        println!("{stored} events stored, none lost; {lost} lost by the naive reader");
        assert!(stored > 500, "only {stored} events: this was no stress");
        database.remove().await;
        lost_naively += lost;
        if lost_naively > 0 {
            return;
        }
    }
    panic!("the naive reader has lost nothing in {ROUNDS} rounds: this test has no teeth");
}
