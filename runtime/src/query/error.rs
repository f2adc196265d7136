use crate::{codec::DecodeError, domain::Position, store::StoreError};

/// Why a projection could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The projection has not come as far as was asked for, within the time that was allowed.
    #[error(
        "the projection `{projection}` has not come to position {position} in time; ask again, or wait longer"
    )]
    Behind {
        /// The projection.
        projection: &'static str,
        /// How far it was to come.
        position: Position,
    },
    /// No application on this store has ever kept documents of the projection.
    #[error(
        "nobody keeps the documents of the projection `{projection}` in this store; list it in `projections: [..]` of \
         `gesta::domain!`, and start an application of that domain with its workers"
    )]
    NotKept {
        /// The projection.
        projection: &'static str,
    },
    /// A document is not what this program's version of the projection writes.
    #[error(
        "cannot read the document `{key}` of the projection `{projection}`: {source}; if its fields have changed, raise \
         `version` in `#[projection(..)]`, so that it is built anew"
    )]
    Undecodable {
        /// The projection.
        projection: &'static str,
        /// The key.
        key: String,
        /// Why.
        source: DecodeError,
    },
    /// A cursor of a search in another order.
    #[error(
        "the cursor is one of a search in `{projection}` in another order; search in that order, or begin without it"
    )]
    OtherOrder {
        /// The projection.
        projection: &'static str,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a query has no answer. `E` is the error of its handler.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError<E> {
    /// The handler said so.
    #[error("{0}")]
    Failed(#[source] E),
    /// Not answered in time, or a projection that it reads has not come far enough in time.
    #[error("the query was not answered in time; ask again, or allow more time with `.timeout(..)`")]
    Timeout,
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<E> QueryError<E> {
    /// Whether the same query may succeed later without any change.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Timeout => true,
            Self::Store(error) => error.is_retryable(),
            Self::Failed(_) => false,
        }
    }
}
