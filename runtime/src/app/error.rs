use super::Disagreement;
use crate::{schedule::InvalidTimes, store::StoreError, subscription::SubscriptionError};

/// Why an application could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The store does not answer.
    #[error("the application cannot start: {0}")]
    Store(#[from] StoreError),
    /// The program cannot read what the store holds or what is written there, or others that run cannot read what it
    /// writes; see [`Builder::allow_older`](super::Builder::allow_older).
    #[error("the application cannot start: {0}")]
    Disagreement(Box<Disagreement>),
    /// An inline projection is folded from the events of several aggregates, or of none.
    #[error(
        "the application cannot start: the inline projection `{projection}` has one document for each stream of one \
         aggregate, and it is folded from the events of these: {aggregates}; take `inline` away, or make one projection \
         for each"
    )]
    Inline {
        /// The projection.
        projection: &'static str,
        /// The aggregates.
        aggregates: String,
    },
    /// Something cannot recur.
    #[error("the application cannot start: `{name}` cannot recur: {source}")]
    Recurring {
        /// Its name.
        name: String,
        /// Why.
        source: InvalidTimes,
    },
    /// Two things that recur share a name.
    #[error(
        "the application cannot start: two things that recur are named `{name}`; give one of them another name"
    )]
    RecurringTwice {
        /// The name.
        name: String,
    },
    /// A projection or an event handler cannot be run.
    #[error("the application cannot start: {0}")]
    Subscription(#[from] SubscriptionError),
}

/// Why an application could not be shut down in order.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShutdownError {
    /// The store could not be closed.
    #[error("the application did not shut down in order: {0}")]
    Store(#[from] StoreError),
}
