use crate::{
    domain::{EventType, Meta},
    store::StreamId,
};

/// What is known of a command whose events are about to be stored.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ProposedCall<'a> {
    /// The command's type with its path.
    pub command_type: &'static str,
    /// Where the events are to be stored.
    pub stream: &'a StreamId,
    /// What is to be stored beside them.
    pub meta: &'a Meta,
}

impl<'a> ProposedCall<'a> {
    pub(crate) fn new(command_type: &'static str, stream: &'a StreamId, meta: &'a Meta) -> Self {
        Self { command_type, stream, meta }
    }
}

/// An event that is about to be stored.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ProposedEvent<'a> {
    /// Its type: name, version and shape.
    pub event_type: &'static EventType,
    /// JSON, as it will be stored.
    pub payload: &'a [u8],
}

impl<'a> ProposedEvent<'a> {
    pub(crate) fn new(event_type: &'static EventType, payload: &'a [u8]) -> Self {
        Self { event_type, payload }
    }
}
