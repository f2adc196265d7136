//! What a process has survived, and so is not the instance's fault.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use crate::store::StoreError;

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
