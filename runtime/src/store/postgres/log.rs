//! Reading the log. Near its end the database says how far it is final; far from there that is known, and a page is
//! one look at one table.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use sqlx::{
    Arguments,
    postgres::{PgArguments, PgRow},
};
use uuid::Uuid;

use super::{
    copy::{Arrived, Copied, copy_out},
    failure::reading,
    far::are_narrow,
    names::Dictionary,
    read::{End, Fields, Query, Reading, each, flow, learn, rows_of},
};
use crate::{
    domain::Position,
    store::{EventRef, LogEventRef, LogVisitor, ReadLog, StoreError, StreamId},
};

const NEAR: &str = include_str!("sql/read_log.sql");
const FAR: &str = include_str!("sql/copy_events.sql");
const LAST: &str = include_str!("sql/last_position.sql");
const STREAMS: &str = include_str!("sql/streams.sql");
const WHAT: &str = "reading the log";

/// How far a reading has come, and how much more is wanted.
#[derive(Clone, Copy)]
struct Place {
    last: Position,
    left: u64,
}

/// So many bytes of a page are visited at a time: the streams are looked for under one lock.
const PIECE: usize = 16 << 10;

/// The visits of a page.
struct Visits<'r, 'v> {
    place: &'r mut Place,
    visit: LogVisitor<'v>,
    rows: usize,
    bytes: usize,
    /// The visitor wants no more.
    stopped: bool,
}

/// How a page was.
struct Page {
    rows: usize,
    bytes: usize,
    end: End,
}

impl Reading<'_> {
    /// Where the reading has come to, and whether the connection is at rest.
    pub(super) async fn log(
        mut self,
        read: &ReadLog,
        visit: LogVisitor<'_>,
    ) -> Result<(Position, bool), StoreError> {
        let mut place = Place { last: read.after, left: read.limit };
        if let Some(horizon) = self.far.horizon_behind(place.last) {
            let wanted = place.left;
            let page = self.far_from_the_end(&mut place, horizon, visit).await?;
            let stopped = matches!(page.end, End::Stopped);
            if !stopped && (page.rows as u64) < wanted || !are_narrow(page.bytes, page.rows) {
                self.far.is_read();
            }
            if stopped || place.left == 0 {
                return Ok((place.last, true));
            }
        }
        let age = self.far.age();
        let page = self.near_the_end(&mut place, visit).await?;
        let at_rest = matches!(page.end, End::Finished);
        if at_rest && place.left == 0 && page.rows > 0 && are_narrow(page.bytes, page.rows) {
            // An event that is there: what the sequence says may not outlive a crash, and would be given out again.
            let asking = sqlx::query_scalar(LAST).fetch_one(&mut *self.connection);
            let last: i64 = asking.await.map_err(|error| reading(WHAT, error))?;
            self.far.is_final(Position::from_raw(last.unsigned_abs()), age);
        }
        Ok((place.last, at_rest))
    }

    /// Row by row as they arrive, with their streams.
    async fn near_the_end(&mut self, place: &mut Place, visit: LogVisitor<'_>) -> Result<Page, StoreError> {
        let mut names = self.names.known();
        let mut streams: HashMap<Uuid, StreamId> = HashMap::new();
        let (mut looked_up, mut rows, mut bytes) = (None, 0, 0);
        let end = loop {
            let arriving = rows_of(self.connection, query(NEAR, &[place.last.raw(), place.left])?);
            let visit_row = |row: PgRow| {
                let row = Fields { row: &row };
                let (type_id, category) = (row.int4(3)?, row.int4(8)?);
                let Some(name) = names.word(type_id) else { return Ok(Some(End::NewName(type_id))) };
                let Some(category) = names.word(category) else { return Ok(Some(End::NewName(category))) };
                let key = row.uuid(7)?;
                let stream = match streams.entry(key) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => {
                        new.insert(StreamId::known(key, Arc::clone(category), row.text(9)?))
                    }
                };
                let event = row.event(name)?;
                (rows, bytes) = (rows + 1, bytes + event.payload.len() + event.meta.len());
                place.last = event.position;
                place.left = place.left.saturating_sub(1);
                let wanted = visit(LogEventRef { stream, event });
                // Behind the last row that was asked for none comes, and so the connection comes to rest by itself.
                Ok(if place.left == 0 { None } else { flow(wanted) })
            };
            match each(arriving, self.patience, WHAT, visit_row).await? {
                End::NewName(number) => {
                    learn(self.connection, self.names, &mut names, number, &mut looked_up).await?;
                }
                end => break end,
            }
        };
        self.far.learn(streams.values());
        Ok(Page { rows, bytes, end })
    }

    /// Row by row while the others arrive, so that the server goes on meanwhile. Where a stream or a name is not known,
    /// the rows from there on are kept until all are here: only then can the connection be asked.
    async fn far_from_the_end(
        &mut self,
        place: &mut Place,
        horizon: Position,
        visit: LogVisitor<'_>,
    ) -> Result<Page, StoreError> {
        let failed = |error| reading(WHAT, error);
        let (statement, mut names, far) = (far(place, horizon), self.names.known(), self.far);
        let mut visits = Visits { place, visit, rows: 0, bytes: 0, stopped: false };
        let (mut arrived, mut held_up) = (Arrived::default(), false);
        let arrive = |bytes: &[u8]| {
            if visits.stopped {
                return Ok(());
            }
            arrived.push(bytes);
            if arrived.bytes() >= PIECE && !held_up {
                let rows = arrived.events()?;
                let visited = visits.as_far_as_known(&rows, &far.streams(keys(&rows)), &names);
                held_up = visited.len() < rows.len();
                let taken = visited.iter().map(|row| row.size).sum();
                arrived.forget(taken);
            }
            Ok(())
        };
        copy_out(self.connection, &statement, self.patience, WHAT, arrive).await?;
        if visits.stopped {
            return Ok(visits.page());
        }
        let rows = arrived.events().map_err(failed)?;
        let streams = self.streams(keys(&rows)).await?;
        let mut looked_up = None;
        for (row, stream) in rows.iter().zip(&streams) {
            while names.word(row.type_id).is_none() {
                learn(self.connection, self.names, &mut names, row.type_id, &mut looked_up).await?;
            }
            // A head without which the event would not be found near the end either.
            let (Some(name), Some(stream)) = (names.word(row.type_id), stream) else { continue };
            visits.visit(LogEventRef { stream, event: row.event(name) });
        }
        drop(rows);
        arrived.ended().map_err(failed)?;
        Ok(visits.page())
    }

    /// The streams of these keys, one for each of them.
    async fn streams(
        &mut self,
        keys: impl Iterator<Item = Uuid> + Clone,
    ) -> Result<Vec<Option<StreamId>>, StoreError> {
        let mut streams = self.far.streams(keys.clone());
        let missing = |(key, stream): (Uuid, &Option<StreamId>)| stream.is_none().then_some(key);
        let mut unknown: Vec<Uuid> = keys.clone().zip(&streams).filter_map(missing).collect();
        if unknown.is_empty() {
            return Ok(streams);
        }
        unknown.sort_unstable();
        unknown.dedup();
        let learned = self.look_up(unknown).await?;
        self.far.learn(learned.values());
        for (key, stream) in keys.zip(&mut streams) {
            if stream.is_none() {
                *stream = learned.get(&key).cloned();
            }
        }
        Ok(streams)
    }

    async fn look_up(&mut self, keys: Vec<Uuid>) -> Result<HashMap<Uuid, StreamId>, StoreError> {
        let mut arguments = PgArguments::default();
        arguments.add(keys).map_err(|source| StoreError::Backend { what: WHAT.to_owned(), source })?;
        let mut rows = Vec::new();
        let keep = |row| {
            rows.push(row);
            Ok(None)
        };
        each(rows_of(self.connection, (STREAMS, arguments)), self.patience, WHAT, keep).await?;
        let mut names = self.names.known();
        let (mut looked_up, failed) = (None, |error| reading(WHAT, error));
        let mut learned = HashMap::with_capacity(rows.len());
        for row in &rows {
            let row = Fields { row };
            let category = row.int4(1).map_err(failed)?;
            while names.word(category).is_none() {
                learn(self.connection, self.names, &mut names, category, &mut looked_up).await?;
            }
            let Some(category) = names.word(category) else { continue };
            let (key, id) = (row.uuid(0).map_err(failed)?, row.text(2).map_err(failed)?);
            learned.insert(key, StreamId::known(key, Arc::clone(category), id));
        }
        Ok(learned)
    }
}

impl Visits<'_, '_> {
    fn visit(&mut self, event: LogEventRef<'_>) {
        if self.stopped {
            return;
        }
        let EventRef { position, payload, meta, .. } = event.event;
        (self.rows, self.bytes) = (self.rows + 1, self.bytes + payload.len() + meta.len());
        (self.place.last, self.place.left) = (position, self.place.left.saturating_sub(1));
        self.stopped = (self.visit)(event).is_break();
    }

    /// Visits rows up to the first of which something is not known; those that were visited.
    fn as_far_as_known<'c, 'p>(
        &mut self,
        rows: &'c [Copied<'p>],
        streams: &[Option<StreamId>],
        names: &Dictionary,
    ) -> &'c [Copied<'p>] {
        // Events of one type often come in a row.
        let mut named = None;
        for (done, (row, stream)) in rows.iter().zip(streams).enumerate() {
            if named.is_none_or(|(type_id, _)| type_id != row.type_id) {
                named = names.word(row.type_id).map(|name| (row.type_id, name));
            }
            let (Some((_, name)), Some(stream)) = (named, stream) else {
                return rows.get(..done).unwrap_or_default();
            };
            self.visit(LogEventRef { stream, event: row.event(name) });
        }
        rows
    }

    fn page(self) -> Page {
        let end = if self.stopped { End::Stopped } else { End::Finished };
        Page { rows: self.rows, bytes: self.bytes, end }
    }
}

fn keys(rows: &[Copied<'_>]) -> impl Iterator<Item = Uuid> + Clone {
    rows.iter().map(|row| row.stream)
}

/// Numbers alone are put into the text: a statement that copies takes no arguments.
fn far(place: &Place, horizon: Position) -> String {
    FAR.replace("{after}", &number(place.last.raw()).to_string())
        .replace("{final}", &number(horizon.raw()).to_string())
        .replace("{most}", &number(place.left).to_string())
}

fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn query(statement: &'static str, numbers: &[u64]) -> Result<Query, StoreError> {
    let mut arguments = PgArguments::default();
    for argument in numbers {
        arguments
            .add(number(*argument))
            .map_err(|source| StoreError::Backend { what: WHAT.to_owned(), source })?;
    }
    Ok((statement, arguments))
}
