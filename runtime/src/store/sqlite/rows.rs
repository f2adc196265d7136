//! The rows that a transaction writes.

use futures_util::TryStreamExt;
use sqlx::{Arguments, Either, Executor, SqliteConnection, error::BoxDynError, sqlite::SqliteArguments};

use super::{
    convert::signed,
    failure::Failure,
    sql::{self, Frame, Values},
    transaction::State,
    types::Dictionary,
};
use crate::{
    codec::encode_meta,
    domain::{IdempotencyKey, Receipt},
    store::{NewEvent, StreamId, resolve::Write},
};

/// The rows of the three tables, with numbers in place of names.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    /// Streams that have no number yet.
    streams: Vec<(i64, &'a StreamId)>,
    events: Vec<EventRow<'a>>,
    keys: Vec<(&'a IdempotencyKey, i64, Receipt)>,
    /// The metadata of each append, once for all its events.
    metas: Vec<Option<Vec<u8>>>,
    now: i64,
}

#[derive(Debug)]
struct EventRow<'a> {
    position: u64,
    stream: i64,
    version: u64,
    type_id: i64,
    /// The index of its metadata.
    meta: usize,
    event: &'a NewEvent,
}

impl<'a> Rows<'a> {
    /// The rows of these writes, in the order of their positions.
    pub(super) fn new(
        state: &mut State,
        types: &Dictionary,
        writes: &[Write<'a>],
    ) -> Result<Self, sqlx::Error> {
        let mut rows = Self { streams: vec![], events: vec![], keys: vec![], metas: vec![], now: state.now };
        for write in writes {
            let append = write.append;
            if append.events.is_empty() && append.key.is_none() {
                continue;
            }
            let (stream, new) = state.id(&append.stream);
            if new {
                rows.streams.push((stream, &append.stream));
            }
            rows.keys.extend(append.key.as_ref().map(|key| (key, stream, write.receipt)));
            rows.metas.push(Some(encode_meta(&append.meta)).filter(|meta| !meta.is_empty()));
            let meta = rows.metas.len() - 1;
            for (index, event) in append.events.iter().enumerate() {
                let (version, position) = write.place(index);
                let type_id = types.id(event.name, event.version).ok_or(sqlx::Error::RowNotFound)?;
                let position = position.raw();
                rows.events.push(EventRow { position, stream, version, type_id, meta, event });
            }
        }
        Ok(rows)
    }

    /// Writes them, and ends the transaction with the last statement.
    pub(super) async fn write(&self, connection: &mut SqliteConnection, frame: Frame) -> Result<(), Failure> {
        let most = self.events.len().max(self.streams.len()).max(self.keys.len());
        if most == 0 {
            return connection.execute(sqlx::raw_sql(frame.end())).await.map(drop).map_err(Failure::late);
        }
        let last = most.div_ceil(sql::MOST) - 1;
        for page in 0..=last {
            let end = (page == last).then_some(frame);
            let (statement, arguments) =
                self.page(page, end).map_err(|e| Failure::early(sqlx::Error::Encode(e)))?;
            let before_end = 2 + usize::from(!self.keys.is_empty());
            let mut done = 0;
            let mut results = connection.fetch_many(sqlx::query_with(statement, arguments));
            loop {
                match results.try_next().await {
                    Ok(Some(Either::Left(_))) => done += 1,
                    Ok(Some(Either::Right(_))) => {}
                    Ok(None) => break,
                    Err(error) if done < before_end => return Err(Failure::early(error)),
                    Err(error) => return Err(Failure::late(error)),
                }
            }
        }
        Ok(())
    }

    /// The statement that writes one page, with its arguments.
    fn page(&self, page: usize, end: Option<Frame>) -> Result<(sqlx::SqlStr, SqliteArguments), BoxDynError> {
        let (streams, events) = (sql::page(&self.streams, page), sql::page(&self.events, page));
        let keys = sql::page(&self.keys, page);
        let rows = streams.len().max(events.len()).max(keys.len());
        let (statement, size) = sql::write(end, !self.keys.is_empty()).for_rows(rows);
        let mut values = Values::default();
        values.0.reserve(size * 16, 0);
        for (id, stream) in streams {
            values.add(*id)?.add(stream.key().as_bytes().as_slice())?;
            values.add(stream.category())?.add(stream.id())?;
        }
        values.fill((size - streams.len()) * 4)?;
        for row in events {
            values.add(signed(row.position))?.add(row.stream)?.add(signed(row.version))?.add(self.now)?;
            values
                .add(row.type_id)?
                .add(self.metas[row.meta].as_deref())?
                .add(row.event.payload.as_slice())?;
        }
        values.fill((size - events.len()) * 7)?;
        if !self.keys.is_empty() {
            for (key, stream, receipt) in keys {
                values.add(key.as_str())?.add(*stream)?.add(signed(receipt.version))?;
                values.add(signed(receipt.position.raw()))?.add(signed(receipt.events as u64))?;
            }
            values.fill((size - keys.len()) * 5)?;
        }
        Ok((statement, values.0))
    }
}
