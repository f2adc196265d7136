//! The same work written by hand in SQL: what a team would write without a framework.

use serde::{Deserialize, Serialize};
use sqlx::{PgPool, Row, postgres::PgPoolOptions, types::Json};
use uuid::Uuid;

/// A store of events in one table: one `INSERT .. SELECT FROM UNNEST` per append, one `SELECT` per load.
#[derive(Clone)]
pub struct Hand {
    pool: PgPool,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub enum Payload {
    Opened { owner: String },
    Moved { cents: u64 },
}

#[derive(Default)]
pub struct State {
    pub owner: String,
    pub balance: u64,
    pub version: i64,
}

#[derive(Deserialize)]
struct Opened {
    owner: String,
}

#[derive(Deserialize)]
struct Moved {
    cents: u64,
}

impl Hand {
    pub async fn connect(url: &str, connections: u32) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .min_connections(connections)
            .connect(url)
            .await
            .expect("the server of the benchmark");
        sqlx::raw_sql(
            "CREATE TABLE IF NOT EXISTS hand_events (
               position bigserial NOT NULL, stream uuid NOT NULL, version bigint NOT NULL, type text NOT NULL,
               payload jsonb NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now(),
               PRIMARY KEY (stream, version))",
        )
        .execute(&pool)
        .await
        .expect("the table of the benchmark");
        Self { pool }
    }

    /// Appends; `false` when somebody else was faster.
    pub async fn append(&self, stream: Uuid, after: i64, events: &[(&str, Payload)]) -> bool {
        let versions: Vec<i64> = (1..=events.len() as i64).map(|n| after + n).collect();
        let types: Vec<&str> = events.iter().map(|(name, _)| *name).collect();
        let payloads: Vec<Json<&Payload>> = events.iter().map(|(_, payload)| Json(payload)).collect();
        let result = sqlx::query(
            "INSERT INTO hand_events (stream, version, type, payload)
             SELECT $1, v, t, p FROM UNNEST($2::bigint[], $3::text[], $4::jsonb[]) AS e(v, t, p)",
        )
        .bind(stream)
        .bind(&versions)
        .bind(&types)
        .bind(&payloads)
        .execute(&self.pool)
        .await;
        match result {
            Ok(_) => true,
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => false,
            Err(error) => panic!("the benchmark's own append failed: {error}"),
        }
    }

    pub async fn load(&self, stream: Uuid) -> State {
        let rows =
            sqlx::query("SELECT version, type, payload FROM hand_events WHERE stream = $1 ORDER BY version")
                .bind(stream)
                .fetch_all(&self.pool)
                .await
                .expect("the benchmark's own load");
        let mut state = State::default();
        for row in rows {
            state.version = row.get(0);
            match row.get::<&str, _>(1) {
                "account.opened" => state.owner = row.get::<Json<Opened>, _>(2).0.owner,
                "account.deposited" => state.balance += row.get::<Json<Moved>, _>(2).0.cents,
                _ => state.balance -= row.get::<Json<Moved>, _>(2).0.cents,
            }
        }
        state
    }
}
