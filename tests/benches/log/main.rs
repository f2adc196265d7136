//! Events per second of reading the log in PostgreSQL, and appends per second with and without notifications, as
//! medians of a few rounds.
//!
//! `cargo bench -p gesta-tests --bench log` with `GESTA_TEST_POSTGRES_URL` set; `ROUNDS`, `EVENTS` and `STREAMS` change
//! how long it takes. "join" is a reading that is given the name of the stream with every event.

#![allow(missing_docs, unreachable_pub)]

mod appends;

use std::{ops::ControlFlow, time::Instant};

use gesta::{
    domain::{Meta, Position},
    store::{Append, EventStore, Expected, LogEventRef, NewEvent, Postgres, ReadLog, StreamId},
};
use gesta_tests::{Database, Kind};
use serde::Deserialize;
use sqlx::{Connection, PgConnection, Row};

#[derive(Deserialize)]
struct Deposited {
    cents: u64,
}

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

const PAGE: u64 = 1_000;

fn cents(payload: &[u8]) -> u64 {
    serde_json::from_slice::<Deposited>(payload).expect("a deposit").cents
}

async fn fill(store: &Postgres, events: u64, streams: u64) {
    let mut versions = vec![0; usize::try_from(streams).expect("a small number")];
    let ids: Vec<_> = (0..streams).map(|id| StreamId::new("account", &format!("customer-{id}"))).collect();
    for first in (0..events).step_by(500) {
        let mut batch = Vec::new();
        for event in first..(first + 500).min(events) {
            // Events of many streams follow upon each other, as they do in a log.
            let stream = usize::try_from(event.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 17).expect("64 bits")
                % ids.len();
            let payload = format!(r#"{{"cents":{event},"reason":"a deposit at the counter"}}"#).into_bytes();
            batch.push(Append {
                stream: ids[stream].clone(),
                expected: Expected::Version(versions[stream]),
                key: None,
                meta: Meta { correlation: Some(format!("request-{event}")), ..Meta::default() },
                events: vec![NewEvent { name: "account.deposited", version: 1, payload }],
                documents: Vec::new(),
                process: None,
                together: None,
            });
            versions[stream] += 1;
        }
        store.append(&batch).await.expect("appended");
    }
}

/// Pages by position with serde decode, as somebody writes them who needs no order of the log.
async fn by_hand(connection: &mut PgConnection) -> u64 {
    let (mut after, mut sum) = (0_i64, 0);
    let select = "SELECT position, stream_id, version, type_id, payload FROM gesta.events WHERE position > $1 \
                  ORDER BY position LIMIT 1000";
    loop {
        let rows = sqlx::query(select).bind(after).fetch_all(&mut *connection).await.expect("rows");
        let Some(last) = rows.last() else { return sum };
        after = last.get(0);
        sum += rows.iter().map(|row| cents(row.get(4))).sum::<u64>();
    }
}

/// The first function of the database, with the names of streams, and their keys worked out.
async fn with_join(connection: &mut PgConnection) -> u64 {
    let (mut after, mut sum) = (0_i64, 0);
    let select = "SELECT event_position, event_version, event_recorded_at::text, event_type, event_type_version, \
                  event_meta, event_payload, event_stream, stream_category, stream_text \
                  FROM gesta.read_log_v1($1, 1000)";
    loop {
        let rows = sqlx::query(select).bind(after).fetch_all(&mut *connection).await.expect("rows");
        let Some(last) = rows.last() else { return sum };
        after = last.get(0);
        let mut streams = std::collections::HashMap::new();
        for row in &rows {
            let key: uuid::Uuid = row.get(7);
            streams.entry(key).or_insert_with(|| StreamId::new("account", row.get(9)));
            sum += cents(row.get(6));
        }
    }
}

async fn by_store(store: &Postgres) -> u64 {
    let (mut after, mut sum) = (Position::START, 0);
    loop {
        let mut visit = |LogEventRef { event, .. }: LogEventRef<'_>| {
            sum += cents(event.payload);
            ControlFlow::Continue(())
        };
        let last = store.read_log(&ReadLog { after, limit: PAGE }, &mut visit).await.expect("the log");
        if last == after {
            return sum;
        }
        after = last;
    }
}

async fn in_one_reading(store: &Postgres) -> u64 {
    let mut sum = 0;
    let mut visit = |LogEventRef { event, .. }: LogEventRef<'_>| {
        sum += cents(event.payload);
        ControlFlow::Continue(())
    };
    let all = ReadLog { after: Position::START, limit: u64::MAX };
    store.read_log(&all, &mut visit).await.expect("the log");
    sum
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

async fn run() {
    let (events, streams) = (env("EVENTS", 200_000), env("STREAMS", 10_000));
    let database = Database::new(Kind::Postgres).await;
    let store = Postgres::connect(database.url()).await.expect("a store");
    fill(&store, events, streams).await;
    let mut connection = PgConnection::connect(database.url()).await.expect("a connection");
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut connection).await.expect("vacuumed");
    let expected = (0..events).sum::<u64>();
    let mut rates = [const { Vec::new() }; 5];
    for _ in 0..env("ROUNDS", 5) {
        for (case, rates) in rates.iter_mut().enumerate() {
            let begun = Instant::now();
            let sum = match case {
                0 => by_hand(&mut connection).await,
                1 => with_join(&mut connection).await,
                2 => by_store(&store).await,
                3 => in_one_reading(&store).await,
                _ => {
                    let cold = Postgres::connect(database.url()).await.expect("a store");
                    by_store(&cold).await
                }
            };
            assert_eq!(sum, expected, "every event once");
            rates.push(events as f64 / begun.elapsed().as_secs_f64());
        }
    }
    let names = ["by hand", "function with join", "store, pages", "store, one reading", "new store, pages"];
    for (name, rates) in names.into_iter().zip(rates) {
        println!("{name:>20}: {:>9.0} events/s", median(rates));
    }
    store.close().await;
    database.remove().await;
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(run());
    runtime.block_on(appends::run(env("ROUNDS", 5)));
}
