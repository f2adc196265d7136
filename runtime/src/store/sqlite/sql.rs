//! Statements about many rows, written once for one row and repeated.

use std::sync::{Arc, LazyLock};

use sqlx::{
    Arguments, AssertSqlSafe, Encode, SqlSafeStr, SqlStr, Sqlite, SqliteConnection, Type,
    error::BoxDynError,
    sqlite::{SqliteArguments, SqliteRow},
};

/// For how many rows statements are made: few sizes, so that each is prepared once and used again. A statement
/// is filled up with NULLs to its size.
const SIZES: [usize; 5] = [1, 4, 16, 64, 256];

/// The most rows in one statement.
pub(super) const MOST: usize = SIZES[SIZES.len() - 1];

/// The rows of one statement out of many: page 0 has the first.
pub(super) fn page<T>(rows: &[T], page: usize) -> &[T] {
    rows.chunks(MOST).nth(page).unwrap_or_default()
}

/// How a transaction begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// One of our own. It takes the write lock before it reads, or what it reads may be past when it writes.
    Own,
    /// A savepoint in the caller's. The update of no row takes the write lock as well.
    Nested,
}

impl Frame {
    const fn begin(self) -> &'static str {
        match self {
            Self::Own => "BEGIN IMMEDIATE;",
            Self::Nested => "SAVEPOINT gesta_append; UPDATE gesta_streams SET name = name WHERE FALSE;",
        }
    }

    pub(super) const fn end(self) -> &'static str {
        match self {
            Self::Own => "COMMIT;",
            Self::Nested => "RELEASE gesta_append;",
        }
    }

    pub(super) const fn undo(self) -> &'static str {
        match self {
            Self::Own => "ROLLBACK;",
            Self::Nested => "ROLLBACK TO gesta_append; RELEASE gesta_append;",
        }
    }
}

/// One statement, or several in a row, for each size.
#[derive(Debug)]
pub(super) struct Repeated([SqlStr; SIZES.len()]);

impl Repeated {
    pub(super) fn new(parts: &[&str]) -> Self {
        let whole = parts.concat();
        let sized = |size| AssertSqlSafe(Arc::<str>::from(repeat(&whole, size))).into_sql_str();
        Self(SIZES.map(sized))
    }

    /// The statement for at least so many rows, and its size.
    pub(super) fn for_rows(&self, rows: usize) -> (SqlStr, usize) {
        let index = SIZES.iter().position(|&size| size >= rows).unwrap_or(SIZES.len() - 1);
        (self.0[index].clone(), SIZES[index])
    }
}

impl Repeated {
    /// Runs it for all rows, as often as it takes. What it answers.
    pub(super) async fn run<T>(
        &self,
        connection: &mut SqliteConnection,
        rows: &[T],
        add: impl Fn(&mut Values, &T) -> Result<(), BoxDynError>,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let mut answer = Vec::new();
        for page in rows.chunks(MOST) {
            let (statement, size) = self.for_rows(page.len());
            let mut values = Values::default();
            page.iter().try_for_each(|row| add(&mut values, row)).map_err(sqlx::Error::Encode)?;
            // All rows have the same columns.
            let columns = values.0.len() / page.len();
            values.fill((size - page.len()) * columns).map_err(sqlx::Error::Encode)?;
            answer.extend(sqlx::query_with(statement, values.0).fetch_all(&mut *connection).await?);
        }
        Ok(answer)
    }
}

/// The values of a statement.
#[derive(Default)]
pub(super) struct Values(pub(super) SqliteArguments);

impl Values {
    pub(super) fn add<'q>(
        &mut self,
        value: impl Encode<'q, Sqlite> + Type<Sqlite>,
    ) -> Result<&mut Self, BoxDynError> {
        self.0.add(value)?;
        Ok(self)
    }

    pub(super) fn fill(&mut self, nulls: usize) -> Result<(), BoxDynError> {
        (0..nulls).try_for_each(|_| self.0.add(None::<i64>))
    }
}

/// What stands in braces, so many times with commas between.
fn repeat(template: &str, times: usize) -> String {
    let mut sql = String::new();
    let mut rest = template;
    while let Some((before, (row, after))) =
        rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
    {
        sql += before;
        sql += &vec![row; times].join(",");
        rest = after;
    }
    sql + rest
}

/// All frames, and none: the middle of a transaction that needs several statements of a kind.
const FRAMES: [Option<Frame>; 3] = [None, Some(Frame::Own), Some(Frame::Nested)];

const fn index(frame: Option<Frame>, keys: bool) -> usize {
    let frame = match frame {
        None => 0,
        Some(Frame::Own) => 1,
        Some(Frame::Nested) => 2,
    };
    frame * 2 + keys as usize
}

/// Loads heads, and keys if there are any. With a frame it begins the transaction, and reads the end of the log.
pub(super) fn load(begin: Option<Frame>, keys: bool) -> &'static Repeated {
    static LOAD: LazyLock<[Repeated; 6]> = LazyLock::new(|| {
        std::array::from_fn(|index| {
            let (frame, keys) = (FRAMES[index / 2], index % 2 == 1);
            Repeated::new(&[
                frame.map_or("", Frame::begin),
                frame.map_or("", |_| include_str!("sql/load_end.sql")),
                include_str!("sql/load_heads.sql"),
                if keys { include_str!("sql/load_keys.sql") } else { "" },
            ])
        })
    });
    &LOAD[index(begin, keys)]
}

/// Writes new streams and events, and keys if there are any. With a frame it ends the transaction.
pub(super) fn write(end: Option<Frame>, keys: bool) -> &'static Repeated {
    static WRITE: LazyLock<[Repeated; 6]> = LazyLock::new(|| {
        std::array::from_fn(|index| {
            let (frame, keys) = (FRAMES[index / 2], index % 2 == 1);
            Repeated::new(&[
                include_str!("sql/insert_streams.sql"),
                include_str!("sql/insert_events.sql"),
                if keys { include_str!("sql/insert_keys.sql") } else { "" },
                frame.map_or("", Frame::end),
            ])
        })
    });
    &WRITE[index(end, keys)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_braces_is_repeated() {
        assert_eq!(repeat("VALUES {(?, ?)} WHERE x IN ({?})", 2), "VALUES (?, ?),(?, ?) WHERE x IN (?,?)");
        assert_eq!(repeat("COMMIT;", 3), "COMMIT;");
    }

    #[test]
    fn statements_have_the_next_size_and_at_most_the_largest() {
        let sizes = [0, 1, 2, 4, 5, 64, 65, 256, 1000].map(|rows| load(None, false).for_rows(rows).1);
        assert_eq!(sizes, [1, 1, 4, 4, 16, 64, 256, 256, 256]);
    }
}
