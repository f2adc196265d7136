//! What the answers of the appending functions mean for each append.

use std::collections::HashMap;

use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use super::{
    append::keys,
    call::count,
    round::{Command, Cut, Group, Progress, Round},
};
use crate::{
    domain::{Position, Receipt},
    store::{Outcome, StreamId},
};

/// A version or position from the database, where none is negative.
fn natural(n: i64) -> u64 {
    n.unsigned_abs()
}

pub(super) fn receipt(version: i64, position: i64, events: i32) -> Receipt {
    let events = usize::try_from(events).unwrap_or_default();
    Receipt { version: natural(version), position: Position::from_raw(natural(position)), events }
}

/// What `append_one_v1` has answered.
pub(super) fn outcome_of_one(row: &PgRow) -> Result<Outcome, sqlx::Error> {
    let version: i64 = row.try_get(1)?;
    if row.try_get::<i32, _>(0)? == 1 {
        return Ok(Outcome::Conflict { actual: natural(version) });
    }
    let receipt = receipt(version, row.try_get(2)?, row.try_get(3)?);
    Ok(match row.try_get::<i32, _>(0)? {
        0 => Outcome::Appended(receipt),
        2 => Outcome::Duplicate(receipt),
        _ => Outcome::KeyReused { first: StreamId::new(row.try_get(4)?, row.try_get(5)?) },
    })
}

/// What `append_v1` has answered.
struct Answer {
    before: Vec<Option<i64>>,
    positions: Vec<i64>,
    actual: Vec<i64>,
    tails: Vec<i64>,
    used: HashMap<Uuid, Outcome>,
}

impl Answer {
    fn read(row: &PgRow, round: &Round<'_>) -> Result<Self, sqlx::Error> {
        let mut used = HashMap::new();
        if let Some(numbers) = row.try_get::<Option<Vec<i32>>, _>(4)? {
            let keys = keys(round);
            let (versions, positions): (Vec<i64>, Vec<i64>) = (row.try_get(5)?, row.try_get(6)?);
            let (events, here): (Vec<i32>, Vec<bool>) = (row.try_get(7)?, row.try_get(8)?);
            let (categories, ids): (Vec<String>, Vec<String>) = (row.try_get(9)?, row.try_get(10)?);
            for (n, number) in numbers.into_iter().enumerate() {
                let outcome = match here[n] {
                    true => Outcome::Duplicate(receipt(versions[n], positions[n], events[n])),
                    false => Outcome::KeyReused { first: StreamId::new(&categories[n], &ids[n]) },
                };
                used.insert(keys[usize::try_from(number - 1).unwrap_or_default()].id, outcome);
            }
        }
        let mut positions = row.try_get::<Option<Vec<i64>>, _>(1)?.unwrap_or_default();
        positions.sort_unstable();
        Ok(Self {
            before: row.try_get(0)?,
            positions,
            actual: row.try_get::<Option<_>, _>(2)?.unwrap_or_default(),
            tails: row.try_get::<Option<_>, _>(3)?.unwrap_or_default(),
            used,
        })
    }
}

/// Takes down what has become of the appends of a round.
pub(super) fn settle(progress: &mut Progress, round: &Round<'_>, row: &PgRow) -> Result<(), sqlx::Error> {
    let answer = Answer::read(row, round)?;
    let ends = ends(round, &answer);
    for (place, group) in round.groups.iter().enumerate() {
        Settling {
            progress,
            round,
            answer: &answer,
            ends: &ends,
            stands_on: answer.before[place],
            tail: answer.tails.get(place).copied().unwrap_or_default(),
            actual: answer.actual.get(place).copied(),
        }
        .group(group);
    }
    Ok(())
}

/// The position of the last event of each append that is stored and has some.
fn ends(round: &Round<'_>, answer: &Answer) -> HashMap<usize, i64> {
    // In each group all is stored up to a key that was used before.
    let mut closed: Vec<bool> = answer.before.iter().map(Option::is_none).collect();
    let mut positions = answer.positions.iter().copied();
    let mut ends = HashMap::with_capacity(round.batch.len());
    for (group, command) in round.in_order() {
        let closed = &mut closed[group - 1];
        *closed = *closed || command.key.is_some_and(|key| answer.used.contains_key(&key));
        if !*closed {
            let events = round.batch[command.index].events.len();
            ends.extend(positions.by_ref().take(events).last().map(|end| (command.index, end)));
        }
    }
    ends
}

/// One group being settled.
struct Settling<'a, 'b> {
    progress: &'a mut Progress,
    round: &'a Round<'b>,
    answer: &'a Answer,
    ends: &'a HashMap<usize, i64>,
    /// The version before the group; `None` where nothing of it was stored.
    stands_on: Option<i64>,
    /// The position of the stream's last event so far.
    tail: i64,
    /// The version of the stream now, where the database was asked.
    actual: Option<i64>,
}

impl Settling<'_, '_> {
    fn group(mut self, group: &Group<'_>) {
        let mut broken = None;
        for command in &group.commands {
            let outcome = match broken {
                Some(actual) => Outcome::Conflict { actual },
                None => self.command(command),
            };
            if broken.is_none() && !matches!(outcome, Outcome::Appended(_)) {
                broken = Some(self.version_at(command.before));
            }
            self.progress.outcomes[command.index] = Some(outcome);
        }
        let Some(cut) = group.cut else {
            return self.end(group, broken);
        };
        let (Cut::Elsewhere(command) | Cut::Repeats(command, _)) = cut;
        let actual = self.version_at(command.before);
        let outcome = match (broken, cut) {
            (Some(actual), _) => Outcome::Conflict { actual },
            (None, Cut::Elsewhere(_)) => self.used(&command).unwrap_or(Outcome::Conflict { actual }),
            (None, Cut::Repeats(_, first)) => match &self.progress.outcomes[first] {
                Some(Outcome::Appended(receipt)) => Outcome::Duplicate(*receipt),
                _ => Outcome::Conflict { actual },
            },
        };
        self.progress.outcomes[command.index] = Some(outcome);
        self.end(group, broken.or(Some(actual)));
    }

    fn end(self, group: &Group<'_>, broken: Option<u64>) {
        let Some(actual) = broken else { return };
        self.progress.broken.insert(group.stream.key(), actual);
        for &index in &group.behind {
            self.progress.outcomes[index] = Some(Outcome::Conflict { actual });
        }
    }

    fn command(&mut self, command: &Command) -> Outcome {
        if let Some(outcome) = self.used(command) {
            return outcome;
        }
        let Some(before) = self.stands_on else {
            return Outcome::Conflict { actual: self.version_at(0) };
        };
        let events = self.round.batch[command.index].events.len();
        self.tail = self.ends.get(&command.index).copied().unwrap_or(self.tail);
        let version = before + i64::from(command.before) + i64::from(count(events));
        Outcome::Appended(receipt(version, self.tail, count(events)))
    }

    fn used(&self, command: &Command) -> Option<Outcome> {
        command.key.and_then(|key| self.answer.used.get(&key)).cloned()
    }

    /// The version of the stream after so many events of the group.
    fn version_at(&self, events: i32) -> u64 {
        match (self.stands_on, self.actual) {
            (Some(before), _) => natural(before + i64::from(events)),
            (None, actual) => natural(actual.unwrap_or_default()),
        }
    }
}
