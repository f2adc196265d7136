//! One transaction: loads what decides, lets the rules decide, and writes.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use futures_util::TryStreamExt;
use sqlx::{
    Arguments, Encode, Executor, Row, Sqlite, SqliteConnection, Type,
    sqlite::{SqliteArguments, SqliteRow},
};
use uuid::Uuid;

use super::{
    convert::{position, receipt, signed, unsigned},
    documents,
    failure::Failure,
    process,
    rows::Rows,
    sql::{self, Frame},
    types::Dictionary,
};
use crate::{
    domain::{IdempotencyKey, Position, Timestamp},
    store::{
        Append, Outcome, StreamId,
        resolve::{Head, Ledger},
    },
};

/// A snapshot on its way into the store.
#[derive(Clone, Debug)]
pub(super) struct NewSnapshot {
    pub(super) stream: Uuid,
    pub(super) version: u64,
    pub(super) position: Position,
    pub(super) fingerprint: u64,
    pub(super) state: Vec<u8>,
}

/// What one transaction has done.
#[derive(Debug)]
pub(super) struct Done {
    /// For each batch the outcomes of its appends.
    pub(super) outcomes: Vec<Vec<Outcome>>,
    /// The dictionary, if it has grown; to be remembered, because the transaction was committed.
    pub(super) dictionary: Option<Arc<Dictionary>>,
}

/// Stores what can be stored of several batches and some snapshots, in one transaction of its own or nested in
/// the caller's. After a failure the transaction is undone.
pub(super) async fn run(
    connection: &mut SqliteConnection,
    frame: Frame,
    known: Arc<Dictionary>,
    batches: &[&[Append]],
    snapshots: &[&NewSnapshot],
) -> Result<Done, Failure> {
    let result = match load(connection, frame, batches).await {
        Ok(state) => store(connection, frame, state, known, batches, snapshots).await,
        Err(error) => Err(Failure::early(error)),
    };
    if result.is_err() {
        // Fails where there is nothing to undo: the lock was not given, or SQLite has undone it already.
        let _ = connection.execute(sqlx::raw_sql(frame.undo())).await;
    }
    result
}

/// What a transaction knows under its lock.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) ledger: Ledger,
    /// The numbers of streams. New streams get the next.
    ids: HashMap<StreamId, i64>,
    last_id: i64,
    /// The time by the clock of SQLite, in microseconds since 1970.
    pub(super) now: i64,
}

impl State {
    /// The number of a stream, and whether it was given just now.
    pub(super) fn id(&mut self, stream: &StreamId) -> (i64, bool) {
        match self.ids.get(stream) {
            Some(id) => (*id, false),
            None => {
                self.last_id += 1;
                self.ids.insert(stream.clone(), self.last_id);
                (self.last_id, true)
            }
        }
    }

    /// Takes a row of one of the loading statements, which begin with a number for their kind.
    fn take(&mut self, row: &SqliteRow, asked: &HashMap<Uuid, &StreamId>) -> Result<(), sqlx::Error> {
        match row.try_get::<i64, _>(0)? {
            0 => {
                self.ledger.last = position(row.try_get(1)?);
                (self.last_id, self.now) = (row.try_get(2)?, row.try_get(3)?);
            }
            1 => {
                let key =
                    Uuid::from_slice(row.try_get(2)?).map_err(|error| sqlx::Error::Decode(error.into()))?;
                let head = Head { version: unsigned(row.try_get(3)?), position: position(row.try_get(4)?) };
                if let Some(stream) = asked.get(&key) {
                    self.ids.insert((*stream).clone(), row.try_get(1)?);
                    self.ledger.heads.insert((*stream).clone(), head);
                }
            }
            _ => {
                let stream = StreamId::new(row.try_get(2)?, row.try_get(3)?);
                let key = IdempotencyKey::new(row.try_get::<String, _>(1)?);
                self.ledger.keys.insert(key, (stream, receipt(row, 4)?));
            }
        }
        Ok(())
    }
}

/// Takes the write lock, and reads the end of the log and what the batches ask about.
async fn load(
    connection: &mut SqliteConnection,
    frame: Frame,
    batches: &[&[Append]],
) -> Result<State, sqlx::Error> {
    let appends = || batches.iter().copied().flatten().flat_map(Append::parts);
    let asked: HashMap<Uuid, &StreamId> = appends().map(|a| (a.stream.key(), &a.stream)).collect();
    let streams: Vec<Uuid> = asked.keys().copied().collect();
    let keys: BTreeSet<&str> = appends().filter_map(|a| Some(a.key.as_ref()?.as_str())).collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    let mut state = State::default();
    let pages = streams.len().max(keys.len()).div_ceil(sql::MOST).max(1);
    for page in 0..pages {
        let (streams, keys) = (sql::page(&streams, page), sql::page(&keys, page));
        let statement = sql::load((page == 0).then_some(frame), !keys.is_empty());
        let (statement, size) = statement.for_rows(streams.len().max(keys.len()));
        let mut arguments = SqliteArguments::default();
        let streams = streams.iter().map(|key| Some(key.as_bytes().as_slice()));
        add_all(&mut arguments, streams, size)?;
        if !keys.is_empty() {
            add_all(&mut arguments, keys.iter().map(|key| Some(*key)), size)?;
        }
        let mut rows = connection.fetch(sqlx::query_with(statement, arguments));
        while let Some(row) = rows.try_next().await? {
            state.take(&row, &asked)?;
        }
    }
    let documents: Vec<_> = appends().flat_map(|append| &append.documents).collect();
    state.ledger.documents = documents::revisions(connection, &documents).await?;
    state.ledger.leases = process::leases(connection, batches).await?;
    Ok(state)
}

/// Lets the rules decide, and writes what they say.
async fn store(
    connection: &mut SqliteConnection,
    frame: Frame,
    mut state: State,
    known: Arc<Dictionary>,
    batches: &[&[Append]],
    snapshots: &[&NewSnapshot],
) -> Result<Done, Failure> {
    let mut writes = Vec::new();
    let outcomes = batches.iter().map(|batch| state.ledger.decide(batch, &mut writes)).collect();
    let missing: BTreeSet<_> = writes
        .iter()
        .flat_map(|write| &write.append.events)
        .map(|event| (event.name, event.version))
        .filter(|(name, version)| known.id(name, *version).is_none())
        .collect();
    let dictionary = match missing.is_empty() {
        true => None,
        false => {
            let extended =
                Dictionary::extend(connection, missing.into_iter()).await.map_err(Failure::early)?;
            Some(Arc::new(extended))
        }
    };
    for snapshot in snapshots {
        save_snapshot(connection, snapshot).await.map_err(Failure::early)?;
    }
    let written = documents::last_of_each(writes.iter().flat_map(|write| &write.append.documents));
    documents::write(connection, &written).await.map_err(Failure::early)?;
    process::write(connection, &writes, Timestamp::from_micros(state.now)).await.map_err(Failure::early)?;
    let types = dictionary.as_ref().unwrap_or(&known);
    let rows = Rows::new(&mut state, types, &writes).map_err(Failure::early)?;
    rows.write(connection, frame).await?;
    Ok(Done { outcomes, dictionary })
}

async fn save_snapshot(connection: &mut SqliteConnection, snapshot: &NewSnapshot) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("sql/save_snapshot.sql"))
        .bind(snapshot.stream.as_bytes().as_slice())
        .bind(signed(snapshot.version))
        .bind(signed(snapshot.position.raw()))
        // All 64 bits count, and only whether they are the same.
        .bind(snapshot.fingerprint.cast_signed())
        .bind(snapshot.state.as_slice())
        .execute(connection)
        .await
        .map(drop)
}

/// Adds values, and NULLs up to the size of the statement.
fn add_all<'q, T>(
    arguments: &mut SqliteArguments,
    values: impl ExactSizeIterator<Item = Option<T>>,
    size: usize,
) -> Result<(), sqlx::Error>
where
    Option<T>: Encode<'q, Sqlite> + Type<Sqlite>,
{
    let missing = size - values.len();
    for value in values.chain((0..missing).map(|_| None)) {
        arguments.add(value).map_err(sqlx::Error::Encode)?;
    }
    Ok(())
}
