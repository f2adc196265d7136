use crate::{
    domain::{IdempotencyKey, Position},
    store::{Outcome, StoreError, StreamId},
};

/// Why a store was not copied to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// The target is the source.
    #[error(
        "both are the same store, and events are never changed where they are; name a new store to copy into"
    )]
    SameStore,
    /// Somebody runs on the source while something there is unfinished. The events are copied by then.
    #[error(
        "{releases} runs on the source, where something is unfinished: {}; it would go on in both, so stop that program \
         (one that was killed is forgotten after a while) and run this again",
        what.join("; ")
    )]
    SourceInUse {
        /// Who.
        releases: String,
        /// What is unfinished.
        what: Vec<String>,
    },
    /// Somebody runs on the target.
    #[error(
        "{releases} runs on the target, which must not be used before the copy is complete; stop it first"
    )]
    TargetInUse {
        /// Who.
        releases: String,
    },
    /// The target has events that are not those of the source.
    #[error(
        "the target is neither empty nor an unfinished copy of the source: its last event is {stream} version {version}, \
         {found}; copy into a new store"
    )]
    NotACopy {
        /// The stream of the last event in the target.
        stream: StreamId,
        /// Its version.
        version: u64,
        /// What the source has there.
        found: String,
    },
    /// An event belongs to no aggregate of the domain, and not to the framework.
    #[error(
        "{stream} is of no aggregate of this domain (position {position}): copy with the domain that has written it; where \
         several share the store, each of them must be part of one that copies it"
    )]
    Stranger {
        /// Its stream.
        stream: StreamId,
        /// Its position in the source.
        position: Position,
    },
    /// An event cannot be written in its newest version.
    #[error("{stream} version {version} cannot be written: {reason}")]
    Unwritable {
        /// Its stream.
        stream: StreamId,
        /// Its version in the stream.
        version: u64,
        /// Why not.
        reason: String,
    },
    /// The target did not take what was to be stored next.
    #[error(
        "the target did not take {stream}: {outcome:?}; somebody else writes into it, so begin with a new store"
    )]
    Refused {
        /// The stream.
        stream: StreamId,
        /// What it answered.
        outcome: Box<Outcome>,
    },
    /// The copy is not what the source is.
    #[error(
        "the copy differs from the source at position {position} ({stream} version {version}): {difference}; do not use it"
    )]
    Different {
        /// The position in the source; the last one where the copy has more.
        position: Position,
        /// The stream.
        stream: StreamId,
        /// The version in the stream.
        version: u64,
        /// What is different.
        difference: String,
    },
    /// A key of a command is not in the copy as it is in the source.
    #[error("the copy differs from the source at the key `{key}`: {difference}; do not use it")]
    DifferentKey {
        /// The key, as it is called in the copy.
        key: IdempotencyKey,
        /// What is different.
        difference: String,
    },
    /// Something that stands beside the events is not in the copy as it is in the source.
    #[error(
        "the copy differs from the source at {what}: {difference}; do not use it. If somebody is at work on the source, \
         stop that and run it again"
    )]
    DifferentBeside {
        /// What it is.
        what: String,
        /// What is different.
        difference: String,
    },
    /// Somebody has written into the source meanwhile. What is copied by now is whole.
    #[error(
        "the source has grown while it was copied: {what} is not in the copy; run it again, best once nobody writes"
    )]
    Grown {
        /// The first thing that was found.
        what: String,
    },
    /// A store cannot do what it takes.
    #[error("{0}")]
    Store(#[from] StoreError),
}
