//! One attempt at a step, or at undoing it.

use std::{any::Any, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use tokio::time::timeout;

use super::{
    StepCall, StepDone,
    event::{Failed, Intended, Receipts, SagaEvent, Sent, Succeeded},
    instance::{Instance, Step, policy_of},
    load::{key, set_output},
    progress::Direction,
};
use crate::{
    domain::{FailureClass, HandlerFailure, IdempotencyKey, Receipt},
    execute::{ExecuteError, Options, Outgoing, Rejection},
    store::StoreError,
};

impl Instance {
    /// A step that sends commands. Each is stored in one transaction with what is noted of it here.
    pub(super) async fn command(&mut self, step: usize, direction: Direction) -> Result<Step, StoreError> {
        let attempt = self.progress.tries(step, direction).attempts + 1;
        let name = self.key_name(step, direction);
        let said = {
            let key = key(&self.stream, &name, None);
            let call = self.call(&key, attempt);
            let work = self.saga.call(&self.held, &self.progress.data, step, direction, call);
            AssertUnwindSafe(work).catch_unwind().await
        };
        let said = match said {
            Ok(Ok(said)) => said,
            Ok(Err(failure)) => {
                return self.failed(step, direction, failed(self, step, attempt, &failure, false)).await;
            }
            Err(panic) => {
                let failure = HandlerFailure::retryable(format!("it panicked: {}", message(&*panic)));
                return self.failed(step, direction, failed(self, step, attempt, &failure, false)).await;
            }
        };
        match said {
            StepDone::Send(outgoing) => {
                self.send(step, direction, outgoing, None, Receipts::One, attempt).await
            }
            StepDone::SendSome(Some(outgoing)) => {
                self.send(step, direction, outgoing, None, Receipts::Some, attempt).await
            }
            StepDone::SendSome(None) => self.sent_nothing(step, direction, Receipts::None, attempt).await,
            StepDone::SendAll(all) => self.send_all(step, direction, all, attempt).await,
            StepDone::Output(output) => self.done(step, direction, output, attempt).await,
            StepDone::Start(child) => {
                self.start_all(step, direction, vec![*child], Receipts::One, attempt).await
            }
            StepDone::StartAll(children) => {
                let count = u32::try_from(children.len()).unwrap_or(u32::MAX);
                self.start_all(step, direction, children, Receipts::Many(count), attempt).await
            }
        }
    }

    async fn send_all(
        &mut self,
        step: usize,
        direction: Direction,
        all: Vec<Outgoing>,
        attempt: u32,
    ) -> Result<Step, StoreError> {
        let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let sent = self.progress.tries(step, direction).sent;
        if count <= sent {
            return self.sent_nothing(step, direction, Receipts::Many(sent), attempt).await;
        }
        let rest = all.into_iter().zip(0..).skip(sent as usize);
        for (outgoing, index) in rest {
            let receipts = Receipts::Many(index + 1);
            match self.send(step, direction, outgoing, Some((index, count)), receipts, attempt).await? {
                Step::On => {}
                other => return Ok(other),
            }
        }
        Ok(Step::On)
    }

    /// Sends one command, and notes it in the same transaction.
    async fn send(
        &mut self,
        step: usize,
        direction: Direction,
        outgoing: Outgoing,
        place: Option<(u32, u32)>,
        receipts: Receipts,
        attempt: u32,
    ) -> Result<Step, StoreError> {
        let to = outgoing.stream().to_string();
        let key = key(&self.stream, &self.key_name(step, direction), place.map(|(index, _)| index));
        let name = self.definition.steps[step].name.to_owned();
        let event = match place {
            Some((index, count)) if index + 1 < count => {
                SagaEvent::sent(direction, Sent { step: name, index, to })
            }
            _ => wrap(
                direction,
                Succeeded { step: name, attempt, output: None, receipts: Some(receipts), to: Some(to) },
            ),
        };
        let events = self.and_ended(vec![event]);
        let (append, after) = self.append(&events, None)?;
        let options = Options {
            key: Some(key.clone()),
            meta: self.caused(),
            together: Some(Box::new(append)),
            ..Options::default()
        };
        let sent = AssertUnwindSafe(outgoing.send(self.office(), options)).catch_unwind().await;
        match sent {
            Ok(Ok(receipt)) => {
                self.progress = after;
                self.observe(&events);
                self.took(step, direction, receipts, receipt)?;
                Ok(Step::On)
            }
            Ok(Err(error)) => self.not_sent(step, direction, attempt, error, Unsure { key, events }).await,
            Err(panic) => {
                let failure =
                    HandlerFailure::retryable(format!("its handler panicked: {}", message(&*panic)));
                self.failed(step, direction, failed(self, step, attempt, &failure, false)).await
            }
        }
    }

    /// Keeps the receipt for the steps that follow.
    fn took(
        &mut self,
        step: usize,
        direction: Direction,
        receipts: Receipts,
        receipt: Receipt,
    ) -> Result<(), StoreError> {
        let is_single = !matches!(receipts, Receipts::Many(_));
        if direction == Direction::Forward && is_single {
            set_output(&mut self.progress.outputs, step, receipts, &[receipt])?;
        }
        Ok(())
    }

    async fn not_sent(
        &mut self,
        step: usize,
        direction: Direction,
        attempt: u32,
        error: ExecuteError<Rejection>,
        sent: Unsure,
    ) -> Result<Step, StoreError> {
        match error {
            ExecuteError::Store(
                error @ (StoreError::Fenced { .. } | StoreError::Closed | StoreError::Unavailable { .. }),
            ) => Err(error),
            // What has become of it stands in the stream: the command and the note of it are stored together.
            ExecuteError::Store(StoreError::Overtaken { .. } | StoreError::OutcomeUnknown { .. }) => {
                self.look_up(sent).await
            }
            error => {
                let retryable = error.is_retryable();
                let failure = match retryable {
                    true => HandlerFailure::retryable(error),
                    false => HandlerFailure::permanent(error),
                };
                // A time limit leaves it open whether it was stored; the stream tells.
                if retryable {
                    let version = self.progress.version;
                    if !self.reload().await? || self.progress.version != version {
                        return Ok(Step::Overtaken);
                    }
                }
                self.failed(step, direction, failed(self, step, attempt, &failure, false)).await
            }
        }
    }

    /// What has become of a command of which nobody knows whether it was stored. One whose key was used without a note
    /// of it here, because somebody else has used that very key, is noted now.
    async fn look_up(&mut self, sent: Unsure) -> Result<Step, StoreError> {
        let version = self.progress.version;
        let is_here = self.reload().await?;
        if !is_here || self.progress.version != version {
            return Ok(Step::Overtaken);
        }
        match self.store.port().find_key(&sent.key).await? {
            Some(_) => self.store(sent.events, None).await,
            None => Ok(Step::On),
        }
    }

    /// A step that had nothing to send is done.
    async fn sent_nothing(
        &mut self,
        step: usize,
        direction: Direction,
        receipts: Receipts,
        attempt: u32,
    ) -> Result<Step, StoreError> {
        let name = self.definition.steps[step].name.to_owned();
        let event = wrap(
            direction,
            Succeeded { step: name, attempt, output: None, receipts: Some(receipts), to: None },
        );
        let events = self.and_ended(vec![event]);
        self.store(events, None).await
    }

    /// A step that calls something outside: first that it will be tried, then the attempt, then its outcome.
    pub(super) async fn foreign(&mut self, step: usize, direction: Direction) -> Result<Step, StoreError> {
        let info = self.definition.steps[step];
        let name = self.key_name(step, direction);
        let key = key(&self.stream, &name, None);
        if direction == Direction::Forward && info.probe && self.progress.tries(step, direction).in_doubt() {
            match self.probed(step, &key).await {
                Ok(Some(output)) => {
                    let attempt = self.progress.tries(step, direction).attempts;
                    return self.done(step, direction, output, attempt).await;
                }
                Ok(None) => {}
                Err(failure) => {
                    let attempt = self.progress.tries(step, direction).attempts;
                    return self.failed(step, direction, failed(self, step, attempt, &failure, true)).await;
                }
            }
        }
        let attempt = self.progress.tries(step, direction).attempts + 1;
        let policy = policy_of(info.policy, info.undo, direction);
        if policy.attempts.is_some_and(|most| attempt > most) {
            let failure = HandlerFailure::retryable("no attempt has come to an end");
            let in_doubt = self.progress.tries(step, direction).in_doubt();
            return self.failed(step, direction, failed(self, step, attempt - 1, &failure, in_doubt)).await;
        }
        let intended = Intended { step: info.name.to_owned(), attempt, key: key.as_str().to_owned() };
        let intended = match direction {
            Direction::Forward => SagaEvent::StepIntended(intended),
            Direction::Backward => SagaEvent::CompensationIntended(intended),
        };
        match self.store(vec![intended], None).await? {
            Step::On => {}
            other => return Ok(other),
        }
        let limit = policy.timeout;
        let called = {
            let call = self.call(&key, attempt);
            let work = self.saga.call(&self.held, &self.progress.data, step, direction, call);
            timeout(limit, AssertUnwindSafe(work).catch_unwind()).await
        };
        match called {
            Ok(Ok(Ok(StepDone::Output(output)))) => self.done(step, direction, output, attempt).await,
            Ok(Ok(Ok(_))) => {
                let failure = HandlerFailure::permanent("a foreign step cannot send commands");
                self.failed(step, direction, failed(self, step, attempt, &failure, false)).await
            }
            Ok(Ok(Err(failure))) => {
                self.failed(step, direction, failed(self, step, attempt, &failure, false)).await
            }
            Ok(Err(panic)) => {
                let failure = HandlerFailure::retryable(format!("it panicked: {}", message(&*panic)));
                self.failed(step, direction, failed(self, step, attempt, &failure, true)).await
            }
            Err(_) => {
                let failure = HandlerFailure::retryable(format!("it was not done within {limit:?}"));
                self.failed(step, direction, failed(self, step, attempt, &failure, true)).await
            }
        }
    }

    /// The output of an attempt of which nobody knew the outcome, if it has happened.
    async fn probed(&self, step: usize, key: &IdempotencyKey) -> Result<Option<Vec<u8>>, HandlerFailure> {
        let limit = self.definition.steps[step].policy.timeout;
        let work = self.saga.probe(&self.held, &self.progress.data, step, self.call(key, 0));
        match timeout(limit, AssertUnwindSafe(work).catch_unwind()).await {
            Ok(Ok(Ok(Some(StepDone::Output(output))))) => Ok(Some(output)),
            Ok(Ok(Ok(_))) => Ok(None),
            Ok(Ok(Err(failure))) => Err(failure),
            Ok(Err(panic)) => {
                Err(HandlerFailure::retryable(format!("the probe panicked: {}", message(&*panic))))
            }
            Err(_) => Err(HandlerFailure::retryable(format!("the probe was not done within {limit:?}"))),
        }
    }

    /// A foreign step is done.
    pub(super) async fn done(
        &mut self,
        step: usize,
        direction: Direction,
        output: Vec<u8>,
        attempt: u32,
    ) -> Result<Step, StoreError> {
        let output = serde_json::from_slice(&output).map_err(|error| StoreError::Backend {
            what: format!("writing an output of {}", self.stream),
            source: error.into(),
        })?;
        let name = self.definition.steps[step].name.to_owned();
        let output = (direction == Direction::Forward).then_some(output);
        let event = wrap(direction, Succeeded { step: name, attempt, output, receipts: None, to: None });
        let events = self.and_ended(vec![event]);
        self.store(events, None).await
    }

    /// With the event that ends the instance, if there is nothing to do afterwards.
    fn and_ended(&self, mut events: Vec<SagaEvent>) -> Vec<SagaEvent> {
        let mut after = self.progress.clone();
        events.iter().for_each(|event| after.apply(event, self.definition.steps));
        events.extend(after.end(self.definition.steps));
        events
    }

    fn call<'a>(&'a self, key: &'a IdempotencyKey, attempt: u32) -> StepCall<'a> {
        let (saga, id) = (self.definition.name, self.stream.id());
        StepCall { saga, id, key, attempt, outputs: &self.progress.outputs }
    }

    /// The name under which the keys of a step, or of its compensation, are made.
    fn key_name(&self, step: usize, direction: Direction) -> String {
        let name = self.definition.steps[step].name;
        match direction {
            Direction::Forward => name.to_owned(),
            Direction::Backward => format!("{name}/undo"),
        }
    }
}

/// A command that may be stored, and what is to be noted of it.
struct Unsure {
    key: IdempotencyKey,
    events: Vec<SagaEvent>,
}

fn wrap(direction: Direction, succeeded: Succeeded) -> SagaEvent {
    match direction {
        Direction::Forward => SagaEvent::StepSucceeded(succeeded),
        Direction::Backward => SagaEvent::CompensationSucceeded(succeeded),
    }
}

fn failed(
    instance: &Instance,
    step: usize,
    attempt: u32,
    failure: &HandlerFailure,
    in_doubt: bool,
) -> Failed {
    Failed {
        step: instance.definition.steps[step].name.to_owned(),
        attempt,
        errors: texts(failure),
        in_doubt,
        permanent: failure.class == FailureClass::Permanent,
        retry_in_ms: None,
        compensate: false,
    }
}

/// The error and its causes, without repetitions.
fn texts(failure: &HandlerFailure) -> Vec<String> {
    let mut texts = failure.chain();
    texts.dedup();
    texts
}

/// What somebody has panicked with.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".into())
}
