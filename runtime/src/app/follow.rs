use std::{future::Future, sync::Arc, time::Duration};

use super::App;
use crate::{
    domain::{Domain, Start},
    log::{Filter, LogEntry},
    store::BoxError,
    subscription::{Subscribe, SubscriptionError, SubscriptionStatus},
};

impl<D: Domain> App<D> {
    /// Calls a handler with the events of the log that pass a filter, one after the other and in the order of the
    /// log. Nothing happens until the result is awaited; the [`Subscription`](crate::subscription::Subscription) that
    /// comes out ends when it is dropped.
    ///
    /// Without a name it is a listener of this process: every process that subscribes is told of every event, from now
    /// on unless [`from`](Subscribe::from) says otherwise, and nothing is kept. When the handler fails or panics, that
    /// is logged and the event is tried again after 100 ms, 200 ms and so on; **after 5 attempts
    /// ([`attempts`](Subscribe::attempts)) the event is logged and skipped**.
    ///
    /// With a name ([`named`](Subscribe::named)) it is durable: at least once, shared by all processes that subscribe by
    /// that name, its position kept in the store after the handler. An event is never skipped: one that fails is tried
    /// again until it succeeds, with pauses of up to 10 seconds, and those after it wait, in this process. For timeouts,
    /// concurrency and dead letters write an event handler in the domain. [`App::subscriptions`], [`App::pause`],
    /// [`App::resume`] and [`App::reset`] are for those with a name as well.
    ///
    /// Commands that the handler awaits follow from the event: they carry its correlation.
    ///
    /// ```
    /// # use std::{convert::Infallible, sync::{Arc, atomic::{AtomicU64, Ordering}}};
    /// # use gesta::{prelude::*, test::TestApp};
    /// # #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
    /// # pub struct DoorId(pub u32);
    /// # #[event]
    /// # pub enum DoorEvent { Built }
    /// # #[aggregate(id = DoorId, event = DoorEvent)]
    /// # #[derive(Default)]
    /// # pub struct Door {}
    /// # #[apply(DoorEvent)]
    /// # impl Door { fn built(&mut self) {} }
    /// # pub struct Build;
    /// # #[command_handler]
    /// # impl Door { fn build(_: Build) -> Result<DoorEvent, Infallible> { Ok(DoorEvent::Built) } }
    /// # gesta::domain! { pub House { aggregates: [Door] } }
    /// use gesta::{domain::Start, log::Filter};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = TestApp::<House>::start(()).await;
    /// let doors = Arc::new(AtomicU64::new(0));
    /// let counted = doors.clone();
    /// let count = app
    ///     .subscribe(Filter::new().event("door.built"), move |event| {
    ///         let doors = counted.clone();
    ///         async move {
    ///             println!("{} at {}", event.stream, event.recorded_at);
    ///             doors.fetch_add(1, Ordering::Relaxed);
    ///             Ok::<_, Infallible>(())
    ///         }
    ///     })
    ///     .from(Start::Beginning)
    ///     .await?;
    ///
    /// app.create(&DoorId(1), Build).await?;
    /// count.caught_up(Duration::from_secs(5)).await?;
    /// assert_eq!(doors.load(Ordering::Relaxed), 1);
    /// count.unsubscribe().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn subscribe<F, Fut, E>(&self, filter: Filter, handler: F) -> Subscribe
    where
        F: Fn(Arc<LogEntry>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        self.shared.engine.subscribe(filter, handler)
    }

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
    /// deliveries of the subscription are forgotten, and a projection's documents are removed.
    ///
    /// # Errors
    /// [`SubscriptionError::Unknown`], [`SubscriptionError::NotHere`] in a process that does not run the subscription,
    /// [`SubscriptionError::Store`]. If it fails half-way the subscription is left
    /// paused: try again.
    pub async fn reset(&self, subscription: &str, start: Start) -> Result<(), SubscriptionError> {
        self.shared.engine.reset(subscription, start).await
    }

    /// Removes a durable subscription that no code has any more, with its position and its parked deliveries, dead
    /// letters among them. What its handler or projection has done stays. If one of this name is made again, it begins
    /// as a new one does.
    ///
    /// Only this application can be asked whether it runs the subscription: another process that does stops working on
    /// it, until it is started again and makes a new one.
    ///
    /// # Errors
    /// [`SubscriptionError::RunsHere`] when this application runs it, [`SubscriptionError::Unknown`],
    /// [`SubscriptionError::Store`].
    pub async fn remove_subscription(&self, subscription: &str) -> Result<(), SubscriptionError> {
        self.shared.engine.remove(subscription).await
    }
}
