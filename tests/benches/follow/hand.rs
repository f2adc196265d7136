//! The same work written by hand in SQL: what a team would write without a framework.
//!
//! It reads and decodes what the library delivers with every event: position, stream, version, type, time, metadata
//! and payload, the payload with serde into the enum's variant of its type. It is one keyset query per page, by a
//! prepared statement; nothing is read ahead. As there, the name of the stream is kept beside its key, not in it: the
//! library looks it up, and this side goes without.

use std::collections::HashMap;

use serde::Deserialize;
use sqlx::{
    PgPool, Row,
    postgres::{PgPoolOptions, PgRow},
    types::Json,
};
use uuid::Uuid;

/// A log in one table, read in pages by its position.
#[derive(Clone)]
pub struct Hand {
    pool: PgPool,
}

#[derive(Deserialize)]
struct Rang {
    cents: i64,
}

enum Happened {
    Rang(Rang),
}

/// An event as it is worked on.
#[allow(dead_code, reason = "not every field is used by the sums, but all are read")]
struct Row_ {
    position: i64,
    stream: Uuid,
    version: i64,
    /// Microseconds since 2000, as they come over the wire.
    recorded_at: i64,
    meta: Option<Json<HashMap<String, String>>>,
    event: Happened,
}

impl Row_ {
    fn of(row: &PgRow) -> Self {
        let event = match row.get(3) {
            "till.rang" => Happened::Rang(row.get::<Json<Rang>, _>(4).0),
            other => panic!("an event of the type {other}"),
        };
        let recorded_at = row.try_get_raw(5).and_then(|raw| raw.as_bytes().map_err(sqlx::Error::Decode));
        Self {
            position: row.get(0),
            stream: row.get(1),
            version: row.get(2),
            recorded_at: i64::from_be_bytes(
                recorded_at.expect("a time").try_into().expect("a time of eight bytes"),
            ),
            meta: row.get(6),
            event,
        }
    }

    fn cents(&self) -> i64 {
        let Happened::Rang(rang) = &self.event;
        rang.cents
    }
}

const PAGE: i64 = 1_000;

impl Hand {
    pub async fn connect(url: &str) -> Self {
        let pool =
            PgPoolOptions::new().max_connections(2).connect(url).await.expect("the server of the benchmark");
        sqlx::raw_sql(
            "CREATE TABLE hand_events (
               position bigserial PRIMARY KEY, stream uuid NOT NULL, version bigint NOT NULL, type text NOT NULL,
               payload jsonb NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now(), meta jsonb,
               UNIQUE (stream, version));
             CREATE TABLE hand_sums (stream uuid PRIMARY KEY, cents bigint NOT NULL, events bigint NOT NULL);
             CREATE TABLE hand_checkpoint (position bigint NOT NULL)",
        )
        .execute(&pool)
        .await
        .expect("the tables of the benchmark");
        Self { pool }
    }

    /// Stores events as they are, in this order.
    pub async fn fill(&self, events: &[(Uuid, i64, String)]) {
        let (mut streams, mut versions, mut payloads) = (Vec::new(), Vec::new(), Vec::new());
        for (stream, version, payload) in events {
            streams.push(*stream);
            versions.push(*version);
            payloads.push(payload.as_str());
        }
        sqlx::query(
            "INSERT INTO hand_events (stream, version, type, payload)
             SELECT s, v, 'till.rang', p::jsonb FROM UNNEST($1::uuid[], $2::bigint[], $3::text[]) AS e(s, v, p)",
        )
        .bind(&streams)
        .bind(&versions)
        .bind(&payloads)
        .execute(&self.pool)
        .await
        .expect("the events of the benchmark");
    }

    pub async fn analyze(&self) {
        sqlx::raw_sql("VACUUM ANALYZE hand_events").execute(&self.pool).await.expect("statistics");
    }

    async fn page(&self, after: i64) -> Vec<Row_> {
        let rows = sqlx::query(
            "SELECT position, stream, version, type, payload, recorded_at, meta FROM hand_events
             WHERE position > $1 ORDER BY position LIMIT $2",
        )
        .bind(after)
        .bind(PAGE)
        .fetch_all(&self.pool)
        .await
        .expect("a page");
        rows.iter().map(Row_::of).collect()
    }

    /// The sum over the log, in memory; and of how many events.
    pub async fn sum(&self) -> (i64, u64) {
        let (mut sum, mut events, mut after) = (0, 0, 0);
        loop {
            let page = self.page(after).await;
            let Some(last) = page.last() else { return (sum, events) };
            after = last.position;
            for row in &page {
                sum += row.cents();
                events += 1;
            }
        }
    }

    /// A row per stream, and how far it has come, in one transaction per page.
    pub async fn project(&self) {
        sqlx::raw_sql("TRUNCATE hand_sums; TRUNCATE hand_checkpoint; INSERT INTO hand_checkpoint VALUES (0)")
            .execute(&self.pool)
            .await
            .expect("empty tables");
        let mut after = 0;
        loop {
            let page = self.page(after).await;
            let Some(last) = page.last() else { return };
            let mut sums: HashMap<Uuid, (i64, i64)> = HashMap::new();
            for row in &page {
                let sum = sums.entry(row.stream).or_default();
                *sum = (sum.0 + row.cents(), sum.1 + 1);
            }
            self.store(sums, after, last.position).await;
            after = last.position;
        }
    }

    async fn store(&self, sums: HashMap<Uuid, (i64, i64)>, from: i64, to: i64) {
        let mut transaction = self.pool.begin().await.expect("a transaction");
        let (streams, sums): (Vec<Uuid>, Vec<(i64, i64)>) = sums.into_iter().unzip();
        let (cents, events): (Vec<i64>, Vec<i64>) = sums.into_iter().unzip();
        sqlx::query(
            "INSERT INTO hand_sums (stream, cents, events)
             SELECT * FROM UNNEST($1::uuid[], $2::bigint[], $3::bigint[])
             ON CONFLICT (stream) DO UPDATE
             SET cents = hand_sums.cents + excluded.cents, events = hand_sums.events + excluded.events",
        )
        .bind(&streams)
        .bind(&cents)
        .bind(&events)
        .execute(&mut *transaction)
        .await
        .expect("sums");
        let moved = sqlx::query("UPDATE hand_checkpoint SET position = $1 WHERE position = $2")
            .bind(to)
            .bind(from)
            .execute(&mut *transaction)
            .await
            .expect("the checkpoint");
        assert_eq!(moved.rows_affected(), 1);
        transaction.commit().await.expect("a commit");
    }

    /// The sum over the rows.
    pub async fn projected(&self) -> i64 {
        sqlx::query_scalar("SELECT sum(cents)::bigint FROM hand_sums")
            .fetch_one(&self.pool)
            .await
            .expect("a sum")
    }
}
