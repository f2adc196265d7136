//! Names that not every store can keep, refused by all of them in the same way.

use super::{Append, Commit, DocumentWrite, StoreError, StreamId};
use crate::domain::IdempotencyKey;

/// No text of PostgreSQL can hold it, and SQLite's functions stop at it.
const NUL: &str = "it contains a NUL character, which not every store can keep";

impl StreamId {
    /// Whether every store can keep this name; adapters ask before they use it.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`] when it contains a NUL character.
    pub fn check(&self) -> Result<(), StoreError> {
        check(self.category(), || format!("the category of stream {:?}", self.to_string()))?;
        check(self.id(), || format!("the id of stream {:?}", self.to_string()))
    }
}

impl Append {
    /// Whether every store can keep the names in it; adapters ask before they decide about a batch.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`] when the stream, the key, the name of an event or one of a document contains a NUL
    /// character.
    pub fn check(&self) -> Result<(), StoreError> {
        self.stream.check()?;
        self.key.as_ref().map_or(Ok(()), check_key)?;
        self.events
            .iter()
            .try_for_each(|event| check(event.name, || format!("the event name {:?}", event.name)))?;
        self.documents.iter().try_for_each(DocumentWrite::check)
    }
}

impl Commit {
    /// Whether every store can keep the names in it; adapters ask before they store it.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`] when a name of a document contains a NUL character. Names of subscriptions and
    /// streams were asked for before.
    pub fn check(&self) -> Result<(), StoreError> {
        self.documents.iter().try_for_each(DocumentWrite::check)
    }
}

impl DocumentWrite {
    /// Whether every store can keep the names in it.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`] when the collection, the key or the name of an index contains a NUL character.
    pub fn check(&self) -> Result<(), StoreError> {
        check_name(&self.collection, "collection")?;
        check(&self.key, || format!("the key {:?} of a document in {}", self.key, self.collection))?;
        self.indexes.iter().try_for_each(|(name, _)| check_name(name, "index"))
    }
}

/// Whether every store can keep this name of a thing, such as a subscription.
///
/// # Errors
/// [`StoreError::InvalidName`] when it contains a NUL character.
pub fn check_name(name: &str, thing: &'static str) -> Result<(), StoreError> {
    check(name, || format!("the name {name:?} of a {thing}"))
}

/// Whether every store can keep this key; adapters ask before they look for it.
///
/// # Errors
/// [`StoreError::InvalidName`] when it contains a NUL character.
pub fn check_key(key: &IdempotencyKey) -> Result<(), StoreError> {
    check(key.as_str(), || format!("the idempotency key {:?}", key.as_str()))
}

fn check(text: &str, what: impl Fn() -> String) -> Result<(), StoreError> {
    if text.contains('\0') {
        return Err(StoreError::InvalidName { what: what(), reason: NUL });
    }
    Ok(())
}
