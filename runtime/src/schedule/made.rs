use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{SCHEDULE, error::unencodable};
use crate::{
    domain::{Meta, Timestamp},
    store::{DocumentWrite, StoreError, StreamId},
};

/// Names a scheduled command.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScheduleId(String);

impl ScheduleId {
    /// By its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn stream(&self) -> StreamId {
        StreamId::new(SCHEDULE, &self.0)
    }
}

impl fmt::Display for ScheduleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A command that is to be sent.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Scheduled {
    /// Its name.
    pub id: ScheduleId,
    /// The aggregate that is to decide: the category of its stream.
    pub aggregate: String,
    /// The aggregate's id, as a text.
    pub to: String,
    /// The command's type as it is called in the source.
    pub command: String,
    /// The command as JSON.
    pub json: String,
    /// Who wants it, and what it belongs to.
    pub meta: Meta,
    /// When it is sent, by the clock of the database; `None` once that time has come: it is being sent, or is a dead letter of
    /// the handler `schedule`.
    pub due_at: Option<Timestamp>,
}

/// A scheduled command, as it is kept: in the event that makes it, and in a document until it is sent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Made {
    pub(super) aggregate: String,
    pub(super) to: String,
    pub(super) command: String,
    /// The command's type with its path.
    pub(super) source: String,
    pub(super) json: Box<RawValue>,
    pub(super) meta: Meta,
}

/// A scheduled command has one document, which is removed when it is sent or cancelled.
pub(super) const FIRST: u64 = 1;

impl Made {
    pub(super) fn read(id: &str, body: &[u8]) -> Result<Self, StoreError> {
        serde_json::from_slice(body).map_err(|error| StoreError::Backend {
            what: format!("reading the scheduled command `{id}`"),
            source: error.into(),
        })
    }

    pub(super) fn written(&self, name: &'static str, stream: &StreamId) -> Result<Vec<u8>, StoreError> {
        serde_json::to_vec(self).map_err(|error| unencodable(name, stream, &error))
    }

    pub(super) fn shown(self, id: ScheduleId, due_at: Option<Timestamp>) -> Scheduled {
        let Self { aggregate, to, command, json, meta, .. } = self;
        Scheduled { id, aggregate, to, command, json: json.get().to_owned(), meta, due_at }
    }
}

/// The document of a scheduled command, that is there or removed.
pub(super) fn document(id: &str, body: Option<Vec<u8>>) -> DocumentWrite {
    let there = u64::from(body.is_none());
    DocumentWrite {
        collection: SCHEDULE.into(),
        key: id.to_owned(),
        body,
        indexes: Vec::new(),
        revision: FIRST + there,
        expected: Some(there * FIRST),
    }
}
