use crate::{
    codec::DecodeError,
    domain::{Event, EventType},
    store::{EventRef, StoreError, StreamId},
};

/// Reads an event of a stream, upcast to today's version of its type.
///
/// It is called for every event that is replayed, so it allocates nothing of its own unless it fails.
///
/// # Errors
/// [`StoreError::UnknownEvent`] when `E` has no type of that name. [`StoreError::Undecodable`] when the payload
/// is not what its version says, or was stored by a newer version of the program. Both name stream, version and
/// type.
pub fn decode_event<E: Event>(stream: &StreamId, event: EventRef<'_>) -> Result<E, StoreError> {
    let Some((index, found)) = find_type(E::TYPES, event.name) else {
        return Err(unknown(stream, event));
    };
    if event.type_version > found.version {
        return Err(undecodable(
            stream,
            event,
            DecodeError::NewerVersion { stored: event.type_version, known: found.version },
        ));
    }
    E::decode(index, event.type_version, event.payload).map_err(|error| undecodable(stream, event, error))
}

/// Enums of events are short, and two names of different length are told apart without looking at the text:
/// going through them in order beats hashing.
fn find_type(types: &'static [EventType], name: &str) -> Option<(usize, &'static EventType)> {
    types.iter().enumerate().find(|(_, candidate)| candidate.name == name)
}

#[cold]
fn unknown(stream: &StreamId, event: EventRef<'_>) -> StoreError {
    StoreError::UnknownEvent { stream: stream.clone(), version: event.version, name: event.name.to_owned() }
}

#[cold]
pub(super) fn undecodable(stream: &StreamId, event: EventRef<'_>, source: DecodeError) -> StoreError {
    StoreError::Undecodable {
        stream: stream.clone(),
        version: event.version,
        name: event.name.to_owned(),
        type_version: event.type_version,
        source,
    }
}
