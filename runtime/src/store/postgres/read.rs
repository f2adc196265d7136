//! Reading: rows are visited as they arrive, and nothing of them is copied.

use std::{ops::ControlFlow, pin::pin, task::Poll, time::Duration};

use futures_util::{Stream, StreamExt, future::poll_fn};
use sqlx::{
    Arguments, PgConnection, Row, SqlSafeStr, ValueRef,
    postgres::{PgArguments, PgRow},
};
use uuid::Uuid;

use super::{
    failure::{Silent, reading},
    far::Far,
    names::{Dictionary, Names},
};
use crate::{
    domain::{Position, Timestamp},
    store::{EventRef, Item, ReadStream, SnapshotRef, StoreError, StreamVisitor},
};

const STREAM: &str = include_str!("sql/read_stream.sql");
const STREAM_FROM_SNAPSHOT: &str = include_str!("sql/read_stream_from_snapshot.sql");

/// Between the epochs of PostgreSQL (2000) and of [`Timestamp`] (1970), in microseconds.
pub(super) const EPOCH: i64 = 946_684_800_000_000;

/// Where a reading has come to.
pub(super) enum End {
    /// To the last row, or so far as the visitor wanted; the connection is at rest only in the first case.
    Finished,
    Stopped,
    /// A row has a name that is not known yet; nothing of that row was visited.
    NewName(i32),
}

/// Reads on one connection. `Ok(true)` if the connection is at rest afterwards.
pub(super) struct Reading<'a> {
    pub(super) connection: &'a mut PgConnection,
    pub(super) names: &'a Names,
    pub(super) far: &'a Far,
    pub(super) patience: Duration,
}

impl Reading<'_> {
    pub(super) async fn stream(
        self,
        read: &ReadStream,
        visit: StreamVisitor<'_>,
    ) -> Result<bool, StoreError> {
        let mut names = self.names.known();
        let mut after = read.after;
        let mut left = read.limit;
        let mut snapshot = read.snapshot;
        let mut looked_up = None;
        loop {
            let end = {
                let rows = rows_of(self.connection, stream_query(read, after, left, snapshot)?);
                let visit_row = |row: PgRow| {
                    let row = Fields { row: &row };
                    let Some(type_id) = row.optional_int4(3)? else {
                        snapshot = None;
                        let kept = row.snapshot(read.snapshot.unwrap_or_default())?;
                        after = kept.version;
                        return Ok(flow(visit(Item::Snapshot(kept))));
                    };
                    let Some(name) = names.word(type_id) else { return Ok(Some(End::NewName(type_id))) };
                    let event = row.event(name)?;
                    after = event.version;
                    left = left.map(|left| left.saturating_sub(1));
                    Ok(flow(visit(Item::Event(event))))
                };
                each(rows, self.patience, "reading a stream", visit_row).await?
            };
            match end {
                End::Finished => return Ok(true),
                End::Stopped => return Ok(false),
                End::NewName(number) => {
                    learn(self.connection, self.names, &mut names, number, &mut looked_up).await?;
                }
            }
        }
    }
}

/// Looks up names that another process has given numbers to. The reading goes on behind the last row.
pub(super) async fn learn(
    connection: &mut PgConnection,
    known: &Names,
    names: &mut std::sync::Arc<Dictionary>,
    number: i32,
    looked_up: &mut Option<i32>,
) -> Result<(), StoreError> {
    if looked_up.replace(number) == Some(number) {
        let source = format!("number {number} is not in gesta.names; was the table changed?").into();
        return Err(StoreError::Backend { what: "reading the name of an event".to_owned(), source });
    }
    *names = known.load(connection).await.map_err(|error| reading("reading the names of events", error))?;
    Ok(())
}

pub(super) type Query = (&'static str, PgArguments);

fn stream_query(
    read: &ReadStream,
    after: u64,
    limit: Option<u64>,
    snapshot: Option<u64>,
) -> Result<Query, StoreError> {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let mut arguments = PgArguments::default();
    arguments
        .add(read.stream.key())
        .and_then(|()| arguments.add(number(after)))
        .and_then(|()| arguments.add(limit.map(number)))
        .and_then(|()| snapshot.map_or(Ok(()), |fingerprint| arguments.add(fingerprint.cast_signed())))
        .map_err(|source| StoreError::Backend { what: "reading a stream".to_owned(), source })?;
    Ok((if snapshot.is_some() { STREAM_FROM_SNAPSHOT } else { STREAM }, arguments))
}

pub(super) fn rows_of(
    connection: &mut PgConnection,
    (statement, arguments): Query,
) -> impl Stream<Item = Result<PgRow, sqlx::Error>> {
    sqlx::query_with(statement.into_sql_str(), arguments).fetch(connection)
}

pub(super) fn flow(flow: ControlFlow<()>) -> Option<End> {
    flow.is_break().then_some(End::Stopped)
}

/// Visits each row, and gives up when none arrives for `patience`.
pub(super) async fn each<R>(
    rows: impl Stream<Item = Result<R, sqlx::Error>>,
    patience: Duration,
    what: &'static str,
    mut visit: impl FnMut(R) -> Result<Option<End>, sqlx::Error>,
) -> Result<End, StoreError> {
    let mut rows = pin!(rows);
    let mut alarm = pin!(tokio::time::sleep(patience));
    let mut progress = false;
    // One alarm for all rows, wound up again when it goes off and rows have come since: a timer for each would cost
    // more than the row.
    loop {
        let next = poll_fn(|context| {
            if let Poll::Ready(row) = rows.poll_next_unpin(context) {
                progress = true;
                return Poll::Ready(Ok(row));
            }
            while alarm.as_mut().poll(context).is_ready() {
                if !progress {
                    return Poll::Ready(Err(Silent(patience)));
                }
                progress = false;
                alarm.as_mut().reset(tokio::time::Instant::now() + patience);
            }
            Poll::Pending
        });
        let row = match next.await {
            Ok(Some(row)) => row.map_err(|error| reading(what, error))?,
            Ok(None) => return Ok(End::Finished),
            Err(silent) => return Err(StoreError::Unavailable { what, source: Box::new(silent) }),
        };
        if let Some(end) = visit(row).map_err(|error| reading(what, error))? {
            return Ok(end);
        }
    }
}

/// The columns of a row as they came over the wire. Their types are those of our own statements.
pub(super) struct Fields<'r> {
    pub(super) row: &'r PgRow,
}

impl<'r> Fields<'r> {
    pub(super) fn bytes(&self, column: usize) -> Result<&'r [u8], sqlx::Error> {
        self.row.try_get_raw(column)?.as_bytes().map_err(sqlx::Error::Decode)
    }

    pub(super) fn optional_bytes(&self, column: usize) -> Result<Option<&'r [u8]>, sqlx::Error> {
        let raw = self.row.try_get_raw(column)?;
        if raw.is_null() { Ok(None) } else { raw.as_bytes().map(Some).map_err(sqlx::Error::Decode) }
    }

    pub(super) fn int8(&self, column: usize) -> Result<i64, sqlx::Error> {
        Ok(i64::from_be_bytes(fixed(self.bytes(column)?)?))
    }

    pub(super) fn int4(&self, column: usize) -> Result<i32, sqlx::Error> {
        Ok(i32::from_be_bytes(fixed(self.bytes(column)?)?))
    }

    fn optional_int4(&self, column: usize) -> Result<Option<i32>, sqlx::Error> {
        self.optional_bytes(column)?.map(|bytes| Ok(i32::from_be_bytes(fixed(bytes)?))).transpose()
    }

    pub(super) fn uuid(&self, column: usize) -> Result<Uuid, sqlx::Error> {
        Ok(Uuid::from_bytes(fixed(self.bytes(column)?)?))
    }

    pub(super) fn text(&self, column: usize) -> Result<&'r str, sqlx::Error> {
        self.row.try_get_raw(column)?.as_str().map_err(sqlx::Error::Decode)
    }

    /// A moment; the greatest ones of the database are kept as they are.
    pub(super) fn time(&self, column: usize) -> Result<Timestamp, sqlx::Error> {
        Ok(Timestamp::from_micros(self.int8(column)?.saturating_add(EPOCH)))
    }

    pub(super) fn optional_time(&self, column: usize) -> Result<Option<Timestamp>, sqlx::Error> {
        self.optional_bytes(column)?.map(|_| self.time(column)).transpose()
    }

    fn position(&self) -> Result<Position, sqlx::Error> {
        Ok(Position::from_raw(self.int8(0)?.unsigned_abs()))
    }

    fn version(&self) -> Result<u64, sqlx::Error> {
        Ok(self.int8(1)?.unsigned_abs())
    }

    pub(super) fn event(&self, name: &'r str) -> Result<EventRef<'r>, sqlx::Error> {
        Ok(EventRef {
            position: self.position()?,
            version: self.version()?,
            recorded_at: self.time(2)?,
            name,
            type_version: u16::try_from(self.int4(4)?).unwrap_or(u16::MAX),
            meta: self.optional_bytes(5)?.unwrap_or_default(),
            payload: self.bytes(6)?,
        })
    }

    fn snapshot(&self, fingerprint: u64) -> Result<SnapshotRef<'r>, sqlx::Error> {
        let (version, position) = (self.version()?, self.position()?);
        Ok(SnapshotRef { version, position, fingerprint, state: self.bytes(6)? })
    }
}

pub(super) fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], sqlx::Error> {
    bytes.try_into().map_err(|_| {
        sqlx::Error::Decode(
            format!("a column has {} bytes and not {N}; was a table changed?", bytes.len()).into(),
        )
    })
}
