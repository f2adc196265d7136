use super::{DocumentWrite, ProcessWrites, StreamId};
use crate::domain::{IdempotencyKey, Meta, Receipt};

/// What one command wants to store in one stream.
#[derive(Clone, Debug)]
pub struct Append {
    /// Where.
    pub stream: StreamId,
    /// What must stand there before.
    pub expected: Expected,
    /// Makes it repeatable: the same key again stores nothing.
    pub key: Option<IdempotencyKey>,
    /// Who asks, and what it belongs to; stored beside every event.
    pub meta: Meta,
    /// What happened, in order.
    ///
    /// Empty without a key stores nothing and asks whether the stream is as expected: [`Outcome::Appended`] with the
    /// stream's version and position and no events, or [`Outcome::Conflict`]. Empty with a key keeps the key as
    /// well, with that receipt. Neither creates a stream; both take their place in the chain of a batch.
    pub events: Vec<NewEvent>,
    /// Documents that are stored in the same transaction, if and only if the outcome is [`Outcome::Appended`]; each
    /// key of a collection at most once. A batch's later appends see what the earlier ones have written.
    ///
    /// Where one of them has another revision than [`DocumentWrite::expected`], the outcome is
    /// [`Outcome::Conflict`] with the version of the stream, which may well be the one that was expected: load the
    /// documents again as well. Keys and the version of the stream are looked at first.
    pub documents: Vec<DocumentWrite>,
    /// What sagas, process managers and schedules store in the same transaction, if and only if the outcome is
    /// [`Outcome::Appended`].
    pub process: Option<Box<ProcessWrites>>,
    /// Another append, to another stream and without a key, that is stored if and only if this one is: both are, or
    /// neither. It takes its place in the log behind this one, with nothing else of the batch between them; what is
    /// stored at the same moment by others may be. It has no `together` of its own, and its outcome is told only where
    /// it is the reason that nothing was stored: [`Outcome::Apart`].
    pub together: Option<Box<Append>>,
}

impl Append {
    /// One without key, metadata, documents and the rest; the public fields can be changed.
    pub fn new(stream: StreamId, expected: Expected, events: Vec<NewEvent>) -> Self {
        Self {
            stream,
            expected,
            key: None,
            meta: Meta::default(),
            events,
            documents: Vec::new(),
            process: None,
            together: None,
        }
    }

    /// This one, and the one that is stored together with it.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Self> {
        [self].into_iter().chain(self.together.as_deref())
    }
}

/// An event on its way into the store.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The type's name in the store.
    pub name: &'static str,
    /// The version of the payload's shape.
    pub version: u16,
    /// JSON, unchanged in every store.
    pub payload: Vec<u8>,
}

/// The version that a stream must have for an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever it is.
    Any,
    /// Exactly this; 0 for a stream without events.
    Version(u64),
}

/// What has become of one append.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// Stored, and durable.
    Appended(Receipt),
    /// The key was used before, for this stream: what it did then. Nothing was stored now.
    Duplicate(Receipt),
    /// The stream is at another version, a document has another revision than expected, or an append before it in the
    /// same chain was not stored.
    Conflict {
        /// The version of the stream.
        actual: u64,
    },
    /// The lease of [`ProcessWrites::fence`] is not good any more. Nothing was stored.
    Fenced {
        /// The subscription.
        subscription: String,
        /// The shard.
        shard: u16,
    },
    /// What it was to be stored together with could not be. Nothing was stored.
    Apart {
        /// The stream of [`Append::together`].
        stream: StreamId,
        /// What became of that append: [`Outcome::Conflict`] or [`Outcome::Fenced`].
        outcome: Box<Outcome>,
    },
    /// The key was used before, for another stream. Nothing was stored.
    KeyReused {
        /// The stream that it was used for.
        first: StreamId,
    },
}
