//! Nothing has changed but what is new: a version, an event, a retired one that is gone, another enum.

use gesta::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Schema)]
pub struct Note {
    text: String,
}

#[event]
pub enum AccountEvent {
    Opened {
        owner: String,
        #[serde(default)]
        notes: Vec<Note>,
    },
    #[event(version = 3, from(WithdrawnV1, WithdrawnV2))]
    Withdrawn(u64, String),
    Deposited {
        cents: u64,
    },
    #[event(retired)]
    Closed,
    #[event(name = "account.moved")]
    Relocated {
        from: String,
        to: String,
    },
}

#[derive(Deserialize, Schema)]
pub struct WithdrawnV1 {
    cents: u64,
}

#[derive(Deserialize, Schema)]
pub struct WithdrawnV2 {
    cents: u64,
    reason: String,
}

impl From<WithdrawnV1> for WithdrawnV2 {
    fn from(old: WithdrawnV1) -> Self {
        Self { cents: old.cents, reason: String::new() }
    }
}

impl From<WithdrawnV2> for AccountEvent {
    fn from(old: WithdrawnV2) -> Self {
        Self::Withdrawn(old.cents, old.reason)
    }
}

/// An enum in a body, and one without any line.
pub fn local() -> impl gesta::domain::Event {
    #[event]
    pub enum LocalEvent {
        Happened,
    }
    LocalEvent::Happened
}
