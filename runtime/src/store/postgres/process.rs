//! What sagas and timers store beside events, as arguments: leases, rows of sagas, instances that are woken, timers.
//! Several writes of one thing in a batch are one here, as if they had come one after the other.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{
    call::{Filling, number},
    sagas::number_of,
    shards::micros,
};
use crate::store::{Append, Due, Fence, SagaWrite, TimerWrite, storable};

/// What a batch stores beside its events and documents.
#[derive(Default)]
pub(super) struct Processes<'b> {
    /// In the order in which shards are locked, each lease once.
    pub(super) fences: Vec<&'b Fence>,
    sagas: BTreeMap<(&'b str, &'b str), Row<'b>>,
    timers: BTreeMap<(Uuid, &'b str), Timer<'b>>,
}

/// What becomes of an instance's row.
#[derive(Default)]
struct Row<'b> {
    /// The first one says which shard it belongs to, if it is new.
    first: Option<&'b SagaWrite>,
    last: Option<&'b SagaWrite>,
    /// Whether it is woken behind that.
    woken: bool,
}

/// What becomes of a timer.
enum Timer<'b> {
    Armed {
        append: &'b Append,
        armed: u64,
        shard: u16,
        due: Due,
    },
    /// Whatever its number is.
    Gone,
    /// If it has one of these numbers.
    GoneIf(Vec<u64>),
}

impl<'b> Processes<'b> {
    /// In the order of the appends.
    pub(super) fn of(appends: impl IntoIterator<Item = &'b Append>) -> Self {
        let mut all = Self::default();
        let mut fences: BTreeMap<_, &'b Fence> = BTreeMap::new();
        for append in appends {
            let Some(process) = &append.process else { continue };
            if let Some(fence) = &process.fence {
                fences.entry((&*fence.subscription, fence.shard, fence.token)).or_insert(fence);
            }
            if let Some(saga) = &process.saga {
                let row = all.sagas.entry((&saga.saga, &saga.id)).or_default();
                *row = Row { first: row.first.or(Some(saga)), last: Some(saga), woken: false };
            }
            for (saga, id) in &process.wakes {
                all.sagas.entry((saga, id)).or_default().woken = true;
            }
            process.timers.iter().for_each(|write| all.note_timer(append, write));
        }
        all.fences = fences.into_values().collect();
        all
    }

    /// Whether there are rows of sagas to be written.
    pub(super) fn has_sagas(&self) -> bool {
        !self.sagas.is_empty()
    }

    /// Whether there are timers to be written.
    pub(super) fn has_timers(&self) -> bool {
        !self.timers.is_empty()
    }

    fn note_timer(&mut self, append: &'b Append, write: &'b TimerWrite) {
        let stream = append.stream.key();
        match write {
            TimerWrite::Arm { name, armed, shard, due } => {
                let timer = Timer::Armed { append, armed: *armed, shard: *shard, due: *due };
                self.timers.insert((stream, name), timer);
            }
            TimerWrite::Disarm { name, armed: None } => {
                self.timers.insert((stream, name), Timer::Gone);
            }
            TimerWrite::Disarm { name, armed: Some(number) } => {
                let timer = self.timers.entry((stream, name)).or_insert(Timer::GoneIf(Vec::new()));
                match timer {
                    Timer::Armed { armed, .. } if armed == number => *timer = Timer::Gone,
                    Timer::GoneIf(numbers) => numbers.push(*number),
                    Timer::Armed { .. } | Timer::Gone => {}
                }
            }
        }
    }

    pub(super) fn add_fences(&self, arguments: &mut Filling) {
        add_fences(arguments, &self.fences);
    }

    pub(super) fn add_sagas(&self, arguments: &mut Filling) {
        let rows = || self.sagas.values().filter_map(|row| Some((row, row.first?, row.last?)));
        let (after, at): (Vec<_>, Vec<_>) = rows().map(|(row, _, last)| row.times(last)).unzip();
        arguments
            .add(rows().map(|(_, _, last)| &*last.saga).collect::<Vec<_>>())
            .add(rows().map(|(_, _, last)| &*last.id).collect::<Vec<_>>())
            .add(rows().map(|(_, first, _)| i32::from(first.shard)).collect::<Vec<_>>())
            .add(rows().map(|(_, _, last)| number_of(last.status)).collect::<Vec<_>>())
            .add(rows().map(|(_, _, last)| last.step.as_deref()).collect::<Vec<_>>())
            .add(rows().map(|(_, _, last)| i64::from(last.attempts)).collect::<Vec<_>>())
            .add(after)
            .add(at)
            .add(rows().map(|(_, _, last)| last.error.as_deref().map(storable)).collect::<Vec<_>>())
            .add(rows().map(|(_, _, last)| i32::from(last.definition.0)).collect::<Vec<_>>())
            .add(rows().map(|(_, _, last)| last.definition.1.cast_signed()).collect::<Vec<_>>());
        let woken = self.sagas.iter().filter(|(_, row)| row.last.is_none());
        let (sagas, ids): (Vec<_>, Vec<_>) = woken.map(|(&instance, _)| instance).unzip();
        arguments.add(sagas).add(ids);
    }

    pub(super) fn add_timers(&self, arguments: &mut Filling) {
        let (mut streams, mut names, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
        let (mut categories, mut ids, mut shards) = (Vec::new(), Vec::new(), Vec::new());
        let (mut after, mut at) = (Vec::new(), Vec::new());
        let mut gone = (Vec::new(), Vec::new(), Vec::new());
        let mut goes = |stream, name, armed: Option<u64>| {
            gone.0.push(stream);
            gone.1.push(name);
            gone.2.push(armed.map(u64::cast_signed));
        };
        for (&(stream, name), timer) in &self.timers {
            match timer {
                Timer::Armed { append, armed, shard, due } => {
                    streams.push(stream);
                    names.push(name);
                    numbers.push(armed.cast_signed());
                    categories.push(append.stream.category());
                    ids.push(append.stream.id());
                    shards.push(i32::from(*shard));
                    let due = times(Some(*due));
                    after.push(due.0);
                    at.push(due.1);
                }
                Timer::Gone => goes(stream, name, None),
                Timer::GoneIf(numbers) => numbers.iter().for_each(|armed| goes(stream, name, Some(*armed))),
            }
        }
        arguments
            .add(streams)
            .add(names)
            .add(numbers)
            .add(categories)
            .add(ids)
            .add(shards)
            .add(after)
            .add(at);
        arguments.add(gone.0).add(gone.1).add(gone.2);
    }
}

impl Row<'_> {
    /// Who is woken is due at once, or since a time that is over; who has ended or is parked never is.
    fn times(&self, last: &SagaWrite) -> (Option<i64>, Option<i64>) {
        let (after, at) = times(last.due.filter(|_| last.status.is_active()));
        match self.woken && last.status.is_active() {
            true => (Some(0), at),
            false => (after, at),
        }
    }
}

/// Leases as the database looks at them.
pub(super) fn add_fences(arguments: &mut Filling, fences: &[&Fence]) {
    arguments
        .add(fences.iter().map(|fence| &*fence.subscription).collect::<Vec<_>>())
        .add(fences.iter().map(|fence| i32::from(fence.shard)).collect::<Vec<_>>())
        .add(fences.iter().map(|fence| number(fence.token)).collect::<Vec<_>>());
}

/// So long from the transaction on, or at a time; in microseconds.
fn times(due: Option<Due>) -> (Option<i64>, Option<i64>) {
    /// Times that are further away than this are never.
    const FAR: i64 = 100_000_000_000_000_000;
    match due {
        None => (None, None),
        Some(Due::In(duration)) => (Some(micros(duration)), None),
        Some(Due::At(time)) => (None, Some(time.as_micros().clamp(-FAR, FAR))),
    }
}
