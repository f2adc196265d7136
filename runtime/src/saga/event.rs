//! What happens to an instance, as it stands in its stream.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::progress::Direction;
use crate::{
    codec::{DecodeError, decode_json, encode_json},
    store::{Append, EventRef, Expected, NewEvent, StoreError, StreamId},
};

/// What has happened to an instance of a saga.
///
/// Stored as `saga.transfer.started`, `saga.transfer.step.intended` and so on, in the stream `saga.transfer/t-1`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SagaEvent {
    /// `started`: with its data.
    Started(Started),
    /// `migrated`: it goes on by a later definition.
    Migrated(Migrated),
    /// `step.intended`: a foreign step is about to be tried.
    StepIntended(Intended),
    /// `step.sent`: one of the commands of a step is stored, and more are to follow.
    StepSent(Sent),
    /// `step.succeeded`: a step is done.
    StepSucceeded(Succeeded),
    /// `step.failed`: an attempt has failed.
    StepFailed(Failed),
    /// `compensation.intended`: a foreign compensation is about to be tried.
    CompensationIntended(Intended),
    /// `compensation.sent`: one of the commands of a compensation is stored, and more are to follow.
    CompensationSent(Sent),
    /// `compensation.succeeded`: a step is undone.
    CompensationSucceeded(Succeeded),
    /// `compensation.failed`: an attempt to undo a step has failed.
    CompensationFailed(Failed),
    /// `completed`: all steps are done.
    Completed,
    /// `compensated`: what was done is undone.
    Compensated(Compensated),
    /// `parked`: somebody has to decide.
    Parked(Parked),
    /// `retried`: somebody lets it go on where it is parked, with all attempts anew.
    Retried(Decided),
    /// `skipped`: somebody takes a step for done.
    Skipped(Skipped),
    /// `compensation.ordered`: somebody wants it to be undone.
    CompensationOrdered(Decided),
    /// `rescheduled`: somebody wants the next attempt at another time.
    Rescheduled(Decided),
    /// `abandoned`: somebody gives it up as it is.
    Abandoned(Decided),
}

/// A saga has begun.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Started {
    /// The version of its definition.
    pub definition: u16,
    /// What the steps of the definition are, as one number.
    pub fingerprint: u64,
    /// The data of the saga.
    pub data: Box<RawValue>,
    /// The instance that has started it, and waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// The instance that it was made of, and the steps whose outputs it has from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked: Option<Forked>,
}

/// The instance that waits for another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// The saga's name.
    pub saga: String,
    /// The instance.
    pub id: String,
}

/// An instance goes on by a later definition.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Migrated {
    /// The version of the later definition.
    pub definition: u16,
    /// What its steps are, as one number.
    pub fingerprint: u64,
    /// The data, as the later definition has it.
    pub data: Box<RawValue>,
}

/// An instance that was made of another one.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Forked {
    /// The other instance.
    pub from: String,
    /// The steps that are taken for done, with their outputs.
    pub steps: Vec<(String, Box<RawValue>)>,
    /// Who wanted it.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// An attempt is about to begin.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Intended {
    /// The step.
    pub step: String,
    /// Which attempt: 1 for the first.
    pub attempt: u32,
    /// What the far side is told.
    pub key: String,
}

/// One of several commands is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sent {
    /// The step.
    pub step: String,
    /// Which of the step's commands, from 0.
    pub index: u32,
    /// The stream of the aggregate.
    pub to: String,
}

/// A step is done, or undone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Succeeded {
    /// The step.
    pub step: String,
    /// Which attempt it was.
    pub attempt: u32,
    /// The output of a foreign step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Box<RawValue>>,
    /// What the output of a command step is made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipts: Option<Receipts>,
    /// The stream of the aggregate that the last command went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// The receipts of a step: they are found by the keys of the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receipts {
    /// One.
    One,
    /// One that might have been none.
    Some,
    /// None, where one might have been.
    None,
    /// A list of so many.
    Many(u32),
}

/// An attempt has failed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failed {
    /// The step.
    pub step: String,
    /// Which attempt it was.
    pub attempt: u32,
    /// The error, and its causes.
    pub errors: Vec<String>,
    /// Whether it may have happened all the same: it took too long, or it panicked.
    #[serde(default)]
    pub in_doubt: bool,
    /// Whether trying again cannot help.
    #[serde(default)]
    pub permanent: bool,
    /// When it is tried again: so many milliseconds later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_in_ms: Option<u64>,
    /// Whether what was done before is undone now.
    #[serde(default)]
    pub compensate: bool,
}

impl Failed {
    /// An attempt that may be repeated.
    pub(super) fn new(step: String, attempt: u32, errors: Vec<String>) -> Self {
        Self {
            step,
            attempt,
            errors,
            in_doubt: false,
            permanent: false,
            retry_in_ms: None,
            compensate: false,
        }
    }
}

/// What was done is undone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Compensated {
    /// The step that failed; none where somebody wanted it undone.
    pub failed_step: String,
    /// Why.
    pub reason: String,
}

/// Somebody has to decide.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parked {
    /// The step that it is at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Why.
    pub reason: String,
}

/// Somebody has decided something.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Decided {
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// Somebody takes a step for done.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Skipped {
    /// The step.
    pub step: String,
    /// What later steps get in place of its output; none for a compensation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<Box<RawValue>>,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// The version of the shape of all these payloads.
const SHAPE: u16 = 1;

impl SagaEvent {
    /// The last part of the event's name.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Started(_) => "started",
            Self::Migrated(_) => "migrated",
            Self::StepIntended(_) => "step.intended",
            Self::StepSent(_) => "step.sent",
            Self::StepSucceeded(_) => "step.succeeded",
            Self::StepFailed(_) => "step.failed",
            Self::CompensationIntended(_) => "compensation.intended",
            Self::CompensationSent(_) => "compensation.sent",
            Self::CompensationSucceeded(_) => "compensation.succeeded",
            Self::CompensationFailed(_) => "compensation.failed",
            Self::Completed => "completed",
            Self::Compensated(_) => "compensated",
            Self::Parked(_) => "parked",
            Self::Retried(_) => "retried",
            Self::Skipped(_) => "skipped",
            Self::CompensationOrdered(_) => "compensation.ordered",
            Self::Rescheduled(_) => "rescheduled",
            Self::Abandoned(_) => "abandoned",
        }
    }

    pub(super) fn sent(direction: Direction, sent: Sent) -> Self {
        match direction {
            Direction::Forward => Self::StepSent(sent),
            Direction::Backward => Self::CompensationSent(sent),
        }
    }

    /// Reads an event of the stream of an instance.
    ///
    /// # Errors
    /// [`StoreError::Undecodable`], [`StoreError::UnknownEvent`].
    pub fn read(stream: &StreamId, event: EventRef<'_>) -> Result<Self, StoreError> {
        let unknown = || StoreError::UnknownEvent {
            stream: stream.clone(),
            version: event.version,
            name: event.name.to_owned(),
        };
        let category = stream.category();
        let kind =
            event.name.strip_prefix(category).and_then(|rest| rest.strip_prefix('.')).ok_or_else(unknown)?;
        if event.type_version > SHAPE {
            let newer = DecodeError::NewerVersion { stored: event.type_version, known: SHAPE };
            return Err(undecodable(stream, event, newer));
        }
        Self::decode(kind, event.payload)
            .map_err(|error| undecodable(stream, event, error))?
            .ok_or_else(unknown)
    }

    fn decode(kind: &str, json: &[u8]) -> Result<Option<Self>, DecodeError> {
        Ok(Some(match kind {
            "started" => Self::Started(decode_json(json)?),
            "migrated" => Self::Migrated(decode_json(json)?),
            "step.intended" => Self::StepIntended(decode_json(json)?),
            "step.sent" => Self::StepSent(decode_json(json)?),
            "step.succeeded" => Self::StepSucceeded(decode_json(json)?),
            "step.failed" => Self::StepFailed(decode_json(json)?),
            "compensation.intended" => Self::CompensationIntended(decode_json(json)?),
            "compensation.sent" => Self::CompensationSent(decode_json(json)?),
            "compensation.succeeded" => Self::CompensationSucceeded(decode_json(json)?),
            "compensation.failed" => Self::CompensationFailed(decode_json(json)?),
            "completed" => Self::Completed,
            "compensated" => Self::Compensated(decode_json(json)?),
            "parked" => Self::Parked(decode_json(json)?),
            "retried" => Self::Retried(decode_json(json)?),
            "skipped" => Self::Skipped(decode_json(json)?),
            "compensation.ordered" => Self::CompensationOrdered(decode_json(json)?),
            "rescheduled" => Self::Rescheduled(decode_json(json)?),
            "abandoned" => Self::Abandoned(decode_json(json)?),
            _ => return Ok(None),
        }))
    }

    /// The payload.
    fn encode(&self, json: &mut Vec<u8>) -> Result<(), crate::codec::EncodeError> {
        match self {
            Self::Started(payload) => encode_json(payload, json),
            Self::Migrated(payload) => encode_json(payload, json),
            Self::StepIntended(payload) | Self::CompensationIntended(payload) => encode_json(payload, json),
            Self::StepSent(payload) | Self::CompensationSent(payload) => encode_json(payload, json),
            Self::StepSucceeded(payload) | Self::CompensationSucceeded(payload) => encode_json(payload, json),
            Self::StepFailed(payload) | Self::CompensationFailed(payload) => encode_json(payload, json),
            Self::Completed => {
                json.extend_from_slice(b"{}");
                Ok(())
            }
            Self::Compensated(payload) => encode_json(payload, json),
            Self::Parked(payload) => encode_json(payload, json),
            Self::Skipped(payload) => encode_json(payload, json),
            Self::Retried(payload)
            | Self::CompensationOrdered(payload)
            | Self::Rescheduled(payload)
            | Self::Abandoned(payload) => encode_json(payload, json),
        }
    }
}

/// The category of the streams of a saga.
pub(crate) fn category(saga: &str) -> String {
    format!("saga.{saga}")
}

/// The full name of a kind of event of a saga.
pub(crate) fn event_name(saga: &str, kind: &'static str) -> &'static str {
    /// Names of events live as long as the program. There are as many as sagas times kinds.
    static NAMES: Mutex<Option<HashMap<String, &'static str>>> = Mutex::new(None);
    let name = format!("saga.{saga}.{kind}");
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    let names = names.get_or_insert_default();
    if let Some(known) = names.get(&name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.clone().into_boxed_str());
    names.insert(name, kept);
    kept
}

/// An append of events to the stream of an instance.
///
/// # Errors
/// [`StoreError::Unencodable`], [`StoreError::PayloadTooLarge`].
pub(crate) fn append(
    saga: &str,
    stream: &StreamId,
    version: u64,
    events: &[SagaEvent],
    limit: usize,
) -> Result<Append, StoreError> {
    let mut encoded = Vec::with_capacity(events.len());
    for event in events {
        let name = event_name(saga, event.kind());
        let mut payload = Vec::new();
        event.encode(&mut payload).map_err(|error| StoreError::Unencodable {
            stream: stream.clone(),
            name,
            reason: error.to_string(),
        })?;
        let size = payload.len();
        if size > limit {
            return Err(StoreError::PayloadTooLarge { stream: stream.clone(), name, size, limit });
        }
        encoded.push(NewEvent { name, version: SHAPE, payload });
    }
    Ok(Append::new(stream.clone(), Expected::Version(version), encoded))
}

#[cold]
fn undecodable(stream: &StreamId, event: EventRef<'_>, source: DecodeError) -> StoreError {
    StoreError::Undecodable {
        stream: stream.clone(),
        version: event.version,
        name: event.name.to_owned(),
        type_version: event.type_version,
        source,
    }
}
