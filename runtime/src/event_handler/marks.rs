//! Whoever works on shards leaves a mark in the store, and takes it away when it has ended in order. So whoever comes next
//! knows whether the one before it has died at its work. It is written when shards change hands, and at no other time.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use crate::store::{Advance, Commit, DocumentWrite, Lease, ReadSide, StoreError};

const COLLECTION: &str = "gesta.handlers";

/// The marks of one handler in this process: those that it could not take away although its work has ended in order.
#[derive(Debug, Default)]
pub(super) struct Marks {
    left_behind: Mutex<HashSet<(u16, u64)>>,
}

impl Marks {
    /// Marks the shards. Those whose last worker has not ended in order.
    pub(super) async fn set(
        &self,
        port: &dyn ReadSide,
        handler: &str,
        leases: &[Lease],
    ) -> Result<HashSet<u16>, StoreError> {
        let keys: Vec<String> = leases.iter().map(|lease| key(handler, lease)).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let found = port.load_documents(COLLECTION, &keys).await?;
        let ours = self.left_behind.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let is_left = |lease: &Lease, token: u64| !ours.contains(&(lease.shard, token));
        let marked = found.iter().map(|mark| mark.as_ref().filter(|mark| mark.body.is_some()));
        let left = leases.iter().zip(marked);
        let left = left.filter(|(lease, mark)| mark.is_some_and(|mark| is_left(lease, mark.revision)));
        let left = left.map(|(lease, _)| lease.shard).collect();
        let standing = |lease: &Lease| Advance {
            subscription: Arc::clone(&lease.subscription),
            shard: lease.shard,
            token: lease.token,
            from: lease.position,
            to: lease.position,
        };
        let documents = leases.iter().map(|lease| mark(handler, lease, true)).collect();
        let advances = leases.iter().map(standing).collect();
        port.commit(&Commit { advances, documents, ..Commit::default() }).await?;
        Ok(left)
    }

    /// The work on these shards has ended in order. Not under their leases, which may be somebody else's by now: a mark
    /// carries the token of its lease, and one with another token stays.
    pub(super) async fn clear(&self, port: &dyn ReadSide, handler: &str, leases: &[Lease]) {
        if leases.is_empty() {
            return;
        }
        let all = leases.iter().map(|lease| mark(handler, lease, false)).collect();
        match port.commit(&Commit { documents: all, ..Commit::default() }).await {
            Err(StoreError::Stale { .. }) => {
                for lease in leases {
                    let documents = vec![mark(handler, lease, false)];
                    self.note(
                        port.commit(&Commit { documents, ..Commit::default() }).await,
                        std::slice::from_ref(lease),
                    );
                }
            }
            result => self.note(result, leases),
        }
    }

    fn note(&self, result: Result<(), StoreError>, leases: &[Lease]) {
        let mut left = self.left_behind.lock().unwrap_or_else(PoisonError::into_inner);
        left.retain(|(shard, _)| leases.iter().all(|lease| lease.shard != *shard));
        if result.is_err() {
            left.extend(leases.iter().map(|lease| (lease.shard, lease.token)));
        }
    }
}

fn key(handler: &str, lease: &Lease) -> String {
    format!("{handler}/{}", lease.shard)
}

/// A mark that is to be there, or not any more.
fn mark(handler: &str, lease: &Lease, there: bool) -> DocumentWrite {
    DocumentWrite {
        collection: COLLECTION.into(),
        key: key(handler, lease),
        body: there.then(|| b"{}".to_vec()),
        indexes: Vec::new(),
        revision: lease.token,
        expected: (!there).then_some(lease.token),
    }
}
