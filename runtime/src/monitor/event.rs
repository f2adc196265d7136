use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    codec::{DecodeError, EncodeError, decode_json, encode_json},
    domain::{Event, EventType, Field, Position, Schema, Shape},
};

/// What the framework tells about itself.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum MonitorEvent {
    /// `gesta.dead_lettered`: a handler could not handle an event, and nobody tries again by himself.
    DeadLettered(DeadLettered),
    /// `gesta.dead_letter_decided`: somebody has decided what is to become of a delivery.
    DeadLetterDecided(DeadLetterDecided),
    /// `gesta.slow`: an attempt of a handler took longer than the application allows for.
    Slow(SlowEvent),
    /// `gesta.error_rate`: a handler fails more often than the application allows for.
    HighErrorRate(HighErrorRate),
    /// `gesta.saga_parked`: an instance of a saga can neither go on nor back by itself.
    SagaParked(SagaParked),
    /// `gesta.subscription_changed`: an operator has paused a subscription, let it go on, or set it to another place.
    SubscriptionChanged(SubscriptionChanged),
    /// `gesta.repaired`: an operator has had set right what follows from the events.
    Repaired(Repaired),
}

/// A handler could not handle an event: its attempts are used up, or the error is permanent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLettered {
    /// The handler.
    pub handler: String,
    /// The event's stream: `account/ann`.
    pub stream: String,
    /// The event's place in its stream.
    pub version: u64,
    /// The event's place in the log.
    pub position: Position,
    /// The event's name.
    pub event: String,
    /// How often it was tried.
    pub attempts: u32,
    /// What went wrong last: the error, and its causes.
    pub errors: Vec<String>,
}

/// Somebody has decided what is to become of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterDecided {
    /// The handler.
    pub handler: String,
    /// The event's stream: `account/ann`.
    pub stream: String,
    /// The event's place in its stream.
    pub version: u64,
    /// The event's place in the log.
    pub position: Position,
    /// The event's name.
    pub event: String,
    /// What is to become of it.
    pub decision: Decision,
    /// Who has decided.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// What is to become of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It is tried again.
    Retry,
    /// It is given up.
    Discard,
    /// It stays a dead letter.
    MarkPermanent,
}

/// An attempt of a handler took longer than the threshold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowEvent {
    /// The handler.
    pub handler: String,
    /// The event's name.
    pub event: String,
    /// The event's place in the log.
    pub position: Position,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The threshold, in milliseconds.
    pub limit_ms: u64,
}

/// A handler fails more often than the threshold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HighErrorRate {
    /// The handler.
    pub handler: String,
    /// How many attempts there were.
    pub attempts: u64,
    /// How many of them failed.
    pub errors: u64,
    /// Within so many seconds.
    pub seconds: u64,
}

/// An instance of a saga is parked: somebody has to decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SagaParked {
    /// The saga's name.
    pub saga: String,
    /// The instance.
    pub id: String,
    /// The version of its stream at which it is parked.
    pub version: u64,
    /// The step that it is at; empty where that is not known.
    pub step: String,
    /// Why.
    pub reason: String,
}

/// An operator has changed how a subscription stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubscriptionChanged {
    /// The subscription.
    pub subscription: String,
    /// What was done.
    pub change: Change,
    /// Where it stands afterwards.
    pub position: Position,
    /// Who has done it.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// An operator has had set right what follows from the events. It stands in the stream `gesta/repairs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repaired {
    /// How many things.
    pub repaired: u64,
    /// What the backup of what was there before is called.
    pub backup: String,
    /// Who has done it.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// What an operator has done to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was paused.
    Paused,
    /// It was let go on.
    Resumed,
    /// It was set to another place.
    Reset,
    /// The documents of its projection were removed, to be made anew.
    Rebuilt,
    /// It was removed, with the documents of the generation of a projection whose subscription it was.
    Dropped,
}

const fn field(name: &'static str, shape: &'static Shape) -> Field {
    Field { name, shape, optional: false }
}

const DEAD_LETTERED: &Shape = &Shape::Struct(&[
    field("handler", String::SHAPE),
    field("stream", String::SHAPE),
    field("version", u64::SHAPE),
    field("position", u64::SHAPE),
    field("event", String::SHAPE),
    field("attempts", u32::SHAPE),
    field("errors", Vec::<String>::SHAPE),
]);

const DEAD_LETTER_DECIDED: &Shape = &Shape::Struct(&[
    field("handler", String::SHAPE),
    field("stream", String::SHAPE),
    field("version", u64::SHAPE),
    field("position", u64::SHAPE),
    field("event", String::SHAPE),
    field("decision", String::SHAPE),
    field("actor", String::SHAPE),
    field("reason", String::SHAPE),
]);

const SLOW: &Shape = &Shape::Struct(&[
    field("handler", String::SHAPE),
    field("event", String::SHAPE),
    field("position", u64::SHAPE),
    field("took_ms", u64::SHAPE),
    field("limit_ms", u64::SHAPE),
]);

const HIGH_ERROR_RATE: &Shape = &Shape::Struct(&[
    field("handler", String::SHAPE),
    field("attempts", u64::SHAPE),
    field("errors", u64::SHAPE),
    field("seconds", u64::SHAPE),
]);

const SAGA_PARKED: &Shape = &Shape::Struct(&[
    field("saga", String::SHAPE),
    field("id", String::SHAPE),
    field("version", u64::SHAPE),
    field("step", String::SHAPE),
    field("reason", String::SHAPE),
]);

const SUBSCRIPTION_CHANGED: &Shape = &Shape::Struct(&[
    field("subscription", String::SHAPE),
    field("change", String::SHAPE),
    field("position", u64::SHAPE),
    field("actor", String::SHAPE),
    field("reason", String::SHAPE),
]);

const REPAIRED: &Shape = &Shape::Struct(&[
    field("repaired", u64::SHAPE),
    field("backup", String::SHAPE),
    field("actor", String::SHAPE),
    field("reason", String::SHAPE),
]);

impl Event for MonitorEvent {
    const TYPES: &'static [EventType] = &[
        EventType::new("gesta.dead_lettered", "MonitorEvent::DeadLettered", 1, DEAD_LETTERED),
        EventType::new(
            "gesta.dead_letter_decided",
            "MonitorEvent::DeadLetterDecided",
            1,
            DEAD_LETTER_DECIDED,
        ),
        EventType::new("gesta.slow", "MonitorEvent::Slow", 1, SLOW),
        EventType::new("gesta.error_rate", "MonitorEvent::HighErrorRate", 1, HIGH_ERROR_RATE),
        EventType::new("gesta.saga_parked", "MonitorEvent::SagaParked", 1, SAGA_PARKED),
        EventType::new(
            "gesta.subscription_changed",
            "MonitorEvent::SubscriptionChanged",
            1,
            SUBSCRIPTION_CHANGED,
        ),
        EventType::new("gesta.repaired", "MonitorEvent::Repaired", 1, REPAIRED),
    ];

    fn index(&self) -> usize {
        match self {
            Self::DeadLettered(_) => 0,
            Self::DeadLetterDecided(_) => 1,
            Self::Slow(_) => 2,
            Self::HighErrorRate(_) => 3,
            Self::SagaParked(_) => 4,
            Self::SubscriptionChanged(_) => 5,
            Self::Repaired(_) => 6,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::DeadLettered(event) => encode_json(event, out),
            Self::DeadLetterDecided(event) => encode_json(event, out),
            Self::Slow(event) => encode_json(event, out),
            Self::HighErrorRate(event) => encode_json(event, out),
            Self::SagaParked(event) => encode_json(event, out),
            Self::SubscriptionChanged(event) => encode_json(event, out),
            Self::Repaired(event) => encode_json(event, out),
        }
    }

    fn decode(index: usize, version: u16, payload: &[u8]) -> Result<Self, DecodeError> {
        match index {
            0 => read(version, payload).map(Self::DeadLettered),
            1 => read(version, payload).map(Self::DeadLetterDecided),
            2 => read(version, payload).map(Self::Slow),
            3 => read(version, payload).map(Self::HighErrorRate),
            4 => read(version, payload).map(Self::SagaParked),
            5 => read(version, payload).map(Self::SubscriptionChanged),
            6 => read(version, payload).map(Self::Repaired),
            _ => Err(DecodeError::Malformed(format!("there is no type of event number {index}"))),
        }
    }
}

/// All of them are at their first version.
fn read<T: DeserializeOwned>(version: u16, payload: &[u8]) -> Result<T, DecodeError> {
    match version {
        1 => decode_json(payload),
        stored => Err(DecodeError::NewerVersion { stored, known: 1 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_can_be_read_again() {
        let dead = DeadLettered {
            handler: "statements".into(),
            stream: "account/ann".into(),
            version: 3,
            position: Position::from_raw(17),
            event: "account.withdrawn".into(),
            attempts: 8,
            errors: vec!["no answer".into(), "timed out".into()],
        };
        let decided = DeadLetterDecided {
            handler: "statements".into(),
            stream: "account/ann".into(),
            version: 3,
            position: Position::from_raw(17),
            event: "account.withdrawn".into(),
            decision: Decision::MarkPermanent,
            actor: "ann".into(),
            reason: "no such mailbox".into(),
        };
        let slow = SlowEvent {
            handler: "statements".into(),
            event: "account.withdrawn".into(),
            position: Position::from_raw(17),
            took_ms: 1_200,
            limit_ms: 1_000,
        };
        let rate = HighErrorRate { handler: "statements".into(), attempts: 10, errors: 6, seconds: 60 };
        let parked = SagaParked {
            saga: "transfer".into(),
            id: "t-1".into(),
            version: 7,
            step: "clear".into(),
            reason: "8 attempts have failed".into(),
        };
        let changed = SubscriptionChanged {
            subscription: "statements".into(),
            change: Change::Reset,
            position: Position::from_raw(17),
            actor: "ann".into(),
            reason: "once more".into(),
        };
        let repaired = Repaired {
            repaired: 3,
            backup: "backup.ndjson".into(),
            actor: "ann".into(),
            reason: "a bad disk".into(),
        };
        for event in [
            MonitorEvent::Repaired(repaired),
            MonitorEvent::SubscriptionChanged(changed),
            MonitorEvent::SagaParked(parked),
            MonitorEvent::DeadLettered(dead),
            MonitorEvent::DeadLetterDecided(decided),
            MonitorEvent::Slow(slow),
            MonitorEvent::HighErrorRate(rate),
        ] {
            let mut payload = Vec::new();
            event.encode(&mut payload).unwrap();
            assert_eq!(MonitorEvent::decode(event.index(), 1, &payload).unwrap(), event);
            assert!(MonitorEvent::decode(event.index(), 2, &payload).is_err());
            let json: serde_json::Value = serde_json::from_slice(&payload).unwrap();
            let Shape::Struct(fields) = MonitorEvent::TYPES[event.index()].shape else { panic!("no struct") };
            let shape: Vec<_> = fields.iter().map(|field| field.name).collect();
            let mut written: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
            let mut sorted = shape.clone();
            written.sort_unstable();
            sorted.sort_unstable();
            assert_eq!(written, sorted);
        }
    }
}
