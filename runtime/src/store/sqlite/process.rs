//! What sagas and timers write beside events: one statement of each kind, however many appends.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, LazyLock},
};

use serde_json::json;
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::{convert::unsigned, sql::Repeated};
use crate::{
    domain::Timestamp,
    store::{
        Append, Due, SagaState, SagaWrite, StreamId, TimerWrite,
        resolve::{Write, due_at, stands},
    },
};

/// The tokens of the shards under whose leases something is appended, where somebody has them.
pub(super) async fn leases(
    connection: &mut SqliteConnection,
    batches: &[&[Append]],
) -> Result<HashMap<(Arc<str>, u16), u64>, sqlx::Error> {
    let appends = batches.iter().copied().flatten().flat_map(Append::parts);
    let fences = appends.filter_map(|append| append.process.as_ref()?.fence.as_ref());
    let asked: BTreeSet<_> = fences.map(|fence| (&*fence.subscription, fence.shard)).collect();
    if asked.is_empty() {
        return Ok(HashMap::new());
    }
    let asked: Vec<_> = asked.iter().map(|(subscription, shard)| json!([subscription, shard])).collect();
    let query = sqlx::query(include_str!("sql/load_leases.sql")).bind(json!(asked).to_string());
    let rows = query.fetch_all(connection).await?;
    let lease = |row: &sqlx::sqlite::SqliteRow| {
        let place = (Arc::from(row.try_get::<&str, _>(0)?), row.try_get(1)?);
        Ok((place, unsigned(row.try_get(2)?)))
    };
    rows.iter().map(lease).collect()
}

/// Everything of a transaction, as it stands at its end: what is written over within it is never seen.
#[derive(Default)]
struct Summary<'a> {
    /// The last write of each instance, and the shard of the first.
    sagas: BTreeMap<(&'a str, &'a str), (u16, &'a SagaWrite)>,
    wakes: BTreeSet<(&'a str, &'a str)>,
    timers: BTreeMap<(Uuid, &'a str), Change<'a>>,
}

/// What becomes of a timer.
enum Change<'a> {
    Armed {
        stream: &'a StreamId,
        armed: u64,
        shard: u16,
        due: Due,
    },
    Gone,
    /// Gone if it has one of these numbers.
    GoneIf(BTreeSet<u64>),
}

impl<'a> Summary<'a> {
    fn add(&mut self, append: &'a Append) {
        let Some(process) = &append.process else { return };
        if let Some(write) = &process.saga {
            let place = (&*write.saga, &*write.id);
            self.sagas.entry(place).or_insert((write.shard, write)).1 = write;
            self.wakes.remove(&place);
        }
        self.wakes.extend(process.wakes.iter().map(|(saga, id)| (&**saga, &**id)));
        process.timers.iter().for_each(|write| self.change(&append.stream, write));
    }

    fn change(&mut self, stream: &'a StreamId, write: &'a TimerWrite) {
        let (TimerWrite::Arm { name, .. } | TimerWrite::Disarm { name, .. }) = write;
        let change =
            self.timers.entry((stream.key(), name)).or_insert_with(|| Change::GoneIf(BTreeSet::new()));
        match (write, &mut *change) {
            (TimerWrite::Arm { armed, shard, due, .. }, _) => {
                *change = Change::Armed { stream, armed: *armed, shard: *shard, due: *due };
            }
            (TimerWrite::Disarm { armed: None, .. }, _) => *change = Change::Gone,
            (TimerWrite::Disarm { armed: Some(number), .. }, Change::GoneIf(numbers)) => {
                numbers.insert(*number);
            }
            (TimerWrite::Disarm { armed: Some(number), .. }, Change::Armed { armed, .. }) => {
                if number == armed {
                    *change = Change::Gone;
                }
            }
            (TimerWrite::Disarm { .. }, Change::Gone) => {}
        }
    }
}

/// Writes what stands beside the events of a transaction.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    writes: &[Write<'_>],
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let mut summary = Summary::default();
    writes.iter().for_each(|write| summary.add(write.append));
    write_sagas(connection, &summary, now).await?;
    write_timers(connection, &summary, now).await
}

async fn write_sagas(
    connection: &mut SqliteConnection,
    summary: &Summary<'_>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    static WRITE: LazyLock<Repeated> =
        LazyLock::new(|| Repeated::new(&[include_str!("sql/write_sagas.sql")]));
    let states: Vec<_> = summary
        .sagas
        .values()
        .map(|(shard, write)| SagaState { shard: *shard, ..stands(write, None, now) })
        .collect();
    WRITE
        .run(&mut *connection, &states, |values, state: &SagaState| {
            values.add(&*state.saga)?.add(&*state.id)?.add(state.shard)?.add(state.status.name())?;
            values.add(state.step.as_deref())?.add(state.attempts)?.add(state.taken)?;
            values.add(state.due_at.map(Timestamp::as_micros))?.add(state.error.as_deref())?;
            // All 64 bits count, and only whether they are the same.
            values.add(state.definition.0)?.add(state.definition.1.cast_signed())?;
            values.add(state.started_at.as_micros())?.add(state.updated_at.as_micros()).map(drop)
        })
        .await?;
    if !summary.wakes.is_empty() {
        let wakes: Vec<_> = summary.wakes.iter().map(|(saga, id)| json!([saga, id])).collect();
        let query = sqlx::query(include_str!("sql/wake_sagas.sql")).bind(json!(wakes).to_string());
        query.bind(now.as_micros()).execute(connection).await?;
    }
    Ok(())
}

async fn write_timers(
    connection: &mut SqliteConnection,
    summary: &Summary<'_>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    static ARM: LazyLock<Repeated> = LazyLock::new(|| Repeated::new(&[include_str!("sql/arm_timers.sql")]));
    static DISARM: LazyLock<Repeated> =
        LazyLock::new(|| Repeated::new(&[include_str!("sql/disarm_timers.sql")]));
    let (mut armed, mut gone) = (Vec::new(), Vec::new());
    for ((stream, name), change) in &summary.timers {
        match change {
            Change::Armed { .. } => armed.push((name, change)),
            Change::Gone => gone.push((stream, name, None)),
            Change::GoneIf(numbers) => {
                gone.extend(numbers.iter().map(|number| (stream, name, Some(*number))))
            }
        }
    }
    DISARM
        .run(connection, &gone, |values, (stream, name, number)| {
            let number = number.map(u64::cast_signed);
            values.add(stream.as_bytes().as_slice())?.add(**name)?.add(number).map(drop)
        })
        .await?;
    ARM.run(connection, &armed, |values, (name, change)| {
        if let Change::Armed { stream, armed, shard, due } = change {
            values.add(stream.key().as_bytes().as_slice())?.add(**name)?;
            values.add(stream.category())?.add(stream.id())?.add(armed.cast_signed())?;
            values.add(*shard)?.add(due_at(*due, now).as_micros())?;
        }
        Ok(())
    })
    .await?;
    Ok(())
}
