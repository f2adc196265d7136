//! Receipts in what sagas, process managers and schedules keep.
//!
//! A receipt holds the position of an event in the source, and whoever reads it may wait for that position. What the
//! commands of a saga have come to is found by their keys and is right by itself; this is about receipts within data,
//! within outputs of other steps, and within states. They are told by their shape, `{"version":3,"position":17,"events":1}`,
//! and by the source, which has an event of that version at that position.

use std::ops::{ControlFlow, Range};

use super::MigrateError;
use crate::{
    domain::Position,
    store::{Item, LogEventRef, ReadLog, ReadStream, Store, StreamId},
};

/// A receipt as it stands in a text.
#[derive(Debug, PartialEq)]
struct Found {
    version: u64,
    position: u64,
    /// Where the digits of the position are.
    digits: Range<usize>,
}

/// Whether there may be a receipt in it.
pub(super) fn may_be_in(json: &[u8]) -> bool {
    !find(json).is_empty()
}

/// The text with the positions that the events have in the target, all of which are there; everything else stays as it
/// is, to the byte.
pub(super) async fn translate(from: &Store, to: &Store, json: Vec<u8>) -> Result<Vec<u8>, MigrateError> {
    let (mut translated, mut done) = (Vec::with_capacity(json.len()), 0);
    for Found { version, position, digits } in find(&json) {
        let Some(place) = place(from, to, Position::from_raw(position), version).await? else { continue };
        translated.extend_from_slice(&json[done..digits.start]);
        translated.extend_from_slice(place.raw().to_string().as_bytes());
        done = digits.end;
    }
    translated.extend_from_slice(&json[done..]);
    Ok(translated)
}

/// Where the event of a position and version in the source stands in the target.
async fn place(
    from: &Store,
    to: &Store,
    position: Position,
    version: u64,
) -> Result<Option<Position>, MigrateError> {
    let Some(before) = position.raw().checked_sub(1) else { return Ok(None) };
    let mut stream: Option<StreamId> = None;
    let read = ReadLog { after: Position::from_raw(before), limit: 1 };
    let mut visit = |event: LogEventRef<'_>| {
        let is = (event.event.position, event.event.version) == (position, version);
        stream = is.then(|| event.stream.clone());
        ControlFlow::Break(())
    };
    from.port().read_log(&read, &mut visit).await?;
    let Some(stream) = stream else { return Ok(None) };
    let mut place = None;
    let read = ReadStream { after: version - 1, limit: Some(1), ..ReadStream::all(stream) };
    let mut visit = |item: Item<'_>| {
        if let Item::Event(event) = item {
            place = Some(event.position);
        }
        ControlFlow::Continue(())
    };
    to.port().read_stream(&read, &mut visit).await?;
    Ok(place)
}

/// All receipts in a text. Within a text of JSON the quotes would be escaped, so none of it is taken for one.
fn find(json: &[u8]) -> Vec<Found> {
    const BEGIN: &[u8] = br#"{"version":"#;
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = json[at..].windows(BEGIN.len()).position(|window| window == BEGIN) {
        at += next + BEGIN.len();
        found.extend(rest(json, at));
    }
    found
}

/// The receipt whose version begins here.
fn rest(json: &[u8], at: usize) -> Option<Found> {
    let (version, at) = number(json, at)?;
    let start = after(json, at, br#","position":"#)?;
    let (position, end) = number(json, start)?;
    let at = after(json, end, br#","events":"#)?;
    let (_, at) = number(json, at)?;
    after(json, at, b"}")?;
    (version > 0).then_some(Found { version, position, digits: start..end })
}

fn after(json: &[u8], at: usize, expected: &[u8]) -> Option<usize> {
    json[at..].starts_with(expected).then_some(at + expected.len())
}

fn number(json: &[u8], at: usize) -> Option<(u64, usize)> {
    let digits = json[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&json[at..at + digits]).ok()?.parse().ok()?;
    Some((number, at + digits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Receipt;

    #[test]
    fn receipts_are_told_by_their_shape() {
        let receipt = Receipt { version: 3, position: Position::from_raw(17), events: 2 };
        let json = serde_json::to_vec(&(receipt, "x", receipt)).unwrap();
        let found = find(&json);
        assert_eq!(found.iter().map(|it| (it.version, it.position)).collect::<Vec<_>>(), [(3, 17), (3, 17)]);
        assert!(found.iter().all(|it| &json[it.digits.clone()] == b"17"));
        for other in [
            r#"{"version":3,"position":17,"events":2,"more":1}"#,
            r#"{"version":3,"position":17}"#,
            r#"{"version":0,"position":0,"events":0}"#,
            r#"{"version":3,"position":-1,"events":2}"#,
            r#"{"version":"3","position":17,"events":2}"#,
            r#"{"version":"#,
            "",
        ] {
            assert_eq!(find(other.as_bytes()), [], "{other}");
        }
        let text = serde_json::to_vec(&String::from_utf8(json).unwrap()).unwrap();
        assert_eq!(find(&text), []);
    }
}
