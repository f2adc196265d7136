//! Sums in a table of the application's own, changed in the transaction of the subscription.

use std::{collections::BTreeMap, sync::Arc};

use gesta::{
    log::{Filter, LogEntry},
    projection::SqlProjection,
    store::{BoxError, SqlConnection},
};
use sqlx::{Connection, PgConnection, Row, SqliteConnection};

use super::{Tally, TillEvent};

/// Sum and number of amounts.
type Line = (i64, i64);

const ALL: &str = "SELECT till, cents, events FROM till_books";

const TABLE: &str =
    "CREATE TABLE till_books (till text PRIMARY KEY, cents bigint NOT NULL, events bigint NOT NULL)";

const ADD: &str = "INSERT INTO till_books AS b (till, cents, events) VALUES ($1, $2, $3)
     ON CONFLICT (till) DO UPDATE SET cents = b.cents + excluded.cents, events = b.events + excluded.events";

/// What every till has rung up, added to what the table says: done twice it would be wrong.
#[derive(Clone, Copy, Debug)]
pub struct Books;

impl SqlProjection for Books {
    const NAME: &'static str = "till_books";

    fn events(&self) -> Filter {
        Filter::new().events_of::<TillEvent>()
    }

    async fn project(&self, connection: SqlConnection<'_>, events: &[Arc<LogEntry>]) -> Result<(), BoxError> {
        let mut sums: BTreeMap<&str, Line> = BTreeMap::new();
        for event in events {
            let TillEvent::Rang { cents, .. } = event.decode()?;
            let sum = sums.entry(event.stream.id()).or_default();
            *sum = (sum.0 + cents, sum.1 + 1);
        }
        match connection {
            SqlConnection::Postgres(connection) => {
                for (till, (cents, events)) in sums {
                    let add = sqlx::query(ADD).bind(till).bind(cents).bind(events);
                    add.execute(&mut *connection).await?;
                }
            }
            SqlConnection::Sqlite(connection) => {
                for (till, (cents, events)) in sums {
                    let add = sqlx::query(ADD).bind(till).bind(cents).bind(events);
                    add.execute(&mut *connection).await?;
                }
            }
            _ => return Err("the books are kept in SQLite and PostgreSQL".into()),
        }
        Ok(())
    }
}

/// Makes the table.
///
/// # Panics
/// When that is not possible.
pub async fn make_books(url: &str) {
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await.expect("the books");
        sqlx::query(TABLE).execute(&mut connection).await.expect("a table");
    } else {
        let mut connection = PgConnection::connect(url).await.expect("the books");
        sqlx::query(TABLE).execute(&mut connection).await.expect("a table");
    }
}

/// What the table should say of a till.
pub(super) fn known((till, tally): (&String, &Tally)) -> (String, Line) {
    (till.clone(), (tally.cents, tally.events.cast_signed()))
}

/// What the table says.
pub(super) async fn all(url: &str) -> BTreeMap<String, Line> {
    if url.starts_with("sqlite:") {
        let mut connection = SqliteConnection::connect(url).await.expect("the books");
        let rows = sqlx::query(ALL).fetch_all(&mut connection).await.expect("the books");
        return rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect();
    }
    let mut connection = PgConnection::connect(url).await.expect("the books");
    let rows = sqlx::query(ALL).fetch_all(&mut connection).await.expect("the books");
    rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect()
}
