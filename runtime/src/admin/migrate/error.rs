use crate::{
    domain::Position,
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
    /// Something in the source is not at its end, and would not go on in a copy.
    #[error(
        "the source is not at rest: {}; a copy would leave that behind, so let it come to its end (or decide it) first",
        what.join("; ")
    )]
    Unfinished {
        /// What it is.
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
    /// A store cannot do what it takes.
    #[error("{0}")]
    Store(#[from] StoreError),
}
