use std::io;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::ser::Formatter;

use super::{DecodeError, EncodeError, finite};

/// How deep serde_json reads, so that nothing is written that cannot be read back.
const DEEPEST: u8 = 127;

/// Appends a value as JSON to `out`; on an error `out` is as it was.
///
/// # Errors
/// When a number is not finite, since JSON would silently hold `null` in its place; when lists and objects lie
/// more than 127 deep in each other, since they could not be read back; when the value itself refuses.
pub fn encode_json<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    write(out, |json| value.serialize(json), || finite::check(value))
}

/// Reads a value from JSON.
///
/// # Errors
/// [`DecodeError::Malformed`] when the bytes are not JSON, or not that of a `T`.
pub fn decode_json<T: DeserializeOwned>(payload: &[u8]) -> Result<T, DecodeError> {
    Ok(serde_json::from_slice(payload)?)
}

/// The serializer that payloads are written with.
pub(super) type JsonWriter<'a> = serde_json::Serializer<&'a mut Vec<u8>, Watch<'a>>;

/// Writes with `serialize`. JSON has `null` for a number that is not finite too, so where there is a `null`,
/// `check` tells which it was: payloads without any are written at full speed.
pub(super) fn write(
    out: &mut Vec<u8>,
    serialize: impl FnOnce(&mut JsonWriter<'_>) -> Result<(), serde_json::Error>,
    check: impl FnOnce() -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let start = out.len();
    let mut seen = Seen { depth: 0, null: false };
    let written = serialize(&mut serde_json::Serializer::with_formatter(out, Watch(&mut seen)));
    let result = match written {
        Ok(()) if seen.null => check(),
        written => written.map_err(EncodeError::from),
    };
    if result.is_err() {
        out.truncate(start);
    }
    result
}

/// What was written so far.
pub(super) struct Seen {
    depth: u8,
    null: bool,
}

/// Compact JSON, watched for depth and `null`.
pub(super) struct Watch<'a>(&'a mut Seen);

impl Watch<'_> {
    fn open<W: io::Write + ?Sized>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        if self.0.depth == DEEPEST {
            return Err(io::Error::other(format!(
                "lists and objects lie more than {DEEPEST} deep in each other and could not be read back"
            )));
        }
        self.0.depth += 1;
        writer.write_all(bracket)
    }

    fn close<W: io::Write + ?Sized>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.0.depth = self.0.depth.saturating_sub(1);
        writer.write_all(bracket)
    }
}

impl Formatter for Watch<'_> {
    fn write_null<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.null = true;
        writer.write_all(b"null")
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }
}
