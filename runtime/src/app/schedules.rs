use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};

use super::{App, registry::WeakApp, timed::Timed};
use crate::{
    domain::{AggregateId, CommandHandlers, CommandOf, Dispatch, Domain, PartOf},
    event_handler::{Call, HandlerDriver, Outcome, outcome_of},
    log::{Filter, LogEntry},
    schedule::{
        self, Commands, FiresRecurring, FiresScheduled, Recurrences, RecurringState, SCHEDULE, Schedule,
        ScheduleId, Scheduled, Sender,
    },
    store::{Due, StoreError, StreamId},
    subscription::{Driver, Fires, Wheel},
};

/// What is scheduled and what recurs, in an application.
pub(super) struct Schedules {
    pub(super) wheels: [Wheel; 2],
    pub(super) recurrences: Recurrences,
}

impl<D: Domain> App<D> {
    /// Sends a command later: after a [`Duration`], or at a [`Timestamp`](crate::domain::Timestamp), by the clock of the
    /// database. Nothing happens until the result is awaited; it resolves to what the command is cancelled by.
    ///
    /// It is sent once, by any process whose domain has a command of that name that serde can read, whatever happens to this
    /// one. If it is refused then, it is a dead letter of the handler `schedule`.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use gesta::prelude::*;
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
    /// # pub struct DoorId(pub u32);
    /// # #[event]
    /// # pub enum DoorEvent { Built, Closed }
    /// # #[aggregate(id = DoorId, event = DoorEvent)]
    /// # #[derive(Default)]
    /// # pub struct Door { closed: bool }
    /// # #[apply(DoorEvent)]
    /// # impl Door { fn built(&mut self) {} fn closed(&mut self) { self.closed = true; } }
    /// # pub struct Build;
    /// #[derive(Serialize, Deserialize)]
    /// pub struct Close;
    /// # #[command_handler]
    /// # impl Door {
    /// #     fn build(_: Build) -> Result<DoorEvent, Infallible> { Ok(DoorEvent::Built) }
    /// #     fn close(&self, _: Close) -> Result<DoorEvent, Infallible> { Ok(DoorEvent::Closed) }
    /// # }
    /// # gesta::domain! { pub House { aggregates: [Door] } }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = gesta::test::TestApp::<House>::start(()).await;
    /// # app.create(&DoorId(1), Build).await?;
    /// let closing = app.schedule(Duration::from_secs(3_600), DoorId(1).send(Close)).by("ann").await?;
    /// app.clock().advance(Duration::from_secs(3_600));
    /// # while app.load::<Door>(&DoorId(1)).await?.is_some_and(|door| !door.closed) {
    /// #     tokio::time::sleep(Duration::from_millis(5)).await;
    /// # }
    /// // The door is closed soon afterwards, and nothing is left to be cancelled.
    /// assert!(!app.cancel_scheduled(&closing, "ann").await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn schedule<I, C>(&self, at: impl Into<Due>, dispatch: Dispatch<I, C>) -> Schedule
    where
        I: AggregateId,
        I::Aggregate: CommandHandlers + PartOf<D>,
        C: CommandOf<I::Aggregate> + Serialize + DeserializeOwned,
    {
        let store = self.shared.executor.store().clone();
        Schedule::new(store, self.shared.schedules.wheels[0].clone(), at.into(), &dispatch)
    }

    /// Takes a scheduled command back. Whether it was not sent yet: one that is a dead letter is taken back as well.
    ///
    /// # Errors
    /// What the store may fail with.
    pub async fn cancel_scheduled(
        &self,
        id: &ScheduleId,
        actor: impl Into<String> + Send,
    ) -> Result<bool, StoreError> {
        schedule::cancel(self.shared.executor.store(), id, actor.into()).await
    }

    /// The commands that are still to be sent, in the order of their names: those after one, at most `limit`.
    ///
    /// # Errors
    /// What the store may fail with.
    pub async fn scheduled(
        &self,
        after: Option<&ScheduleId>,
        limit: u64,
    ) -> Result<Vec<Scheduled>, StoreError> {
        schedule::list(self.shared.executor.store(), after, limit).await
    }

    /// What recurs in this application, and when it comes next.
    ///
    /// # Errors
    /// What the store may fail with.
    pub async fn recurring(&self) -> Result<Vec<RecurringState>, StoreError> {
        let mut states = Vec::new();
        for recurring in self.shared.schedules.recurrences.iter() {
            states.push(recurring.state(self.shared.executor.store()).await?);
        }
        Ok(states)
    }
}

impl Schedules {
    pub(super) fn new(recurrences: Recurrences) -> Self {
        Self { wheels: Sender::wheels(), recurrences }
    }
}

/// What sends scheduled commands and what recurs.
pub(super) fn driver<D: Domain>(app: &WeakApp<D>, commands: Commands) -> Option<Arc<dyn Driver>> {
    let held = app.upgrade()?;
    let (schedules, handlers) = (&held.shared.schedules, &held.shared.handlers);
    if commands.is_empty() && schedules.recurrences.is_empty() {
        return None;
    }
    let recurrences = Arc::clone(&schedules.recurrences);
    let wheel = schedules.wheels[0].clone();
    let call = Sends { sender: Sender::new(commands, Arc::clone(&recurrences), wheel), app: app.clone() };
    let handler = HandlerDriver::of(SCHEDULE.into(), Sender::policy(), call, handlers);
    let [scheduled, recurring] = schedules.wheels.clone();
    let timers: Vec<(Wheel, Box<dyn Fires>)> =
        vec![(scheduled, Box::new(FiresScheduled)), (recurring, Box::new(FiresRecurring(recurrences)))];
    Some(Arc::new(Timed { handler, timers }))
}

/// The sender as what events are delivered to.
struct Sends<D: Domain> {
    sender: Sender,
    app: WeakApp<D>,
}

#[async_trait]
impl<D: Domain> Call for Sends<D> {
    /// Nobody waits for it.
    fn events(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn filter(&self) -> Filter {
        self.sender.filter()
    }

    fn lanes(&self, entry: &LogEntry) -> Vec<StreamId> {
        self.sender.lanes(entry)
    }

    async fn call(&self, entry: &LogEntry, _lane: &StreamId, _attempt: u32, limit: Duration) -> Outcome {
        let Some(app) = self.app.upgrade() else { return Outcome::NotTried(None) };
        outcome_of(self.sender.take(&app, entry), limit).await
    }
}
