use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Durable, RunsIn, Saga, SagaOutcome, StepDone,
    any::Definition,
    done::IntoStep,
    driver::SHARDS,
    event::{self, Failed, Parent, Receipts, SagaEvent, Sent, Started, category},
    instance::{Instance, Step, row},
    load,
    progress::{Direction, Progress},
};
use crate::{
    codec::{EncodeError, encode_json},
    domain::{Domain, HandlerFailure, Schema, Sending, Sends, Shape},
    execute::Within,
    store::{Outcome, ProcessWrites, StoreError, StreamId},
    subscription::shard_of_stream,
};

/// A saga that a step starts and waits for: the step is done when it is completed, and fails when it ends otherwise.
/// A list of them is a step that starts all of them and waits for the last.
///
/// ```
/// # use gesta::saga::{Child, Saga};
/// # fn shipments<Shipment: Saga>(parcels: Vec<(String, Shipment)>) -> Vec<Child<Shipment>> {
/// parcels.into_iter().map(|(parcel, shipment)| Child::new(parcel, shipment)).collect()
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a child does nothing until it is returned from a step"]
pub struct Child<S> {
    /// The id of the instance. It names it for ever, so it should say whose child it is.
    pub id: String,
    /// Its data.
    pub saga: S,
}

impl<S> Child<S> {
    /// A child of that id.
    pub fn new(id: impl Into<String>, saga: S) -> Self {
        Self { id: id.into(), saga }
    }
}

/// A child that is completed: the output of the step that has started it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completed {
    /// The id of the instance.
    pub id: String,
}

impl Schema for Completed {
    const SHAPE: &'static Shape =
        &Shape::Struct(&[crate::domain::Field { name: "id", shape: String::SHAPE, optional: false }]);
}

/// A child of whatever type.
#[derive(Debug)]
pub struct AnyChild {
    definition: Definition,
    id: String,
    data: Result<Vec<u8>, EncodeError>,
}

impl AnyChild {
    fn new<S: Saga>(child: Child<S>) -> Self {
        Self { definition: Definition::of::<S>(), id: child.id, data: child.saga.encode() }
    }

    /// The name of the saga.
    pub fn saga(&self) -> &'static str {
        self.definition.name
    }

    /// The id of the instance.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl<S: Saga> IntoStep for Child<S> {
    type Output = Completed;

    fn into_step(self) -> StepDone {
        StepDone::Start(Box::new(AnyChild::new(self)))
    }
}

impl<S: Saga> IntoStep for Vec<Child<S>> {
    type Output = Vec<Completed>;

    fn into_step(self) -> StepDone {
        StepDone::StartAll(self.into_iter().map(AnyChild::new).collect())
    }
}

impl<D: Domain, S: RunsIn<D>> Within<D> for Child<S> {}

impl<S: Saga> Sends for Child<S> {
    const SENDS: Sending = Sending::Saga { name: S::NAME };
}

/// How long it is waited before somebody looks after children of whose end nobody has told.
const LOOK_AFTER: std::time::Duration = std::time::Duration::from_secs(60);

impl Instance {
    /// A step that starts other sagas, and waits for them.
    pub(super) async fn start_all(
        &mut self,
        step: usize,
        direction: Direction,
        children: Vec<AnyChild>,
        receipts: Receipts,
        attempt: u32,
    ) -> Result<Step, StoreError> {
        let sent = self.progress.tries(step, direction).sent as usize;
        let streams: Vec<_> =
            children.iter().map(|child| StreamId::new(&category(child.definition.name), &child.id)).collect();
        for (index, child) in children.into_iter().enumerate().skip(sent) {
            let (stream, index) = (&streams[index], u32::try_from(index).unwrap_or(u32::MAX));
            match self.start_child(step, direction, child, stream, index, attempt).await? {
                Step::On => {}
                other => return Ok(other),
            }
        }
        // Twice: one that ends between the first look and the note that it is waited for has woken nobody.
        for waits in [false, true] {
            let mut ended = Vec::with_capacity(streams.len());
            for stream in &streams {
                ended.push(load::outcome(self.store.port().as_ref(), stream).await?);
            }
            if ended.iter().all(Option::is_some) {
                let ended = streams.iter().zip(ended.into_iter().flatten());
                return self.joined(step, direction, ended.collect(), receipts, attempt).await;
            }
            if !waits {
                match self.store(Vec::new(), Some(LOOK_AFTER)).await? {
                    Step::Overtaken => return Ok(Step::Overtaken),
                    Step::On | Step::Later(_) => {}
                }
            }
        }
        Ok(Step::Later(LOOK_AFTER))
    }

    /// All children have ended.
    async fn joined(
        &mut self,
        step: usize,
        direction: Direction,
        ended: Vec<(&StreamId, SagaOutcome)>,
        receipts: Receipts,
        attempt: u32,
    ) -> Result<Step, StoreError> {
        let failed: Vec<_> = ended
            .iter()
            .filter_map(|(stream, outcome)| match outcome {
                SagaOutcome::Completed => None,
                SagaOutcome::Compensated { failed_step, reason } => {
                    Some(format!("{stream} was undone, because `{failed_step}` failed: {reason}"))
                }
                _ => Some(format!("{stream} was given up")),
            })
            .collect();
        let done: Vec<_> = ended
            .iter()
            .filter(|(_, outcome)| *outcome == SagaOutcome::Completed)
            .map(|(stream, _)| Completed { id: stream.id().to_owned() })
            .collect();
        let output = json(&self.stream, receipts, &done)?;
        if failed.is_empty() {
            return self.done(step, direction, output, attempt).await;
        }
        // Its compensation is for those that are completed.
        self.progress.outputs.set(step, output);
        let step_name = self.definition.steps[step].name.to_owned();
        let failed = Failed { permanent: true, ..Failed::new(step_name, attempt, failed) };
        self.failed(step, direction, failed).await
    }

    /// Starts one child, and notes it in the same transaction.
    async fn start_child(
        &mut self,
        step: usize,
        direction: Direction,
        child: AnyChild,
        stream: &StreamId,
        index: u32,
        attempt: u32,
    ) -> Result<Step, StoreError> {
        let definition = child.definition;
        let step_name = self.definition.steps[step].name.to_owned();
        let data = child.data.map_err(|error| error.to_string());
        let data = data.and_then(|json| serde_json::from_slice(&json).map_err(|error| error.to_string()));
        let data = match data {
            Ok(data) => data,
            Err(error) => {
                let failure =
                    HandlerFailure::permanent(format!("the data of {stream} cannot be written: {error}"));
                let failed = Failed { permanent: true, ..Failed::new(step_name, attempt, failure.chain()) };
                return self.failed(step, direction, failed).await;
            }
        };
        let parent = Some(Parent { saga: self.definition.name.to_owned(), id: self.stream.id().to_owned() });
        let (version, fingerprint) = (definition.version, definition.fingerprint);
        let started = Started { definition: version, fingerprint, data, forked: None, parent };
        let progress = Progress::started(&started, definition.steps);
        let limit = self.office().executor().payload_limit();
        let mut append = event::append(definition.name, stream, 0, &[SagaEvent::Started(started)], limit)?;
        append.meta = self.caused();
        let name: Arc<str> = definition.name.into();
        let saga =
            Some(row(&name, stream, shard_of_stream(stream, SHARDS), &progress, &definition, None, &[]));
        append.process = Some(Box::new(ProcessWrites { saga, ..ProcessWrites::default() }));
        let sent =
            SagaEvent::sent(direction, Sent { step: step_name.clone(), index, to: stream.to_string() });
        let (note, after) = self.append(&[sent], None)?;
        append.together = Some(Box::new(note));
        match self.office().executor().append(append).await {
            Ok(Outcome::Appended(_)) => {
                self.progress = after;
                self.office().look_at(definition.name, stream);
                Ok(Step::On)
            }
            Ok(Outcome::Apart { outcome, .. }) => match *outcome {
                Outcome::Fenced { subscription, shard } => Err(StoreError::Fenced { subscription, shard }),
                _ => Ok(Step::Overtaken),
            },
            Ok(Outcome::Conflict { .. }) => {
                let reason = format!("there is a saga {stream} already, which is not a child of this one");
                let failed = Failed { permanent: true, ..Failed::new(step_name, attempt, vec![reason]) };
                self.failed(step, direction, failed).await
            }
            Ok(_) | Err(StoreError::OutcomeUnknown { .. }) => Ok(Step::Overtaken),
            Err(error) => Err(error),
        }
    }
}

fn json(stream: &StreamId, receipts: Receipts, done: &[Completed]) -> Result<Vec<u8>, StoreError> {
    fn write<T: Durable>(value: &T) -> Result<Vec<u8>, EncodeError> {
        let mut json = Vec::new();
        encode_json(value, &mut json).map(|()| json)
    }
    let json = match receipts {
        Receipts::Many(_) => write(&done.to_vec()),
        _ => write(&done.first().cloned()),
    };
    json.map_err(|error| StoreError::Backend { what: format!("joining in {stream}"), source: error.into() })
}
