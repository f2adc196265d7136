//! The form of an exported log: one JSON document per line. The first says what it is, each event is a line, and the last
//! has their number and their checksum.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    domain::Timestamp,
    store::{LogEventRef, RecordedEvent, StreamId},
};

/// The version of the form.
pub(super) const FORMAT: u32 = 1;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) gesta: String,
    pub(super) format: u32,
    /// The position up to which it goes.
    pub(super) up_to: u64,
}

/// The last line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Footer {
    pub(super) gesta: String,
    pub(super) events: u64,
    pub(super) checksum: String,
}

/// An event. What is JSON in one line stands there as it is, and so keeps its bytes; everything else is written in
/// hexadecimal digits.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    category: String,
    id: String,
    version: u64,
    position: u64,
    recorded_at: String,
    name: String,
    schema: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    meta: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    meta_hex: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<Box<RawValue>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_hex: Option<String>,
}

/// Bytes as they stand in a line.
fn written(bytes: &[u8]) -> (Option<Box<RawValue>>, Option<String>) {
    let whole = |raw: &RawValue| {
        raw.get().len() == bytes.len() && !raw.get().contains(char::is_control) && raw.get() != "null"
    };
    match serde_json::from_slice::<Box<RawValue>>(bytes).ok().filter(|raw| whole(raw)) {
        Some(raw) => (Some(raw), None),
        None => (None, Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())),
    }
}

/// The bytes that stand in a line.
fn read(raw: Option<Box<RawValue>>, hex: Option<String>) -> Result<Option<Vec<u8>>, String> {
    match (raw, hex) {
        (Some(raw), None) => Ok(Some(raw.get().as_bytes().to_vec())),
        (None, Some(hex)) => {
            let digits: Option<Vec<u8>> =
                hex.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect();
            let digits = digits.filter(|digits| digits.len() % 2 == 0);
            let digits = digits.ok_or("it has digits that are not hexadecimal")?;
            Ok(Some(
                digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect(),
            ))
        }
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err("it says the same thing twice".to_owned()),
    }
}

impl Line {
    pub(super) fn of(LogEventRef { stream, event }: LogEventRef<'_>) -> Self {
        let (payload, payload_hex) = written(event.payload);
        let (meta, meta_hex) = if event.meta.is_empty() { (None, None) } else { written(event.meta) };
        Self {
            category: stream.category().to_owned(),
            id: stream.id().to_owned(),
            version: event.version,
            position: event.position.raw(),
            recorded_at: event.recorded_at.to_string(),
            name: event.name.to_owned(),
            schema: event.type_version,
            meta,
            meta_hex,
            payload,
            payload_hex,
        }
    }

    pub(super) fn into_event(self) -> Result<RecordedEvent, String> {
        let recorded_at: Timestamp = self.recorded_at.parse().map_err(|error| format!("{error}"))?;
        let payload = read(self.payload, self.payload_hex)?.ok_or("it has no payload")?;
        Ok(RecordedEvent {
            stream: StreamId::new(&self.category, &self.id),
            version: self.version,
            recorded_at,
            name: self.name,
            type_version: self.schema,
            meta: read(self.meta, self.meta_hex)?.unwrap_or_default(),
            payload,
        })
    }
}

/// FNV-1a over the lines of the events: it finds what a disk or a network has damaged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Checksum(u64);

impl Checksum {
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(super) fn add(&mut self, line: &[u8]) {
        for byte in line.iter().chain(b"\n") {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub(super) fn text(self) -> String {
        format!("fnv1a64:{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::Position, store::EventRef};

    #[test]
    fn every_byte_is_kept() {
        let payloads: [&[u8]; 8] = [
            b"{\"a\": 1.0}",
            b"{\n}",
            b" 1",
            b"null",
            b"\xff\xfe",
            b"",
            b"\"\\u0000\"",
            "\"\u{9b}\"".as_bytes(),
        ];
        for payload in payloads {
            for meta in [&b""[..], b"{\"actor\":\"ann\"}", b"{ }", b"x"] {
                let stream = StreamId::new("a/b", "c\n\"");
                let event = EventRef {
                    position: Position::from_raw(7),
                    version: 3,
                    recorded_at: Timestamp::from_micros(1_795_244_168_123_456),
                    name: "a.b",
                    type_version: 2,
                    meta,
                    payload,
                };
                let line = serde_json::to_string(&Line::of(LogEventRef { stream: &stream, event })).unwrap();
                assert!(!line.contains(char::is_control), "{line}");
                let read = serde_json::from_str::<Line>(&line).unwrap().into_event().unwrap();
                assert_eq!((&read.payload[..], &read.meta[..]), (payload, meta), "{line}");
                assert_eq!((read.stream, read.recorded_at), (stream, event.recorded_at));
            }
        }
    }
}
