use std::{borrow::Borrow, collections::HashMap, fmt, sync::Arc};

use super::{
    failure::{Failure, guard},
    ours::Ours,
};
use crate::{
    domain::{Position, Projection},
    log::LogEntry,
    store::{BoxError, Document, DocumentWrite},
};

/// The documents that a worker has before it: as the store has them, changed by the events that were folded since.
/// Only its leases make that true.
pub(super) struct Desk<P> {
    held: HashMap<Arc<str>, Held<P>>,
    ours: Ours,
    /// Those that are to be loaded.
    missing: Vec<Arc<str>>,
    /// Those that have changed in this round.
    changed: Vec<Arc<str>>,
    round: u64,
    weight: usize,
}

struct Held<P> {
    key: Arc<str>,
    shard: u16,
    state: Option<P>,
    /// Whether it was loaded; until then its events wait.
    here: bool,
    /// The last event in it, as a revision and by its place in the log.
    revision: u64,
    at: Position,
    /// The revision in the store.
    stored: u64,
    /// The round that has changed it last.
    round: u64,
    weight: usize,
    waiting: Vec<Waiting<P>>,
}

/// An event whose document is on its way.
struct Waiting<P> {
    entry: Arc<LogEntry>,
    change: Change<P>,
}

type Change<P> = Box<dyn FnOnce(&mut Option<P>) + Send>;

/// What a document costs beside its text in bytes, and how much all of them may.
const OVERHEAD: usize = 300;
const HEAVIEST: usize = 64_000_000;

impl<P: Projection> Desk<P> {
    pub(super) fn new(ours: Ours) -> Self {
        Self { held: HashMap::new(), ours, missing: Vec::new(), changed: Vec::new(), round: 1, weight: 0 }
    }

    /// Forgets all documents.
    pub(super) fn clear(&mut self) {
        self.held.clear();
        self.missing.clear();
        self.changed.clear();
        self.weight = 0;
    }

    /// Changes a document by an event, as soon as it is here, unless it is somebody else's or has the event already.
    pub(super) fn change<B, E>(
        &mut self,
        entry: &Arc<LogEntry>,
        key: &str,
        event: B,
        change: impl FnOnce(&E, &mut Option<P>) + Send + 'static,
    ) where
        B: Borrow<E> + Send + 'static,
    {
        let held = match self.held.get_mut(key) {
            Some(held) => held,
            None => {
                // What is loaded without an event that waits for it would be lost.
                let shard = self.ours.shard(key);
                if !self.ours.has(shard) || !self.ours.wants(shard, entry.position) {
                    return;
                }
                let key: Arc<str> = key.into();
                self.missing.push(Arc::clone(&key));
                self.held.entry(Arc::clone(&key)).or_insert_with(|| Held::absent(key, shard))
            }
        };
        if !self.ours.wants(held.shard, entry.position) {
            return;
        }
        if !held.here {
            let change = Box::new(move |state: &mut Option<P>| change(event.borrow(), state));
            held.waiting.push(Waiting { entry: Arc::clone(entry), change });
        } else if let Some(state) = held.begin(entry, self.round, &mut self.changed) {
            change(event.borrow(), state);
        }
    }

    /// The documents that are to be loaded.
    pub(super) fn missing(&mut self) -> Vec<Arc<str>> {
        std::mem::take(&mut self.missing)
    }

    /// Puts a document where its events wait for it, and changes it by them.
    pub(super) fn put(&mut self, key: &str, document: Option<Document>) -> Result<(), Failure> {
        let Some(held) = self.held.get_mut(key) else { return Ok(()) };
        let waiting = std::mem::take(&mut held.waiting);
        if let (Some(document), Some(first)) = (document, waiting.first()) {
            guard(|| held.take(document)).map_err(|source| Failure::new(&first.entry, source))?;
        }
        held.here = true;
        self.weight += held.weight;
        for Waiting { entry, change } in waiting {
            if let Some(state) = held.begin(&entry, self.round, &mut self.changed) {
                let changed = guard(|| {
                    change(state);
                    Ok(())
                });
                changed.map_err(|source| Failure::new(&entry, source))?;
            }
        }
        Ok(())
    }

    /// What has changed in this round, to be stored; the next round begins.
    pub(super) fn writes(&mut self, collection: &Arc<str>) -> Result<Vec<DocumentWrite>, Failure> {
        self.round += 1;
        let mut writes = Vec::with_capacity(self.changed.len());
        for key in std::mem::take(&mut self.changed) {
            let Some(held) = self.held.get_mut(&key) else { continue };
            self.weight -= held.weight;
            let write = guard(|| held.write(collection));
            writes.push(write.map_err(|source| Failure { position: held.at, source })?);
            self.weight += held.weight;
        }
        Ok(writes)
    }

    /// Lets go of documents once there are too many, all but those of the last two rounds: what they have become may
    /// not be in the store yet.
    pub(super) fn tidy(&mut self) {
        if self.weight > HEAVIEST {
            let round = self.round;
            self.held.retain(|_, held| held.round + 2 >= round);
            self.weight = self.held.values().map(|held| held.weight).sum();
        }
    }
}

impl<P: Projection> Held<P> {
    fn absent(key: Arc<str>, shard: u16) -> Self {
        let weight = OVERHEAD + key.len();
        Self {
            key,
            shard,
            state: None,
            here: false,
            revision: 0,
            at: Position::START,
            stored: 0,
            round: 0,
            weight,
            waiting: Vec::new(),
        }
    }

    fn take(&mut self, document: Document) -> Result<(), BoxError> {
        let Document { body, revision, .. } = document;
        (self.revision, self.stored) = (revision, revision);
        self.weight += body.as_ref().map_or(0, Vec::len);
        self.state = body.as_deref().map(P::decode).transpose()?;
        Ok(())
    }

    /// Begins a change by an event; none if an inline projection has it already.
    fn begin(&mut self, entry: &LogEntry, round: u64, changed: &mut Vec<Arc<str>>) -> Option<&mut Option<P>> {
        if P::INLINE && entry.version <= self.revision {
            return None;
        }
        self.revision = if P::INLINE { entry.version } else { entry.position.raw() };
        self.at = entry.position;
        if self.round != round {
            self.round = round;
            changed.push(Arc::clone(&self.key));
        }
        Some(&mut self.state)
    }

    fn write(&mut self, collection: &Arc<str>) -> Result<DocumentWrite, BoxError> {
        let body = self.state.as_ref().map(P::encode).transpose()?;
        let keys = self.state.as_ref().map(P::index_keys).unwrap_or_default();
        self.weight = OVERHEAD + self.key.len() + body.as_ref().map_or(0, Vec::len);
        let expected = P::INLINE.then_some(self.stored);
        self.stored = self.revision;
        let write = DocumentWrite {
            collection: Arc::clone(collection),
            key: self.key.to_string(),
            body,
            indexes: P::INDEXES.iter().copied().zip(keys).collect(),
            revision: self.revision,
            expected,
        };
        // Refused here, the event is known that it is about.
        write.check()?;
        Ok(write)
    }
}

impl<P> fmt::Debug for Desk<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("documents", &self.held.len()).finish_non_exhaustive()
    }
}
