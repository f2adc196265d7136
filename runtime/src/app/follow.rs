use std::time::Duration;

use super::App;
use crate::{domain::Domain, subscription::SubscriptionError};

impl<D: Domain> App<D> {
    /// Waits until every projection and handler of this application has done everything that is in the log now,
    /// in whatever process it runs. Events that a handler has parked count as done. For an application that runs none
    /// itself, those of the store that are not paused.
    ///
    /// # Errors
    /// [`SubscriptionError::Behind`] when that takes longer than the timeout, [`SubscriptionError::Store`].
    pub async fn caught_up(&self, timeout: Duration) -> Result<(), SubscriptionError> {
        self.shared.engine.caught_up(timeout).await
    }
}
