use std::sync::Arc;

use crate::{domain::Position, store::StoreError};

/// Why something could not be done with a subscription.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionError {
    /// There is none of this name in the store.
    #[error(
        "there is no subscription `{name}` in the store; `app.subscriptions()` lists those that there are"
    )]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// The application works on one of this name already.
    #[error("the subscription `{name}` runs in this application already; give this one another name")]
    Duplicate {
        /// Which.
        name: String,
    },
    /// This process does not work on it, and has not the code that could remove what has followed from its events.
    #[error("the subscription `{name}` does not run in this process; ask one that runs it to reset it")]
    NotHere {
        /// Which.
        name: String,
    },
    /// This application works on it, so it cannot be removed.
    #[error(
        "the subscription `{name}` runs in this application, so it cannot be removed; take its code out, or \
         unsubscribe, in every process and try again"
    )]
    RunsHere {
        /// Which.
        name: String,
    },
    /// Not everything was done in the time that was allowed.
    #[error(
        "these subscriptions have not come to position {position} in time: {}; see `app.subscriptions()` for whether \
         they are paused, who works on them and what went wrong last",
        names.join(", ")
    )]
    Behind {
        /// Which.
        names: Vec<Arc<str>>,
        /// How far they were to come.
        position: Position,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SubscriptionError {
    /// Whether the same call may succeed later without any change.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Behind { .. } => true,
            Self::Store(error) => error.is_retryable(),
            Self::Unknown { .. } | Self::Duplicate { .. } | Self::NotHere { .. } | Self::RunsHere { .. } => {
                false
            }
        }
    }
}
