use std::{collections::HashMap, ops::ControlFlow};

use serde::{Deserialize, Serialize};

use super::Operations;
use crate::{
    app::Register,
    codec::DecodeError,
    domain::{Aggregate, CommandHandlers, Position},
    log::decode_event,
    model::Describe,
    monitor::{CATEGORY, MonitorEvent},
    saga::SagaEvent,
    store::{EventRef, LogEventRef, Part, ReadLog, Repair, Store, StoreError, StoredSnapshot, StreamId},
};

/// So many events, and snapshots, are read at a time, and so many that cannot be read are told one by one.
const PAGE: u64 = 2_000;
const SNAPSHOTS: u64 = 250;
const MOST: usize = 1_000;

/// Which events and snapshots the code of a domain can read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decoded {
    /// How many events it has read.
    pub read: u64,
    /// How many are of streams that are none of its own.
    pub foreign: u64,
    /// How many it cannot read.
    pub unreadable: u64,
    /// The first of those: the stream, and why.
    pub reasons: Vec<(String, String)>,
    /// The snapshots.
    #[serde(default)]
    pub snapshots: DecodedSnapshots,
}

/// Which snapshots the code of a domain can read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecodedSnapshots {
    /// How many it has read.
    pub read: u64,
    /// How many have another shape than its state, or are of an aggregate that keeps none any more. They are as good as
    /// not there: whoever loads the state replays the events.
    pub outdated: u64,
    /// How many are of streams that are none of its own.
    pub foreign: u64,
    /// How many have its shape, and it cannot read them.
    pub unreadable: u64,
    /// The first of those: the stream, why, and how it is removed.
    pub reasons: Vec<(String, String, Repair)>,
}

/// How far reading has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecodeProgress {
    /// What is read.
    pub what: String,
    /// How many of it are read.
    pub done: u64,
    /// Of about how many; 0 where nobody knows.
    pub of: u64,
}

type Decode = fn(&StreamId, EventRef<'_>) -> Result<(), StoreError>;
/// Whether a snapshot has the shape of today, if it can be read.
type Restore = fn(&StoredSnapshot) -> Result<bool, DecodeError>;

/// How the events, and the snapshots, of each category are read.
#[derive(Default)]
struct Readers(HashMap<&'static str, (Decode, Restore)>);

fn restore<A: Aggregate>(snapshot: &StoredSnapshot) -> Result<bool, DecodeError> {
    match A::SNAPSHOT {
        Some(policy) if policy.fingerprint == snapshot.fingerprint => {
            (policy.restore)(&snapshot.state).map(|_| true)
        }
        _ => Ok(false),
    }
}

impl Describe for Readers {
    fn aggregate<A: CommandHandlers>(&mut self) {
        let decode: Decode = |stream, event| decode_event::<A::Event>(stream, event).map(drop);
        self.0.insert(A::NAME, (decode, restore::<A>));
    }
}

impl Readers {
    fn of(&self, category: &str) -> Option<Decode> {
        match category {
            CATEGORY => Some(|stream, event| decode_event::<MonitorEvent>(stream, event).map(drop)),
            _ if category.starts_with("saga.") => {
                Some(|stream, event| SagaEvent::read(stream, event).map(drop))
            }
            _ => self.0.get(category).map(|(decode, _)| *decode),
        }
    }
}

/// Reads all events of a store with the code of a domain, through all upcasters, and all snapshots. It tells now and then
/// how far it has come.
///
/// # Errors
/// [`StoreError::Unsupported`], [`StoreError::Unavailable`], [`StoreError::Backend`].
pub async fn decode_all<D: Register>(
    store: &Store,
    mut progress: impl FnMut(DecodeProgress),
) -> Result<Decoded, StoreError> {
    let mut readers = Readers::default();
    D::describe(&mut readers);
    let operations = Operations::of(store.clone());
    let mut decoded = Decoded::default();
    read_events(&operations, &readers, &mut decoded, &mut progress).await?;
    decoded.snapshots = read_snapshots(&operations, &readers, &mut progress).await?;
    Ok(decoded)
}

async fn read_events(
    operations: &Operations,
    readers: &Readers,
    decoded: &mut Decoded,
    progress: &mut impl FnMut(DecodeProgress),
) -> Result<(), StoreError> {
    let of = operations.inspect()?.extent(Part::Events).await?;
    let mut after = Position::START;
    loop {
        let mut visit = |LogEventRef { stream, event }: LogEventRef<'_>| {
            match readers.of(stream.category()).map(|read| read(stream, event)) {
                None => decoded.foreign += 1,
                Some(Ok(())) => decoded.read += 1,
                Some(Err(error)) => {
                    decoded.unreadable += 1;
                    if decoded.reasons.len() < MOST {
                        decoded.reasons.push((name(stream), error.to_string()));
                    }
                }
            }
            ControlFlow::Continue(())
        };
        let next = operations.store().port().read_log(&ReadLog { after, limit: PAGE }, &mut visit).await?;
        if next == after {
            return Ok(());
        }
        after = next;
        let done = decoded.read + decoded.foreign + decoded.unreadable;
        progress(DecodeProgress { what: "events by the domain".to_owned(), done, of });
    }
}

async fn read_snapshots(
    operations: &Operations,
    readers: &Readers,
    progress: &mut impl FnMut(DecodeProgress),
) -> Result<DecodedSnapshots, StoreError> {
    let of = operations.inspect()?.extent(Part::Snapshots).await?;
    let (mut found, mut after, mut done) = (DecodedSnapshots::default(), None, 0);
    loop {
        let page = operations.inspect()?.list_snapshots(after, SNAPSHOTS).await?;
        for snapshot in &page {
            match readers.0.get(snapshot.stream.category()).map(|(_, restore)| restore(snapshot)) {
                None => found.foreign += 1,
                Some(Ok(true)) => found.read += 1,
                Some(Ok(false)) => found.outdated += 1,
                Some(Err(error)) => found.cannot(snapshot, &error),
            }
        }
        done += page.len() as u64;
        after = page.last().map(|last| last.stream.key());
        if (page.len() as u64) < SNAPSHOTS {
            return Ok(found);
        }
        progress(DecodeProgress { what: "snapshots by the domain".to_owned(), done, of });
    }
}

impl DecodedSnapshots {
    fn cannot(&mut self, snapshot: &StoredSnapshot, error: &DecodeError) {
        self.unreadable += 1;
        if self.reasons.len() < MOST {
            let StoredSnapshot { stream, version, position, fingerprint, state } = snapshot;
            let found = format!("its snapshot of version {version} cannot be read: {error}");
            let repair = Repair::snapshot(stream.key(), *version, position.raw(), *fingerprint, state);
            self.reasons.push((name(stream), found, repair));
        }
    }
}

fn name(stream: &StreamId) -> String {
    format!("{}/{}", stream.category(), stream.id())
}
