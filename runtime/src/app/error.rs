use crate::{store::StoreError, subscription::SubscriptionError};

/// Why an application could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The store does not answer.
    #[error("the application cannot start: {0}")]
    Store(#[from] StoreError),
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
