//! Instances that seem to end the process that works on them, and those that do not.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::store::{SUSPECT, StoreError};

/// An instance that was taken so often without having come further is parked: it ends the process, it seems. It is
/// counted as well when a process loses its shards or the database goes away, so this is not too few.
pub(super) const POISON: u32 = 20;

/// How often it is looked for instances that have ended processes, it seems.
pub(super) const SUSPECTS_EVERY: Duration = Duration::from_secs(3);

/// The same where there are many of them: then it is the database that has gone away again and again, and they were at
/// work.
pub(super) const MANY_SUSPECTS_EVERY: Duration = Duration::from_millis(200);

/// So many are taken at a time.
pub(super) const SUSPECTS: usize = 16;

/// An instance that was taken so often without having come further is worked on alone.
pub(super) const ALONE: u32 = 4;

const _: () = assert!(SUSPECT < ALONE && ALONE < POISON);

/// Instances that were under way in this process when it lost the database or its shards, and have not come further
/// since. They do not end the process: it is still there.
#[derive(Default)]
pub(super) struct Survived(Mutex<HashSet<String>>);

impl Survived {
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut HashSet<String>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether an error says something about the store, or the worker's shards, and not about one instance.
pub(super) const fn is_of_store(error: &StoreError) -> bool {
    matches!(error, StoreError::Fenced { .. } | StoreError::Unavailable { .. } | StoreError::Closed)
}
