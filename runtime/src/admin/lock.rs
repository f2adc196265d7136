//! What a store has recorded, as a `gesta.lock`.

use std::collections::{BTreeMap, BTreeSet};

use super::Operations;
use crate::{
    app::{INSTANCES, is_ours},
    evolution::{Lock, LockEntry, LockKey},
    store::{KnownShape, Records, ShapeKind, StoreError},
};

/// What a store has recorded of events, sagas and snapshots, of all domains that were ever started on it.
///
/// It is not what one program knows: it has every version that any program had, and of what was stored without a program
/// the names and versions, with shapes that are not known. [`StoreLock::beside`] takes out of it what concerns one.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StoreLock {
    /// Everything. Retired is what the last program of its domain does not write in any version.
    pub lock: Lock,
    /// How many events of a version there are, and how many instances of a version of a saga that are not at their end;
    /// of very many instances, some.
    pub rows: BTreeMap<LockKey, u64>,
    /// The categories of events.
    owners: BTreeMap<LockKey, BTreeSet<String>>,
    /// What the last program of each domain writes.
    written: BTreeSet<LockKey>,
}

/// What of a store concerns those who have some lock.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct StorePart {
    /// What is to be compared.
    pub lock: Lock,
    /// What the other lock knows nothing like, and so belongs to other domains, or to parts that were removed as a whole.
    pub elsewhere: Vec<LockKey>,
    /// What the other lock does not have, of which nothing is stored, and which the last programs do not write: versions of
    /// programs that were taken back.
    pub unused: Vec<LockKey>,
}

impl StorePart {
    /// All of a lock.
    pub fn of(lock: Lock) -> Self {
        Self { lock, ..Self::default() }
    }
}

impl StoreLock {
    /// What of the store is to be compared with a lock. Several domains may share a store: an aggregate concerns those
    /// who have any event of it, or one with such a name, and a saga those who have it in any version. With `all`
    /// everything does.
    pub fn beside(&self, other: &Lock, all: bool) -> StorePart {
        let familiar = Familiar::of(other);
        let concerned: BTreeSet<&String> = self
            .owners
            .iter()
            .flat_map(|(key, owners)| owners.iter().map(move |owner| (key, owner)))
            .filter(|(key, owner)| familiar.has_category(owner) || familiar.has_event(key.name()))
            .map(|(_, owner)| owner)
            .collect();
        let concerns = |key: &LockKey| match key {
            LockKey::Saga { name, .. } => familiar.sagas.contains(&**name),
            LockKey::Event { .. } | LockKey::Snapshot { .. } => self
                .owners
                .get(key)
                .is_some_and(|owners| owners.iter().any(|owner| concerned.contains(owner))),
        };
        let mut part = StorePart::default();
        for (key, entry) in self.lock.iter() {
            let stored = self.rows.get(key).is_some_and(|rows| *rows > 0);
            if !all && !concerns(key) {
                part.elsewhere.push(key.clone());
            } else if !stored && !self.written.contains(key) && other.get(key).is_none() {
                part.unused.push(key.clone());
            } else {
                part.lock.record(key.clone(), entry.clone());
            }
        }
        part
    }

    fn new(records: &Records) -> Self {
        let mut found = Self::default();
        for recorded in &records.shapes {
            found.record(&recorded.shape);
        }
        let mut known: BTreeMap<(ShapeKind, &str), bool> = BTreeMap::new();
        for shape in records.programs.iter().flat_map(|program| &program.shapes) {
            *known.entry((shape.kind, &*shape.name)).or_default() |= shape.written;
            if shape.written {
                found.written.insert(key_of(shape));
            }
            if shape.kind == ShapeKind::Snapshot {
                // A snapshot has no versions: the last shape counts, and not the first.
                found.lock.record(key_of(shape), LockEntry::read(&shape.shape, false));
            }
        }
        let retired = known.into_iter().filter(|((kind, _), written)| *kind == ShapeKind::Event && !written);
        for ((_, name), _) in retired {
            found.retire(name);
        }
        found
    }

    fn record(&mut self, shape: &KnownShape) {
        let key = key_of(shape);
        let mut entry = LockEntry::read(&shape.shape, shape.kind == ShapeKind::Saga);
        if self.lock.get(&key).is_some_and(|known| known.shape != entry.shape) {
            // Two categories have events of this name. Which is meant, a lock does not say.
            entry = LockEntry::of_unknown_shape();
        }
        self.owners.entry(key.clone()).or_default().insert(shape.owner.clone());
        self.lock.record(key, entry);
    }

    /// Marks all versions of an event.
    fn retire(&mut self, event: &str) {
        let versions =
            self.lock.iter().filter(|(key, _)| matches!(key, LockKey::Event { name, .. } if name == event));
        let retired: Vec<_> =
            versions.map(|(key, entry)| (key.clone(), entry.clone().retired(true))).collect();
        retired.into_iter().for_each(|(key, entry)| self.lock.record(key, entry));
    }

    /// Adds what is stored of an event, which nobody need have recorded.
    fn stored(&mut self, name: &str, version: u16, events: u64) {
        let key = LockKey::event(name, version);
        if self.lock.get(&key).is_none() {
            if is_ours(name) {
                return;
            }
            let of_same = self.owners.iter().filter(|(known, _)| known.is_of_same(&key));
            let mut owners: BTreeSet<String> = of_same.flat_map(|(_, owners)| owners.clone()).collect();
            if owners.is_empty() {
                owners.insert(prefix(name).to_owned());
            }
            self.owners.insert(key.clone(), owners);
            self.lock.record(key.clone(), LockEntry::of_unknown_shape());
        }
        *self.rows.entry(key).or_default() += events;
    }
}

/// What those know who have a lock.
struct Familiar<'l> {
    events: BTreeSet<&'l str>,
    /// What the names of events begin with, and the aggregates of snapshots.
    prefixes: BTreeSet<&'l str>,
    sagas: BTreeSet<&'l str>,
}

impl<'l> Familiar<'l> {
    fn of(lock: &'l Lock) -> Self {
        let mut found = Self { events: BTreeSet::new(), prefixes: BTreeSet::new(), sagas: BTreeSet::new() };
        for (key, _) in lock.iter() {
            match key {
                LockKey::Event { name, .. } => {
                    found.events.insert(name);
                    found.prefixes.insert(prefix(name));
                }
                LockKey::Saga { name, .. } => drop(found.sagas.insert(name)),
                LockKey::Snapshot { name } => drop(found.prefixes.insert(name)),
            }
        }
        found.prefixes.remove("");
        found
    }

    fn has_event(&self, name: &str) -> bool {
        self.events.contains(name) || self.prefixes.contains(prefix(name))
    }

    fn has_category(&self, category: &str) -> bool {
        self.prefixes.contains(category)
    }
}

/// Whose event it is, as names are made.
fn prefix(event: &str) -> &str {
    event.rsplit_once('.').map_or("", |(prefix, _)| prefix)
}

fn key_of(shape: &KnownShape) -> LockKey {
    match shape.kind {
        ShapeKind::Saga => LockKey::saga(&shape.name, shape.version),
        ShapeKind::Snapshot => LockKey::snapshot(&shape.owner),
        ShapeKind::Event => LockKey::event(&shape.name, shape.version),
    }
}

impl Operations {
    /// What the store has recorded, and how much there is of it. All events are counted, in many short calls; it tells now
    /// and then how many it has counted, of about how many.
    ///
    /// # Errors
    /// [`StoreError::Unsupported`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn lock(&self, progress: impl FnMut(u64, u64)) -> Result<StoreLock, StoreError> {
        let port = self.store().port();
        let unsupported = StoreError::Unsupported { store: "this store", what: "record shapes" };
        let fleet = port.fleet().ok_or(unsupported)?;
        let mut found = StoreLock::new(&fleet.records().await?);
        let total = self.total_events().await?;
        for tally in self.count_events(total, progress).await? {
            found.stored(&tally.name, tally.version, tally.events);
        }
        let sagas: BTreeSet<String> = found
            .lock
            .iter()
            .filter(|(key, _)| matches!(key, LockKey::Saga { .. }))
            .map(|(key, _)| key.name().to_owned())
            .collect();
        let sagas: Vec<&str> = sagas.iter().map(String::as_str).collect();
        for count in fleet.count_definitions(&sagas, INSTANCES).await? {
            *found.rows.entry(LockKey::saga(count.saga, count.definition.0)).or_default() += count.instances;
        }
        Ok(found)
    }
}
