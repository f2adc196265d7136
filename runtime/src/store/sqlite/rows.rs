//! The rows that a transaction writes.

use std::collections::HashSet;

use futures_util::TryStreamExt;
use sqlx::{
    Arguments, Either, Encode, Executor, Sqlite, SqliteConnection, Type, error::BoxDynError,
    sqlite::SqliteArguments,
};

use super::{
    convert::signed,
    failure::Failure,
    sql::{self, Frame},
    transaction::State,
    types::Dictionary,
};
use crate::{
    codec::encode_meta,
    domain::{IdempotencyKey, Receipt},
    store::{
        NewEvent, StreamId,
        resolve::{Head, Write},
    },
};

/// The rows of the three tables, with numbers in place of names.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    events: Vec<EventRow<'a>>,
    heads: Vec<(i64, &'a StreamId, Head)>,
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
        let mut rows = Self { events: vec![], heads: vec![], keys: vec![], metas: vec![], now: state.now };
        let mut seen = HashSet::new();
        for write in writes {
            let append = write.append;
            let stream = state.id(&append.stream);
            if seen.insert(stream) {
                let head = state.ledger.heads.get(&append.stream).copied().unwrap_or_default();
                rows.heads.push((stream, &append.stream, head));
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
        let most = self.events.len().max(self.heads.len()).max(self.keys.len());
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
        let (events, heads) = (sql::page(&self.events, page), sql::page(&self.heads, page));
        let keys = sql::page(&self.keys, page);
        let rows = events.len().max(heads.len()).max(keys.len());
        let (statement, size) = sql::write(end, !self.keys.is_empty()).for_rows(rows);
        let mut values = Values(SqliteArguments::default());
        values.0.reserve(size * 18, 0);
        for row in events {
            values.add(signed(row.position))?.add(row.stream)?.add(signed(row.version))?.add(self.now)?;
            values
                .add(row.type_id)?
                .add(self.metas[row.meta].as_deref())?
                .add(row.event.payload.as_slice())?;
        }
        values.fill((size - events.len()) * 7)?;
        for (id, stream, head) in heads {
            values
                .add(*id)?
                .add(stream.key().as_bytes().as_slice())?
                .add(stream.category())?
                .add(stream.id())?;
            values.add(signed(head.version))?.add(signed(head.position.raw()))?;
        }
        values.fill((size - heads.len()) * 6)?;
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

struct Values(SqliteArguments);

impl Values {
    fn add<'q>(&mut self, value: impl Encode<'q, Sqlite> + Type<Sqlite>) -> Result<&mut Self, BoxDynError> {
        self.0.add(value)?;
        Ok(self)
    }

    fn fill(&mut self, nulls: usize) -> Result<(), BoxDynError> {
        (0..nulls).try_for_each(|_| self.0.add(None::<i64>))
    }
}
