//! What becomes of a batch: the rules about versions, chains and keys, once for every store that decides in Rust.
//! Beside them the rules of the read side.

#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod fleet;
mod process;
mod read_side;
mod roster;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod work;

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::Arc,
    time::Duration,
};

#[cfg(feature = "postgres")]
pub(crate) use self::work::WorkFailure;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use self::{
    fleet::{body, records, seen, survey},
    work::{ended_transaction, run_work},
};
pub(crate) use self::{
    process::{due_at, fits, stands, taken_anew, until},
    read_side::{decide, fenced, may_replace, promotes, stale, stale_error},
    roster::{Place, Roster, later},
};
use super::{Append, DocumentWrite, Expected, Outcome, StreamId};
use crate::domain::{IdempotencyKey, Position, Receipt};

/// A member of the fleet is remembered for at least so long after it has joined, however long it was not heard of.
pub(crate) const FORGOTTEN: Duration = Duration::from_secs(7 * 86_400);

/// Where a stream ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The version of its last event.
    pub(crate) version: u64,
    /// The position of its last event.
    pub(crate) position: Position,
}

/// What must be known to decide: the end of the log, the heads of the streams, the keys that were used, the
/// revisions of documents, and the leases.
///
/// [`Memory`](super::Memory) keeps one for ever. A database loads what a transaction needs under its write lock:
/// every stream, key, document and lease of the batches must be asked for, and what is not in here does not exist.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) last: Position,
    pub(crate) heads: HashMap<StreamId, Head>,
    pub(crate) keys: HashMap<IdempotencyKey, (StreamId, Receipt)>,
    /// By collection and key. Of one batch, also where the rest is kept for ever.
    pub(crate) documents: HashMap<(Arc<str>, String), u64>,
    /// The tokens of the shards that somebody has, by subscription and shard; also of one batch.
    pub(crate) leases: HashMap<(Arc<str>, u16), u64>,
}

/// An append that is to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write<'a> {
    pub(crate) append: &'a Append,
    /// What its caller gets, and what its key gives for ever.
    pub(crate) receipt: Receipt,
}

impl Write<'_> {
    /// Version and position of its event number `index`, counted from 0.
    pub(crate) fn place(&self, index: usize) -> (u64, Position) {
        // `receipt` is of the last event, and the events of an append have consecutive versions and positions.
        let behind = (self.receipt.events - 1 - index) as u64;
        (self.receipt.version - behind, Position::from_raw(self.receipt.position.raw() - behind))
    }
}

impl Ledger {
    /// Decides a batch and takes note of it, so that the next batch of the same transaction stands on this one.
    ///
    /// Chains are those of one batch: what is not stored here breaks nothing in the batches of other callers.
    pub(crate) fn decide<'a>(&mut self, batch: &'a [Append], writes: &mut Vec<Write<'a>>) -> Vec<Outcome> {
        let mut broken = HashSet::new();
        let decide = |append: &'a Append| {
            let outcome = self.whole(append, &broken, writes);
            if !matches!(outcome, Outcome::Appended(_)) {
                broken.extend(append.parts().map(|part| &part.stream));
            }
            outcome
        };
        batch.iter().map(decide).collect()
    }

    /// What becomes of an append and the one that is stored together with it.
    fn whole<'a>(
        &mut self,
        append: &'a Append,
        broken: &HashSet<&StreamId>,
        writes: &mut Vec<Write<'a>>,
    ) -> Outcome {
        let outcome = self.outcome(append, broken.contains(&append.stream));
        let Outcome::Appended(receipt) = outcome else { return outcome };
        let Some(together) = &append.together else {
            self.note(append, receipt, writes);
            return outcome;
        };
        let (before, first) = (self.before(append), writes.len());
        self.note(append, receipt, writes);
        match self.outcome(together, broken.contains(&together.stream)) {
            Outcome::Appended(other) => {
                self.note(together, other, writes);
                outcome
            }
            other => {
                self.undo(append, before);
                writes.truncate(first);
                Outcome::Apart { stream: together.stream.clone(), outcome: Box::new(other) }
            }
        }
    }

    /// What becomes of one append.
    fn outcome(&self, append: &Append, broken: bool) -> Outcome {
        let head = self.heads.get(&append.stream).copied().unwrap_or_default();
        if broken {
            return Outcome::Conflict { actual: head.version };
        }
        // The key comes first: a repeated command usually expects a version that is past.
        if let Some((first, receipt)) = append.key.as_ref().and_then(|key| self.keys.get(key)) {
            return match *first == append.stream {
                true => Outcome::Duplicate(*receipt),
                false => Outcome::KeyReused { first: first.clone() },
            };
        }
        if let Some(fence) = append.process.as_ref().and_then(|process| process.fence.as_ref())
            && self.leases.get(&(Arc::clone(&fence.subscription), fence.shard)) != Some(&fence.token)
        {
            return Outcome::Fenced { subscription: fence.subscription.to_string(), shard: fence.shard };
        }
        if let Expected::Version(expected) = append.expected
            && expected != head.version
        {
            return Outcome::Conflict { actual: head.version };
        }
        if stale(&append.documents, |write| self.revision(write)).is_some() {
            return Outcome::Conflict { actual: head.version };
        }
        let events = append.events.len();
        Outcome::Appended(match events as u64 {
            0 => Receipt { version: head.version, position: head.position, events },
            n => {
                let position = Position::from_raw(self.last.raw() + n);
                Receipt { version: head.version + n, position, events }
            }
        })
    }

    fn revision(&self, write: &DocumentWrite) -> u64 {
        self.documents.get(&place(write)).copied().unwrap_or_default()
    }

    /// Takes note of what is stored, if there is anything to write.
    fn note<'a>(&mut self, append: &'a Append, receipt: Receipt, writes: &mut Vec<Write<'a>>) {
        if receipt.events > 0 {
            self.last = receipt.position;
            let head = Head { version: receipt.version, position: receipt.position };
            self.heads.insert(append.stream.clone(), head);
        }
        if let Some(key) = &append.key {
            self.keys.insert(key.clone(), (append.stream.clone(), receipt));
        }
        for write in &append.documents {
            let revision = if write.is_removal() { 0 } else { write.revision };
            self.documents.insert(place(write), revision);
        }
        let beside = append.process.as_ref().is_some_and(|process| process.writes());
        if receipt.events > 0 || append.key.is_some() || !append.documents.is_empty() || beside {
            writes.push(Write { append, receipt });
        }
    }

    /// What [`Ledger::note`] of an append changes.
    fn before(&self, append: &Append) -> Before {
        Before {
            last: self.last,
            head: self.heads.get(&append.stream).copied(),
            documents: append
                .documents
                .iter()
                .map(|write| self.documents.get(&place(write)).copied())
                .collect(),
        }
    }

    /// Forgets an append that was noted last. Its key was free, or it would not have been noted.
    fn undo(&mut self, append: &Append, before: Before) {
        self.last = before.last;
        set(&mut self.heads, append.stream.clone(), before.head);
        if let Some(key) = &append.key {
            self.keys.remove(key);
        }
        for (write, revision) in append.documents.iter().zip(before.documents) {
            set(&mut self.documents, place(write), revision);
        }
    }
}

/// What a ledger knew before an append.
struct Before {
    last: Position,
    head: Option<Head>,
    /// The revisions of its documents.
    documents: Vec<Option<u64>>,
}

fn place(write: &DocumentWrite) -> (Arc<str>, String) {
    (Arc::clone(&write.collection), write.key.clone())
}

fn set<K: Eq + Hash, V>(map: &mut HashMap<K, V>, key: K, value: Option<V>) {
    match value {
        Some(value) => drop(map.insert(key, value)),
        None => drop(map.remove(&key)),
    }
}
