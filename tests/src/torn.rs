use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use gesta::store::{Advance, Commit, ReadSide, Store, StoreError};

use crate::altered::{Alteration, Altered};

/// What is stored first of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// Everything at once, as it is promised.
    Whole,
    /// The documents, and then how far the shards have come.
    Documents,
    /// How far the shards have come, and then the documents.
    Checkpoint,
}

/// A store that stores documents and checkpoints one after the other, and that fails once in between as a process fails
/// that is killed there.
#[derive(Debug)]
pub struct Torn {
    first: First,
    /// How many commits with documents there are before the one that fails.
    before: AtomicU32,
}

impl Torn {
    /// Makes a store commit like this. After so many commits with documents one fails.
    pub fn of(store: Store, first: First, before: u32) -> Store {
        Store::new(Altered::new(store, Self { first, before: before.into() }))
    }

    /// Whether this is the commit that fails.
    fn fails(&self) -> bool {
        self.before.fetch_sub(1, Ordering::SeqCst) == 0
    }
}

#[async_trait]
impl Alteration for Torn {
    async fn commit(&self, inner: &dyn ReadSide, commit: &Commit) -> Result<(), StoreError> {
        if commit.documents.is_empty() {
            return inner.commit(commit).await;
        }
        let standing = |advance: &Advance| Advance { to: advance.from, ..advance.clone() };
        let here = commit.advances.iter().map(standing).collect();
        let moved = |advance: &Advance| Advance { from: advance.to, ..advance.clone() };
        let there = commit.advances.iter().map(moved).collect();
        let checkpoint = Commit { advances: commit.advances.clone(), ..Commit::default() };
        let (one, other) = match self.first {
            First::Whole => (Commit::clone(commit), None),
            First::Documents => (Commit { advances: here, ..commit.clone() }, Some(checkpoint)),
            First::Checkpoint => (checkpoint, Some(Commit { advances: there, ..commit.clone() })),
        };
        inner.commit(&one).await?;
        if self.fails() {
            let source = "it was killed here".into();
            return Err(StoreError::OutcomeUnknown { streams: "the read side".into(), source });
        }
        match other {
            Some(other) => inner.commit(&other).await,
            None => Ok(()),
        }
    }
}
