//! A batch as `gesta.append_v1` takes it: one group per stream, with one expectation.
//!
//! What one call of the function cannot decide waits for the next round, in the same transaction: a stream where
//! an exact version follows upon any version, and a key that another stream of this round uses.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::failure::Failure;
use crate::{
    domain::IdempotencyKey,
    store::{Append, Expected, Outcome, StreamId},
};

/// The namespace of keys, made once for gesta; changing it would forget every key.
const NAMESPACE: Uuid = Uuid::from_u128(0x67_65_73_74_61_5f_4b_65_99_79_73_00_00_00_00_01);

/// Sixteen bytes that stand for an idempotency key.
pub(super) fn key_id(key: &IdempotencyKey) -> Uuid {
    Uuid::new_v5(&NAMESPACE, key.as_str().as_bytes())
}

/// The appends of a batch that one call can decide.
#[derive(Debug)]
pub(super) struct Round<'b> {
    pub(super) batch: &'b [&'b Append],
    /// In the order that `append_v1` asks for.
    pub(super) groups: Vec<Group<'b>>,
    /// Whether nothing of the batch waits for another round.
    pub(super) is_last: bool,
}

/// The chain of one stream.
#[derive(Debug)]
pub(super) struct Group<'b> {
    pub(super) stream: &'b StreamId,
    /// What must stand before the first: -1 any, or a version.
    pub(super) expected: i64,
    pub(super) events: i32,
    pub(super) commands: Vec<Command>,
    /// The first that cannot be stored, whatever the database says.
    pub(super) cut: Option<Cut>,
    /// Those after it.
    pub(super) behind: Vec<usize>,
}

/// An append of a chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Command {
    /// Its place in the batch.
    pub(super) index: usize,
    /// How many events come before it in the chain.
    pub(super) before: i32,
    pub(super) key: Option<Uuid>,
}

/// Why a chain ends early.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    /// It expects another version than the one that the chain leads to.
    Elsewhere(Command),
    /// It has the key of an append before it, with this place in the batch.
    Repeats(Command, usize),
}

/// What is still open of a batch, and what is known of streams by the rounds before.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) outcomes: Vec<Option<Outcome>>,
    /// Those that no round takes in.
    pub(super) aside: Vec<bool>,
    /// Streams whose chain is broken, with their version.
    pub(super) broken: HashMap<Uuid, u64>,
}

/// An answer that is not whole.
pub(super) fn undecided() -> Failure {
    Failure::Unknown("the database has not said what became of an append".into())
}

impl Progress {
    pub(super) fn new(batch: &[&Append]) -> Self {
        Self { outcomes: vec![None; batch.len()], aside: vec![false; batch.len()], broken: HashMap::new() }
    }

    /// Every outcome, when there is no next round.
    pub(super) fn finish(self) -> Result<Vec<Outcome>, Failure> {
        self.outcomes.into_iter().collect::<Option<_>>().ok_or_else(undecided)
    }

    /// The next round; `None` when everything is decided.
    pub(super) fn next<'b>(&mut self, batch: &'b [&'b Append]) -> Option<Round<'b>> {
        let mut groups: Vec<Group<'b>> = Vec::new();
        let mut by_stream: HashMap<Uuid, usize> = HashMap::with_capacity(batch.len());
        let mut keys: HashMap<Uuid, (usize, Uuid)> = HashMap::new();
        let mut later: HashSet<Uuid> = HashSet::new();
        for (index, append) in batch.iter().enumerate() {
            if self.outcomes[index].is_some() || self.aside[index] {
                continue;
            }
            let stream = append.stream.key();
            if let Some(&actual) = self.broken.get(&stream) {
                self.outcomes[index] = Some(Outcome::Conflict { actual });
                continue;
            }
            if later.contains(&stream) {
                continue;
            }
            let key = append.key.as_ref().map(key_id);
            let twin = key.and_then(|key| keys.get(&key).copied());
            let group = by_stream.get(&stream).map(|&place| &groups[place]);
            let waits = twin.is_some_and(|(_, other)| other != stream)
                || group.is_some_and(|group| !group.decides(append.expected));
            if waits {
                later.insert(stream);
                continue;
            }
            let place = *by_stream.entry(stream).or_insert_with(|| {
                groups.push(Group::new(append));
                groups.len() - 1
            });
            if groups[place].add(index, append, key, twin.map(|(first, _)| first))
                && let Some(key) = key
            {
                keys.entry(key).or_insert((index, stream));
            }
        }
        groups.sort_by_key(|group| (group.kind(), group.stream.key()));
        (!groups.is_empty()).then_some(Round { batch, groups, is_last: later.is_empty() })
    }
}

impl Round<'_> {
    /// What it stores, in the order of the batch: for each group its number, counted from 1, and a command of it. That is
    /// the order of the events.
    pub(super) fn in_order(&self) -> Vec<(usize, Command)> {
        let groups = self.groups.iter().enumerate();
        let mut all: Vec<_> = groups
            .flat_map(|(place, group)| group.commands.iter().map(move |command| (place + 1, *command)))
            .collect();
        all.sort_unstable_by_key(|(_, command)| command.index);
        all
    }
}

impl<'b> Group<'b> {
    fn new(append: &'b Append) -> Self {
        let expected = expected(append.expected);
        Self {
            stream: &append.stream,
            expected,
            events: 0,
            commands: Vec::with_capacity(1),
            cut: None,
            behind: Vec::new(),
        }
    }

    /// Whether this group can tell what becomes of an append with that expectation.
    fn decides(&self, next: Expected) -> bool {
        self.cut.is_some() || self.expected >= 0 || next == Expected::Any
    }

    /// Takes an append in; whether it may be stored, and so use its key.
    fn add(&mut self, index: usize, append: &Append, key: Option<Uuid>, twin: Option<usize>) -> bool {
        let command = Command { index, before: self.events, key };
        if self.cut.is_some() {
            self.behind.push(index);
        } else if let Some(first) = twin {
            self.cut = Some(Cut::Repeats(command, first));
        } else if self.expected >= 0
            && append.expected != Expected::Any
            && expected(append.expected) != self.expected.saturating_add(i64::from(self.events))
        {
            self.cut = Some(Cut::Elsewhere(command));
        } else {
            self.events = self.events.saturating_add(i32::try_from(append.events.len()).unwrap_or(i32::MAX));
            self.commands.push(command);
            return true;
        }
        false
    }

    /// The order of groups: those that may be new, those that exist, those without events.
    fn kind(&self) -> u8 {
        match (self.events, self.expected) {
            (0, _) => 2,
            (_, ..=0) => 0,
            _ => 1,
        }
    }

    pub(super) fn may_be_new(&self) -> bool {
        self.kind() == 0
    }

    /// Whether its first append asks where the stream stands.
    pub(super) fn asks(&self, batch: &[&Append]) -> bool {
        self.commands.first().is_some_and(|command| batch[command.index].events.is_empty())
    }

    pub(super) fn writes(&self) -> bool {
        self.events > 0
    }
}

/// -1 for any; a version that no stream can have is the greatest there is.
pub(super) fn expected(expected: Expected) -> i64 {
    match expected {
        Expected::Any => -1,
        Expected::Version(version) => i64::try_from(version).unwrap_or(i64::MAX),
    }
}
