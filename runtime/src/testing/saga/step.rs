use std::fmt::{self, Debug};

use super::super::{columns, given::NoDependencies};
use crate::{
    codec::{decode_json, encode_json},
    domain::{
        AggregateId, CommandHandlers, CommandOf, Dispatch, FailureClass, HandlerFailure, IdempotencyKey,
        Supply,
    },
    execute::Outgoing,
    saga::{Durable, Outputs, Saga, StepCall, StepDone},
};

/// Begins a test of single steps of a saga: no store, no time, only what a step comes to.
///
/// ```
/// # use std::convert::Infallible;
/// # use gesta::prelude::*;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
/// # pub struct SeatId(pub u32);
/// # #[event]
/// # pub enum SeatEvent { Taken, Freed }
/// # #[aggregate(id = SeatId, event = SeatEvent)]
/// # #[derive(Default)]
/// # pub struct Seat;
/// # #[apply(SeatEvent)]
/// # impl Seat { fn taken(&mut self) {} fn freed(&mut self) {} }
/// # #[derive(Debug, PartialEq)]
/// # pub struct Take;
/// # #[derive(Debug, PartialEq)]
/// # pub struct Free;
/// # #[command_handler]
/// # impl Seat {
/// #     fn take(_: Take) -> Result<SeatEvent, Infallible> { Ok(SeatEvent::Taken) }
/// #     fn free(&self, _: Free) -> Result<SeatEvent, Infallible> { Ok(SeatEvent::Freed) }
/// # }
/// #[derive(Serialize, Deserialize)]
/// pub struct Booking { seats: Vec<SeatId> }
///
/// #[saga(version = 1)]
/// impl Booking {
///     #[step(compensate = free)]
///     fn take(&self) -> Vec<Dispatch<SeatId, Take>> {
///         self.seats.iter().map(|seat| seat.send(Take)).collect()
///     }
///     fn free(&self) -> Vec<Dispatch<SeatId, Free>> {
///         self.seats.iter().map(|seat| seat.send(Free)).collect()
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let booking = gesta::test::saga(Booking { seats: vec![SeatId(1), SeatId(2)] });
/// booking.step("take").await.sends([SeatId(1).send(Take), SeatId(2).send(Take)]);
/// booking.undo("take").await.sends([SeatId(1).send(Free), SeatId(2).send(Free)]);
/// # }
/// ```
pub fn saga<S: Saga>(saga: S) -> SagaSteps<S> {
    let key = IdempotencyKey::from("test");
    SagaSteps { saga, outputs: Outputs::new(), key, attempt: 1 }
}

/// A saga whose steps are called one by one.
#[must_use = "nothing is tested until a step is called with `.step(..)` or `.step_with(..)`"]
pub struct SagaSteps<S> {
    saga: S,
    outputs: Outputs,
    key: IdempotencyKey,
    attempt: u32,
}

impl<S: Saga> SagaSteps<S> {
    /// A step has come to this, for those that take its output: a receipt, where it sends a command.
    ///
    /// # Panics
    /// When there is no such step, or the output cannot be written as JSON.
    #[track_caller]
    pub fn with_output<T: Durable>(mut self, step: &str, output: T) -> Self {
        let mut json = Vec::new();
        if let Err(error) = encode_json(&output, &mut json) {
            panic!("the output of `{step}` cannot be stored: {error}");
        }
        self.outputs.set(place::<S>(step), json);
        self
    }

    /// The key that foreign steps are given; `test` otherwise.
    pub fn key(mut self, key: impl Into<IdempotencyKey>) -> Self {
        self.key = key.into();
        self
    }

    /// Which attempt it is; the first otherwise.
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// Calls a step of a saga that needs nothing of the application.
    ///
    /// # Panics
    /// When there is no such step.
    pub async fn step(&self, step: &str) -> SagaStep
    where
        for<'d> S::Deps<'d>: NoDependencies,
    {
        let done = self.saga.step(place::<S>(step), self.call(), NoDependencies::nothing()).await;
        SagaStep { name: name::<S>(step), done }
    }

    /// Calls a step, with what the saga needs: `deps` provides at least that.
    ///
    /// # Panics
    /// When there is no such step.
    pub async fn step_with<'d, D>(&'d self, step: &str, deps: &'d D) -> SagaStep
    where
        S::Deps<'d>: Supply<'d, D>,
    {
        let done = self.saga.step(place::<S>(step), self.call(), Supply::supply(deps)).await;
        SagaStep { name: name::<S>(step), done }
    }

    /// Calls the compensation of a step of a saga that needs nothing of the application.
    ///
    /// # Panics
    /// When there is no such step.
    pub async fn undo(&self, step: &str) -> SagaStep
    where
        for<'d> S::Deps<'d>: NoDependencies,
    {
        let done = self.saga.compensate(place::<S>(step), self.call(), NoDependencies::nothing()).await;
        SagaStep { name: format!("undoing {}", name::<S>(step)), done }
    }

    /// Calls the compensation of a step, with what the saga needs.
    ///
    /// # Panics
    /// When there is no such step.
    pub async fn undo_with<'d, D>(&'d self, step: &str, deps: &'d D) -> SagaStep
    where
        S::Deps<'d>: Supply<'d, D>,
    {
        let done = self.saga.compensate(place::<S>(step), self.call(), Supply::supply(deps)).await;
        SagaStep { name: format!("undoing {}", name::<S>(step)), done }
    }

    fn call(&self) -> StepCall<'_> {
        StepCall { saga: S::NAME, id: "test", key: &self.key, attempt: self.attempt, outputs: &self.outputs }
    }
}

impl<S: Saga> Debug for SagaSteps<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SagaSteps").field("saga", &S::NAME).finish_non_exhaustive()
    }
}

fn name<S: Saga>(step: &str) -> String {
    format!("`{step}` of the saga `{}`", S::NAME)
}

/// The place of a step of this name.
#[track_caller]
pub(super) fn place<S: Saga>(step: &str) -> usize {
    let found = S::STEPS.iter().position(|info| info.name == step);
    found.unwrap_or_else(|| {
        let names: Vec<_> = S::STEPS.iter().map(|info| info.name).collect();
        panic!("the saga `{}` has no step `{step}`; it has {}", S::NAME, names.join(", "))
    })
}

/// What a step has come to, to be compared with what was expected.
#[derive(Debug)]
#[must_use = "nothing is checked until `.sends(..)`, `.output()`, or `.fails()`"]
pub struct SagaStep {
    name: String,
    done: Result<StepDone, HandlerFailure>,
}

impl SagaStep {
    /// Exactly these commands are sent, in this order.
    ///
    /// # Panics
    /// When others are, or the step has failed or is foreign.
    #[track_caller]
    pub fn sends<I, C>(self, expected: impl IntoIterator<Item = Dispatch<I, C>>)
    where
        I: AggregateId + Debug + PartialEq,
        I::Aggregate: CommandHandlers,
        C: CommandOf<I::Aggregate> + Debug + PartialEq,
    {
        let expected: Vec<_> =
            expected.into_iter().map(|sent| format!("{:?} to {:?}", sent.command, sent.to)).collect();
        let sent = self.sent();
        let show = |outgoing: &&Outgoing| match outgoing.get::<I, C>() {
            Some((to, command)) => format!("{command:?} to {to:?}"),
            None => format!("{outgoing:?}"),
        };
        let actual: Vec<_> = sent.iter().map(show).collect();
        if actual != expected {
            let table = columns::texts(&or_nothing(expected), &or_nothing(actual));
            panic!("other commands than expected\n\n  {}\n\n{table}\n", self.name);
        }
    }

    /// It has nothing to send.
    ///
    /// # Panics
    /// When it has, or the step has failed or is foreign.
    #[track_caller]
    pub fn sends_nothing(self) {
        let actual: Vec<_> = self.sent().iter().map(|outgoing| format!("{outgoing:?}")).collect();
        if !actual.is_empty() {
            let table = columns::texts(&or_nothing(Vec::new()), &actual);
            panic!("no commands were expected\n\n  {}\n\n{table}\n", self.name);
        }
    }

    /// The output of a foreign step that has succeeded.
    ///
    /// # Panics
    /// When it has failed, has another output, or sends commands.
    #[track_caller]
    pub fn output<T: Durable>(self) -> T {
        match self.done {
            Ok(StepDone::Output(json)) => match decode_json(&json) {
                Ok(output) => output,
                Err(error) => panic!("{} has another output: {error}", self.name),
            },
            Ok(sent) => panic!("{} has no output of its own, it sends: {sent:?}", self.name),
            Err(failure) => panic!("{} has failed: {failure}", self.name),
        }
    }

    /// It has failed: with what, and whether trying again can help.
    ///
    /// # Panics
    /// When it has not.
    #[track_caller]
    pub fn fails(self) -> (FailureClass, String) {
        match self.done {
            Ok(done) => panic!("{} was to fail, and has come to {done:?}", self.name),
            Err(failure) => (failure.class, failure.to_string()),
        }
    }

    #[track_caller]
    fn sent(&self) -> Vec<&Outgoing> {
        match &self.done {
            Ok(StepDone::Send(outgoing)) => vec![outgoing],
            Ok(StepDone::SendSome(outgoing)) => outgoing.iter().collect(),
            Ok(StepDone::SendAll(all)) => all.iter().collect(),
            Ok(StepDone::Start(_) | StepDone::StartAll(_)) => {
                panic!("{} starts other sagas: it sends no commands", self.name)
            }
            Ok(StepDone::Output(_)) => panic!("{} is foreign: it sends no commands", self.name),
            Err(failure) => panic!("{} has failed: {failure}", self.name),
        }
    }
}

fn or_nothing(texts: Vec<String>) -> Vec<String> {
    if texts.is_empty() { vec!["nothing".to_owned()] } else { texts }
}
