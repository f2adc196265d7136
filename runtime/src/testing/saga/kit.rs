use std::{
    fmt::{self, Debug},
    future::Future,
    sync::Arc,
};

use futures_util::future::BoxFuture;

use super::{
    plan::Plan,
    play::{self, Ending},
};
use crate::{
    app::{App, Builder, Register},
    domain::{Aggregate, AggregateId, Domain, Event},
    saga::{RunsIn, Saga, SagaOutcome},
    store::{Append, Expected, NewEvent, Store, StreamId},
};

/// Begins a test of whole runs of a saga: a domain in memory, with what its handlers need, whose time moves by itself to
/// whatever is due next. The closure is called for each run: each has a world of its own.
///
/// An application that is killed in a run is followed by another one with a clone of the dependencies: clones stand for
/// the same services outside. Let them share what these remember.
///
/// ```
/// # use std::convert::Infallible;
/// # use gesta::prelude::*;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
/// # pub struct SeatId(pub u32);
/// # #[event]
/// # pub enum SeatEvent { Built, Taken, Freed }
/// # #[aggregate(id = SeatId, event = SeatEvent)]
/// # #[derive(Default)]
/// # pub struct Seat { taken: bool }
/// # #[apply(SeatEvent)]
/// # impl Seat {
/// #     fn built(&mut self) {}
/// #     fn taken(&mut self) { self.taken = true; }
/// #     fn freed(&mut self) { self.taken = false; }
/// # }
/// # pub struct Build;
/// # #[derive(Debug, PartialEq)]
/// # pub struct Take;
/// # #[derive(Debug, PartialEq)]
/// # pub struct Free;
/// # #[command_handler]
/// # impl Seat {
/// #     fn build(_: Build) -> Result<SeatEvent, Infallible> { Ok(SeatEvent::Built) }
/// #     fn take(&self, _: Take) -> Result<SeatEvent, Infallible> { Ok(SeatEvent::Taken) }
/// #     fn free(&self, _: Free) -> Result<SeatEvent, Infallible> { Ok(SeatEvent::Freed) }
/// # }
/// # #[derive(Serialize, Deserialize)]
/// # pub struct Booking { first: SeatId, second: SeatId }
/// # #[saga(version = 1)]
/// # impl Booking {
/// #     #[step(compensate = free)]
/// #     fn take(&self) -> Dispatch<SeatId, Take> { self.first.send(Take) }
/// #     fn free(&self) -> Dispatch<SeatId, Free> { self.first.send(Free) }
/// #     #[step(pivot)]
/// #     fn beside(&self) -> Dispatch<SeatId, Take> { self.second.send(Take) }
/// # }
/// # gesta::domain! { pub Cinema { aggregates: [Seat], sagas: [Booking] } }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let test = gesta::test::saga_in::<Cinema>(|| ())
///     .given_events(&SeatId(1), || [SeatEvent::Built])
///     .given_events(&SeatId(2), || [SeatEvent::Built])
///     .saga(Booking { first: SeatId(1), second: SeatId(2) })
///     .state(|app| async move {
///         let seat = async |id| app.load::<Seat>(&SeatId(id)).await.unwrap().unwrap().taken;
///         (seat(1).await, seat(2).await)
///     });
/// test.completes().await;
/// test.every_step_fails().await;
/// test.every_step_repeats().await;
/// test.crash_at_every_point().await;
/// # }
/// ```
pub fn saga_in<D: Domain>(deps: impl Fn() -> D::Deps + Send + Sync + 'static) -> SagaWorld<D> {
    SagaWorld { deps: Box::new(deps), configure: Box::new(|builder| builder), given: Vec::new() }
}

pub(super) type Ask<D, T> = Box<dyn Fn(App<D>) -> BoxFuture<'static, T> + Send + Sync>;

/// The world of a run, before the saga begins.
#[must_use = "nothing is tested until a saga is given with `.saga(..)`"]
pub struct SagaWorld<D: Domain> {
    pub(super) deps: Box<dyn Fn() -> D::Deps + Send + Sync>,
    pub(super) configure: Box<dyn Fn(Builder<D>) -> Builder<D> + Send + Sync>,
    pub(super) given: Vec<Given<D>>,
}

pub(super) enum Given<D: Domain> {
    Done(Ask<D, ()>),
    Stored(Box<dyn Fn() -> Append + Send + Sync>),
}

impl<D: Register> SagaWorld<D>
where
    D::Deps: Clone,
{
    /// With settings of the application: `configure(|builder| builder.payload_limit(100))`.
    pub fn configure(mut self, configure: impl Fn(Builder<D>) -> Builder<D> + Send + Sync + 'static) -> Self {
        self.configure = Box::new(configure);
        self
    }

    /// This is done before: accounts are opened, say.
    pub fn given<F>(mut self, given: impl Fn(App<D>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.given.push(Given::Done(Box::new(move |app| Box::pin(given(app)))));
        self
    }

    /// This has happened to an aggregate before.
    pub fn given_events<I, E, T>(mut self, id: &I, events: impl Fn() -> T + Send + Sync + 'static) -> Self
    where
        I: AggregateId<Aggregate: Aggregate<Id = I, Event = E>>,
        E: Event,
        T: IntoIterator<Item = E>,
    {
        let stream = StreamId::of(id);
        self.given.push(Given::Stored(Box::new(move || {
            let events = events().into_iter().map(|event| new_event(&event)).collect();
            Append::new(stream.clone(), Expected::Any, events)
        })));
        self
    }

    /// The saga that is tested. The data is written and read again, as it is when the saga begins.
    ///
    /// # Panics
    /// When the data cannot be written as JSON.
    #[track_caller]
    pub fn saga<S: Saga + RunsIn<D>>(self, saga: S) -> SagaTest<D, S> {
        let data = saga.encode().unwrap_or_else(|error| panic!("`{}` cannot be stored: {error}", S::NAME));
        SagaTest {
            world: self,
            data,
            state: None,
            invariants: Vec::new(),
            failing: Plan::default(),
            only: None,
            of: std::marker::PhantomData,
        }
    }
}

fn new_event<E: Event>(event: &E) -> NewEvent {
    let Some(found) = E::TYPES.get(event.index()) else { panic!("an event of no type was given") };
    let mut payload = Vec::new();
    event.encode(&mut payload).unwrap_or_else(|error| panic!("`{}` cannot be stored: {error}", found.name));
    NewEvent { name: found.name, version: found.version, payload }
}

impl<D: Domain> Debug for SagaWorld<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SagaWorld").field("domain", &D::NAME).finish_non_exhaustive()
    }
}

/// Runs of a saga, each in a world of its own.
///
/// Beside what each call says, every run is checked: nothing is stored twice, what was begun is undone in reverse order
/// where the saga goes back, and nothing happens after the end.
#[must_use = "nothing is tested until a run is asked for, such as `.completes()`"]
pub struct SagaTest<D: Domain, S> {
    pub(super) world: SagaWorld<D>,
    pub(super) data: Vec<u8>,
    pub(super) state: Option<Ask<D, String>>,
    pub(super) invariants: Vec<Ask<D, ()>>,
    pub(super) failing: Plan,
    pub(super) only: Option<String>,
    pub(super) of: std::marker::PhantomData<fn() -> S>,
}

impl<D: Register, S: Saga + RunsIn<D>> SagaTest<D, S>
where
    D::Deps: Clone,
{
    /// What the saga changes, to be compared: a run that is compensated must leave it as it was before, and one that is
    /// completed as the undisturbed run does.
    pub fn state<F>(mut self, state: impl Fn(App<D>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output: Debug> + Send + 'static,
    {
        let state = Arc::new(state);
        self.state = Some(Box::new(move |app| {
            let state = Arc::clone(&state);
            Box::pin(async move { format!("{:?}", state(app).await) })
        }));
        self
    }

    /// What holds at the end of every run, whatever has happened: a closure with assertions.
    pub fn invariant<F>(mut self, holds: impl Fn(App<D>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.invariants.push(Box::new(move |app| Box::pin(holds(app))));
        self
    }

    /// Lets a step fail for good in all runs.
    ///
    /// # Panics
    /// When there is no such step.
    #[track_caller]
    pub fn failing(mut self, step: &str) -> Self {
        let step = super::step::place::<S>(step);
        self.failing = self.failing.and_fails(step, crate::saga::Direction::Forward, None);
        self
    }

    /// Of the runs of an enumeration only those whose name contains this: to repeat one that has failed.
    pub fn only(mut self, name: impl Into<String>) -> Self {
        self.only = Some(name.into());
        self
    }

    /// All steps are done in the end.
    ///
    /// # Panics
    /// When they are not, or a promise is broken.
    pub async fn completes(&self) {
        let ending = self.play(&self.failing).await;
        if ending.outcome != SagaOutcome::Completed {
            ending.fail("completed");
        }
    }

    /// What was done is undone, because this step has failed: for a reason that lies in the given world, or with
    /// [`SagaTest::failing`].
    ///
    /// # Panics
    /// When it is not, or a promise is broken.
    pub async fn compensates_at(&self, step: &str) {
        let ending = self.play(&self.failing).await;
        match &ending.outcome {
            SagaOutcome::Compensated { failed_step, .. } if failed_step == step => {}
            _ => ending.fail(&format!("compensated because of `{step}`")),
        }
    }

    /// It parks at this step: somebody has to decide.
    ///
    /// # Panics
    /// When it does not, or a promise is broken.
    pub async fn parks_at(&self, step: &str) {
        let ending = self.play(&self.failing).await;
        match &ending.outcome {
            SagaOutcome::Parked { step: at, .. } if at == step => {}
            _ => ending.fail(&format!("parked at `{step}`")),
        }
    }

    /// One run.
    pub(super) async fn play(&self, plan: &Plan) -> Ending {
        play::play(self, plan).await
    }
}

impl<D: Domain, S> Debug for SagaTest<D, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SagaTest").field("world", &self.world).finish_non_exhaustive()
    }
}

pub(super) async fn store_given(store: &Store, append: Append) {
    let stored = store.port().append(&[append]).await;
    stored.unwrap_or_else(|error| panic!("the given events cannot be stored: {error}"));
}
