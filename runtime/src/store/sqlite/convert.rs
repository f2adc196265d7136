//! SQLite has only signed numbers; the port has only unsigned ones.

use sqlx::{Row, sqlite::SqliteRow};

use crate::domain::{Position, Receipt, Timestamp};

/// A number as SQLite keeps it. What is greater than its greatest is as good as endless for a version, a position
/// or a limit.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that SQLite has kept for us, which is never negative.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

pub(super) fn position(number: i64) -> Position {
    Position::from_raw(unsigned(number))
}

/// Microseconds since 1970.
pub(super) fn micros(number: i64) -> Timestamp {
    Timestamp::from_micros(number)
}

/// Version, position and number of events, from three columns in a row.
pub(super) fn receipt(row: &SqliteRow, first: usize) -> Result<Receipt, sqlx::Error> {
    Ok(Receipt {
        version: unsigned(row.try_get(first)?),
        position: position(row.try_get(first + 1)?),
        events: usize::try_from(row.try_get::<i64, _>(first + 2)?).unwrap_or_default(),
    })
}
