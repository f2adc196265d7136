//! An event, as commands show it.

use std::io::{self, Write};

use gesta::log::LogEntry;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::shared::{Answer, shown};

/// An event with everything that the store has of it.
#[derive(Debug, Serialize)]
pub(super) struct Event {
    pub(super) stream: String,
    pub(super) version: u64,
    pub(super) position: u64,
    pub(super) recorded_at: String,
    pub(super) name: String,
    /// The version of the payload's shape.
    pub(super) schema: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Box<RawValue>>,
    /// In place of a payload that is not JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Box<RawValue>>,
}

impl From<&LogEntry> for Event {
    fn from(entry: &LogEntry) -> Self {
        let raw = |bytes: &[u8]| serde_json::from_slice::<Box<RawValue>>(bytes).ok();
        let payload = raw(&entry.payload);
        let hex = || entry.payload.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            stream: format!("{}/{}", entry.stream.category(), entry.stream.id()),
            version: entry.version,
            position: entry.position.raw(),
            recorded_at: entry.recorded_at.to_string(),
            name: entry.name.clone(),
            schema: entry.type_version,
            payload_hex: payload.is_none().then(hex),
            payload,
            meta: raw(entry.as_log_event().event.meta),
        }
    }
}

impl Event {
    /// Payload and metadata in one line.
    pub(super) fn content(&self) -> String {
        let payload = match (&self.payload, &self.payload_hex) {
            (Some(payload), _) => payload.get().to_owned(),
            (None, hex) => format!("not JSON: {}", hex.as_deref().unwrap_or_default()),
        };
        match &self.meta {
            Some(meta) => format!("{payload}  by {}", meta.get()),
            None => payload,
        }
    }
}

impl Answer for Event {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { stream, version, position, recorded_at, name, schema, .. } = self;
        let content = self.content();
        let line = format!("{position}  {recorded_at}  {stream}  {version}  {name} v{schema}  {content}");
        writeln!(out, "{}", shown(&line))
    }
}
