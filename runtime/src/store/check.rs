//! Names that not every store can keep, refused by all of them in the same way.

use super::{Append, Commit, DocumentWrite, ProcessWrites, StoreError, StreamId, TimerWrite};
use crate::domain::IdempotencyKey;

/// No text of PostgreSQL can hold it, and SQLite's functions stop at it.
const NUL: &str = "it contains a NUL character, which not every store can keep";

/// PostgreSQL takes no entry of an index beyond 2,704 bytes, of which some are its own.
const LONGEST_ENTRY: usize = 2_600;
const TOO_LONG: &str = "the index of a database has room for 2,600 bytes, for the name of the collection, the key, and the name \
     and the value of an index together; choose a shorter key, such as a hash of it";

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
    /// Whether every store can keep the names in it, and what is stored together fits together; adapters ask before
    /// they decide about a batch.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`] when the stream, the key, or a name of an event, a document, a subscription, an
    /// instance, a step or a timer contains a NUL character. [`StoreError::InvalidTogether`] when [`Append::together`] has the same
    /// stream, a key, or one of its own.
    pub fn check(&self) -> Result<(), StoreError> {
        self.check_names()?;
        let Some(together) = &self.together else { return Ok(()) };
        let reason = match () {
            () if together.stream == self.stream => {
                "it is for the same stream; put its events into one append"
            }
            () if together.key.is_some() => "it has an idempotency key; give the key to the first of the two",
            () if together.together.is_some() => {
                "it has another one of its own; two are stored together at most"
            }
            () => return together.check_names(),
        };
        Err(StoreError::InvalidTogether {
            stream: self.stream.clone(),
            other: together.stream.clone(),
            reason,
        })
    }

    fn check_names(&self) -> Result<(), StoreError> {
        self.stream.check()?;
        self.key.as_ref().map_or(Ok(()), check_key)?;
        self.events
            .iter()
            .try_for_each(|event| check(event.name, || format!("the event name {:?}", event.name)))?;
        self.documents.iter().try_for_each(DocumentWrite::check)?;
        self.process.as_ref().map_or(Ok(()), |process| process.check())
    }
}

impl ProcessWrites {
    fn check(&self) -> Result<(), StoreError> {
        if let Some(fence) = &self.fence {
            check_name(&fence.subscription, "subscription")?;
        }
        if let Some(write) = &self.saga {
            check_instance(&write.saga, &write.id)?;
            write.step.as_ref().map_or(Ok(()), |step| check_name(step, "step"))?;
        }
        self.wakes.iter().try_for_each(|(saga, id)| check_instance(saga, id))?;
        self.timers.iter().try_for_each(|timer| match timer {
            TimerWrite::Arm { name, .. } | TimerWrite::Disarm { name, .. } => check_name(name, "timer"),
        })
    }
}

fn check_instance(saga: &str, id: &str) -> Result<(), StoreError> {
    check_name(saga, "saga")?;
    check(id, || format!("the id {id:?} of an instance of {saga}"))
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
    /// [`StoreError::InvalidName`] when the collection, the key or the name of an index contains a NUL character, or
    /// they are too long for the index of a database.
    pub fn check(&self) -> Result<(), StoreError> {
        check_name(&self.collection, "collection")?;
        check(&self.key, || format!("the key {:?} of a document in {}", self.key, self.collection))?;
        self.indexes.iter().try_for_each(|(name, _)| check_name(name, "index"))?;
        let longest = self.indexes.iter().map(|(name, value)| name.len() + value.as_bytes().len()).max();
        let (collection, key) = (&self.collection, &self.key);
        if collection.len() + key.len() + longest.unwrap_or(0) > LONGEST_ENTRY {
            let beginning: String = key.chars().take(40).collect();
            let what = format!("the key {beginning:?}.. ({} bytes) of a document in {collection}", key.len());
            return Err(StoreError::InvalidName { what, reason: TOO_LONG });
        }
        Ok(())
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

/// A text for people, such as an error, as every store can keep it: without NUL characters, and cut where more of it
/// helps nobody.
pub(crate) fn storable(text: &str) -> String {
    const LONGEST: usize = 4_000;
    let text = text.replace('\0', "\u{fffd}");
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((end, _)) => format!("{}..", &text[..end]),
    }
}

fn check(text: &str, what: impl Fn() -> String) -> Result<(), StoreError> {
    if text.contains('\0') {
        return Err(StoreError::InvalidName { what: what(), reason: NUL });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_no_store_keeps_is_changed() {
        assert_eq!(storable("a\0b"), "a\u{fffd}b");
        assert_eq!(storable(&"ä".repeat(5_000)).chars().count(), 4_002);
    }
}
