//! Sums in a table of the application's own, changed in the transaction of the subscription.

use std::collections::BTreeMap;

use sqlx::{Connection, PgConnection, Row, SqliteConnection};

use super::Tally;

/// Sum and number of amounts.
type Line = (i64, i64);

const ALL: &str = "SELECT till, cents, events FROM till_books";

const TABLE: &str =
    "CREATE TABLE till_books (till text PRIMARY KEY, cents bigint NOT NULL, events bigint NOT NULL)";

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
