use std::{collections::HashMap, ops::ControlFlow};

use serde::{Deserialize, Serialize};

use crate::{
    app::Register,
    domain::{CommandHandlers, Position},
    log::decode_event,
    model::Describe,
    monitor::{CATEGORY, MonitorEvent},
    saga::SagaEvent,
    store::{EventRef, LogEventRef, ReadLog, Store, StoreError, StreamId},
};

/// So many events are read at a time, and so many that cannot be read are told one by one.
const PAGE: u64 = 2_000;
const MOST: usize = 1_000;

/// Which events the code of a domain can read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decoded {
    /// How many it has read.
    pub read: u64,
    /// How many are of streams that are none of its own.
    pub foreign: u64,
    /// How many it cannot read.
    pub unreadable: u64,
    /// The first of those: the stream, and why.
    pub reasons: Vec<(String, String)>,
}

type Decode = fn(&StreamId, EventRef<'_>) -> Result<(), StoreError>;

/// How the events of each category are read.
#[derive(Default)]
struct Readers(HashMap<&'static str, Decode>);

impl Describe for Readers {
    fn aggregate<A: CommandHandlers>(&mut self) {
        self.0.insert(A::NAME, |stream, event| decode_event::<A::Event>(stream, event).map(drop));
    }
}

impl Readers {
    fn of(&self, category: &str) -> Option<Decode> {
        match category {
            CATEGORY => Some(|stream, event| decode_event::<MonitorEvent>(stream, event).map(drop)),
            _ if category.starts_with("saga.") => {
                Some(|stream, event| SagaEvent::read(stream, event).map(drop))
            }
            _ => self.0.get(category).copied(),
        }
    }
}

/// Reads all events of a store with the code of a domain, through all upcasters.
///
/// # Errors
/// [`StoreError::Unavailable`], [`StoreError::Backend`].
pub async fn decode_all<D: Register>(store: &Store) -> Result<Decoded, StoreError> {
    let mut readers = Readers::default();
    D::describe(&mut readers);
    let (mut decoded, mut after) = (Decoded::default(), Position::START);
    loop {
        let mut visit = |LogEventRef { stream, event }: LogEventRef<'_>| {
            match readers.of(stream.category()).map(|read| read(stream, event)) {
                None => decoded.foreign += 1,
                Some(Ok(())) => decoded.read += 1,
                Some(Err(error)) => {
                    decoded.unreadable += 1;
                    if decoded.reasons.len() < MOST {
                        let name = format!("{}/{}", stream.category(), stream.id());
                        decoded.reasons.push((name, error.to_string()));
                    }
                }
            }
            ControlFlow::Continue(())
        };
        let next = store.port().read_log(&ReadLog { after, limit: PAGE }, &mut visit).await?;
        if next == after {
            return Ok(decoded);
        }
        after = next;
    }
}
