use std::time::Duration;

use super::App;
use crate::{
    domain::{Domain, Start},
    subscription::{SubscriptionError, SubscriptionStatus},
};

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

    /// How all durable subscriptions of the store stand, those of projections and event handlers among them, in the
    /// order of their names.
    ///
    /// # Errors
    /// [`SubscriptionError::Store`].
    pub async fn subscriptions(&self) -> Result<Vec<SubscriptionStatus>, SubscriptionError> {
        Ok(self.shared.engine.subscriptions().await?)
    }

    /// Pauses a subscription in all processes, until it is resumed. What somebody is at may still be done, but is not
    /// committed any more: it is done again later.
    ///
    /// # Errors
    /// [`SubscriptionError::Unknown`], [`SubscriptionError::Store`].
    pub async fn pause(&self, subscription: &str) -> Result<(), SubscriptionError> {
        self.shared.engine.set_paused(subscription, true).await
    }

    /// Lets a paused subscription go on from where it is.
    ///
    /// # Errors
    /// [`SubscriptionError::Unknown`], [`SubscriptionError::Store`].
    pub async fn resume(&self, subscription: &str) -> Result<(), SubscriptionError> {
        self.shared.engine.set_paused(subscription, false).await
    }

    /// Sets a subscription to another place: events after it are delivered again, those before it are not. Parked
    /// deliveries of the subscription are forgotten. If it is one that this process works on, what has followed from
    /// its events is removed where its driver can do that: a projection's documents.
    ///
    /// # Errors
    /// [`SubscriptionError::Unknown`], [`SubscriptionError::Store`]. If it fails half-way the subscription is left
    /// paused: try again.
    pub async fn reset(&self, subscription: &str, start: Start) -> Result<(), SubscriptionError> {
        self.shared.engine.reset(subscription, start).await
    }
}
