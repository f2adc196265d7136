use std::{sync::Arc, time::Duration};

use crate::{
    codec::{DecodeError, EncodeError},
    domain::{IdempotencyKey, Misfit, Position},
};

use super::StreamId;

/// The cause of an error, as the backend gave it.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database cannot be reached, and nothing was stored.
    #[error("the store is unavailable ({what}); nothing was stored, try again")]
    Unavailable {
        /// What was being done.
        what: &'static str,
        /// What the backend said.
        source: BoxError,
    },
    /// The connection was lost while an append was under way.
    #[error(
        "the connection was lost while appending to {streams}; whether it was stored is unknown: repeat the \
             command with the same idempotency key, or read the stream"
    )]
    OutcomeUnknown {
        /// The streams of the batch.
        streams: String,
        /// What the backend said.
        source: BoxError,
    },
    /// Another transaction holds a stream of the batch and does not end.
    #[error(
        "another transaction holds {streams}, or one of them, for too long; nothing was stored, try again"
    )]
    Held {
        /// The streams of the batch.
        streams: String,
        /// What the backend said.
        source: BoxError,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// The database refused.
    #[error("the store refused ({what}): {source}")]
    Backend {
        /// What was being done.
        what: String,
        /// What the backend said.
        source: BoxError,
    },
    /// An event could not be written as JSON.
    #[error("cannot write `{name}` for {stream}: {reason}")]
    Unencodable {
        /// Where it was to be stored.
        stream: StreamId,
        /// Its type.
        name: &'static str,
        /// Why.
        reason: String,
    },
    /// An event of a type that is retired was to be stored.
    #[error(
        "cannot write `{name}` for {stream}: it is retired, which means that it is read and no longer written; record \
             another event"
    )]
    Retired {
        /// Where it was to be stored.
        stream: StreamId,
        /// Its type.
        name: &'static str,
    },
    /// An event in the store cannot be read; the events around it can.
    #[error(
        "cannot read {stream} at version {version}: `{name}` (version {type_version} of its shape): {source}"
    )]
    Undecodable {
        /// The stream.
        stream: StreamId,
        /// The version of the event in it.
        version: u64,
        /// The type's name in the store.
        name: String,
        /// The version of the payload's shape.
        type_version: u16,
        /// Why.
        source: DecodeError,
    },
    /// A type of event that this program does not have.
    #[error(
        "cannot read {stream} at version {version}: this program has no event `{name}`; it was stored by another \
             version of it, or the event was renamed without #[event(name = \"{name}\")]"
    )]
    UnknownEvent {
        /// The stream.
        stream: StreamId,
        /// The version of the event in it.
        version: u64,
        /// The type's name in the store.
        name: String,
    },
    /// An event that cannot stand where it stands in its stream, by what the aggregate says of its states.
    #[error(
        "cannot fold {stream} at version {version}: `{event}` does not fit: {source}; nothing is changed, and the events \
             before it can be read with `load_at`"
    )]
    OutOfPlace {
        /// The stream.
        stream: StreamId,
        /// The version of the event in it.
        version: u64,
        /// The type's name in the store.
        event: &'static str,
        /// Why it does not fit.
        source: Misfit,
    },
    /// A payload larger than the application allows.
    #[error(
        "`{name}` for {stream} is {size} bytes long, and at most {limit} are allowed; keep large things elsewhere \
             and store a reference, or raise the limit with `.payload_limit(..)`"
    )]
    PayloadTooLarge {
        /// Where it was to be stored.
        stream: StreamId,
        /// Its type.
        name: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// An idempotency key that was used for another stream before.
    #[error("the idempotency key `{key}` was used for {first} before and cannot be used for {stream}")]
    KeyReused {
        /// The key.
        key: IdempotencyKey,
        /// The stream of this command.
        stream: StreamId,
        /// The stream that the key was used for first.
        first: StreamId,
    },
    /// A shard is somebody else's by now.
    #[error(
        "shard {shard} of the subscription `{subscription}` was taken over by another worker, paused or reset; nothing was \
         stored, and whoever has it now goes on from its position"
    )]
    Fenced {
        /// The subscription.
        subscription: String,
        /// The shard.
        shard: u16,
    },
    /// What was to be stored together with something else could not be, because that stream was changed meanwhile.
    #[error("{stream} was changed by somebody else meanwhile; nothing was stored")]
    Overtaken {
        /// The stream that was changed.
        stream: StreamId,
    },
    /// Two appends that cannot be stored together.
    #[error("an append to {other} cannot be stored together with one to {stream}: {reason}")]
    InvalidTogether {
        /// The stream of the first.
        stream: StreamId,
        /// The stream of the other.
        other: StreamId,
        /// What is wrong.
        reason: &'static str,
    },
    /// A document was changed by somebody else meanwhile.
    #[error("the document `{key}` in `{collection}` was changed meanwhile; nothing was stored, try again")]
    Stale {
        /// The collection.
        collection: String,
        /// The key of the document.
        key: String,
    },
    /// A projection cannot go on: an event or a document cannot be read, or folding the event panics.
    #[error(
        "`{projection}` stands still before the event at position {position} (`{event}`, {stream} at version {version}): \
         {source}; what comes before it is kept, nothing is skipped, and it is tried again: correct the projection, or \
         how the event is read, and start again"
    )]
    Stuck {
        /// The projection and its version.
        projection: Arc<str>,
        /// The stream of the event.
        stream: StreamId,
        /// The event's place in its stream.
        version: u64,
        /// Its place in the log.
        position: Position,
        /// The type's name in the store.
        event: Box<str>,
        /// What went wrong.
        source: BoxError,
    },
    /// The application's own statements failed inside a transaction of the store.
    #[error("the application's statements for `{subscription}` failed, and nothing was stored: {source}")]
    Work {
        /// The projection and its version, or the subscription.
        subscription: Arc<str>,
        /// What they said.
        source: BoxError,
    },
    /// The application's own statements took too long inside a transaction of the store.
    #[error(
        "the application's statements for `{subscription}` were not done within {limit:?} and were taken back, so \
         nothing was stored; make them faster, perhaps by an index, or raise the limit with `.work_timeout(..)` of the store"
    )]
    WorkTimedOut {
        /// The projection and its version, or the subscription.
        subscription: Arc<str>,
        /// How long they may take.
        limit: Duration,
    },
    /// The store cannot do this at all.
    #[error("{store} cannot {what}; use another store for it")]
    Unsupported {
        /// Which kind of store.
        store: &'static str,
        /// What it cannot do.
        what: &'static str,
    },
    /// A name that cannot be kept by every store.
    #[error("{what} cannot be stored: {reason}")]
    InvalidName {
        /// What is named.
        what: String,
        /// What is wrong with the name.
        reason: &'static str,
    },
}

impl StoreError {
    /// Why an event of type `name` could not be written.
    pub(crate) fn of_encoding(stream: &StreamId, name: &'static str, error: EncodeError) -> Self {
        let stream = stream.clone();
        match error {
            EncodeError::Retired { name } => Self::Retired { stream, name },
            error => Self::Unencodable { stream, name, reason: error.to_string() },
        }
    }

    /// Whether the same call may succeed later without any change.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::OutcomeUnknown { .. } | Self::Held { .. } | Self::Stale { .. }
        )
    }
}

/// Why a store could not be opened, or must not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address is not of a known form.
    #[error(
        "`{url}` is not the address of a store: write `memory:`, `sqlite:path`, `sqlite::memory:` or `postgres://..`"
    )]
    UnknownUrl {
        /// What was given, without a password.
        url: String,
    },
    /// The adapter for that address is not compiled in.
    #[error("this program was built without the feature `{feature}` of gesta, which `{scheme}:` needs")]
    FeatureMissing {
        /// The scheme of the address.
        scheme: String,
        /// The feature to turn on.
        feature: &'static str,
    },
    /// The database could not be reached or did not let us in.
    #[error("cannot connect to {target}: {source}")]
    Unreachable {
        /// Which, without a password.
        target: String,
        /// What the driver said.
        source: BoxError,
    },
    /// There is nothing at that address that could be opened, and nothing was to be made.
    #[error("there is no store in {target}: {reason}")]
    Missing {
        /// Which, without a password.
        target: String,
        /// What was found in its place.
        reason: String,
    },
    /// The database would silently break a promise of the store.
    #[error("{target} cannot be used: {reason}; {remedy}")]
    Unsafe {
        /// Which, without a password.
        target: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// The tables could not be brought up to date.
    #[error("cannot prepare the tables in {target}: {source}")]
    Migration {
        /// Which, without a password.
        target: String,
        /// What the driver said.
        source: BoxError,
    },
}
