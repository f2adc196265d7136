//! Short words for the checks.

use std::{collections::BTreeMap, ops::ControlFlow};

use crate::{
    domain::{IdempotencyKey, Meta, Position, Receipt, Timestamp},
    store::{
        Append, EventRef, Expected, Item, NewEvent, Outcome, ReadLog, ReadStream, SnapshotRef, Store,
        StoreError, StreamId,
    },
};

/// An event as it was read, with its own memory.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) stream: StreamId,
    pub(super) position: Position,
    pub(super) version: u64,
    pub(super) recorded_at: Timestamp,
    pub(super) name: String,
    pub(super) type_version: u16,
    pub(super) meta: Vec<u8>,
    pub(super) payload: Vec<u8>,
}

impl Seen {
    pub(super) fn new(stream: &StreamId, event: EventRef<'_>) -> Self {
        Self {
            stream: stream.clone(),
            position: event.position,
            version: event.version,
            recorded_at: event.recorded_at,
            name: event.name.to_owned(),
            type_version: event.type_version,
            meta: event.meta.to_vec(),
            payload: event.payload.to_vec(),
        }
    }
}

/// A snapshot as it was read: version, position, fingerprint and state.
pub(super) type SeenSnapshot = (u64, Position, u64, Vec<u8>);

pub(super) fn seen_snapshot(snapshot: SnapshotRef<'_>) -> SeenSnapshot {
    (snapshot.version, snapshot.position, snapshot.fingerprint, snapshot.state.to_vec())
}

pub(super) fn stream(id: &str) -> StreamId {
    StreamId::new("contract", id)
}

pub(super) fn key(text: impl Into<String>) -> IdempotencyKey {
    IdempotencyKey::new(text)
}

/// An append of events with these payloads.
pub(super) fn append<const N: usize>(stream: &StreamId, expected: Expected, payloads: [&str; N]) -> Append {
    let event = |payload: &str| NewEvent { name: "contract.happened", version: 1, payload: payload.into() };
    Append {
        stream: stream.clone(),
        expected,
        key: None,
        meta: Meta::default(),
        events: payloads.into_iter().map(event).collect(),
        documents: vec![],
        process: None,
        together: None,
    }
}

/// An append to a stream at this version.
pub(super) fn at<const N: usize>(stream: &StreamId, version: u64, payloads: [&str; N]) -> Append {
    append(stream, Expected::Version(version), payloads)
}

/// An append wherever the stream ends.
pub(super) fn anywhere<const N: usize>(stream: &StreamId, payloads: [&str; N]) -> Append {
    append(stream, Expected::Any, payloads)
}

/// The same append with a key.
pub(super) fn keyed(append: Append, text: impl Into<String>) -> Append {
    Append { key: Some(key(text)), ..append }
}

/// The outcomes of a batch, which must be as many as the appends.
pub(super) async fn send(store: &Store, batch: &[Append]) -> Vec<Outcome> {
    let outcomes = store.port().append(batch).await.expect("a batch must not fail as a whole");
    assert_eq!(outcomes.len(), batch.len(), "one outcome for each append");
    outcomes
}

/// The outcome of one append.
pub(super) async fn send_one(store: &Store, append: Append) -> Outcome {
    send(store, &[append]).await.remove(0)
}

/// The receipt of an append that must be stored.
pub(super) async fn stored(store: &Store, append: Append) -> Receipt {
    receipt(&send_one(store, append).await)
}

#[track_caller]
pub(super) fn receipt(outcome: &Outcome) -> Receipt {
    match outcome {
        Outcome::Appended(receipt) => *receipt,
        other => panic!("expected an append to be stored, but it was {other:?}"),
    }
}

/// What a read of a stream visits: its snapshot, and its events.
pub(super) async fn try_read(
    store: &Store,
    read: &ReadStream,
) -> Result<(Option<SeenSnapshot>, Vec<Seen>), StoreError> {
    let (mut snapshot, mut events) = (None, Vec::new());
    let mut visit = |item: Item<'_>| {
        match item {
            Item::Snapshot(state) => {
                assert!(snapshot.is_none() && events.is_empty(), "a snapshot comes first, and once");
                snapshot = Some(seen_snapshot(state));
            }
            Item::Event(event) => events.push(Seen::new(&read.stream, event)),
        }
        ControlFlow::Continue(())
    };
    store.port().read_stream(read, &mut visit).await?;
    Ok((snapshot, events))
}

pub(super) async fn read(store: &Store, read: &ReadStream) -> (Option<SeenSnapshot>, Vec<Seen>) {
    try_read(store, read).await.expect("a stream can be read")
}

/// All events of a stream, whose versions must be 1, 2, 3, .. at growing positions.
pub(super) async fn events(store: &Store, stream: &StreamId) -> Vec<Seen> {
    let (_, events) = read(store, &ReadStream::all(stream.clone())).await;
    let versions: Vec<_> = events.iter().map(|event| event.version).collect();
    assert_eq!(versions, (1..=events.len() as u64).collect::<Vec<_>>(), "versions of {stream}");
    assert!(events.is_sorted_by(|a, b| a.position < b.position), "positions of {stream} grow");
    events
}

pub(super) async fn payloads(store: &Store, stream: &StreamId) -> Vec<String> {
    let text = |event: Seen| String::from_utf8(event.payload).expect("these payloads are text");
    events(store, stream).await.into_iter().map(text).collect()
}

/// One page of the log.
pub(super) async fn page(store: &Store, after: Position, limit: u64) -> (Vec<Seen>, Position) {
    let mut events = Vec::new();
    let mut visit = |event: crate::store::LogEventRef<'_>| {
        events.push(Seen::new(event.stream, event.event));
        ControlFlow::Continue(())
    };
    let next =
        store.port().read_log(&ReadLog { after, limit }, &mut visit).await.expect("the log can be read");
    let last = events.last().map_or(after, |event| event.position);
    assert_eq!(next, last, "the log goes on from the last event that was visited");
    assert!(events.len() as u64 <= limit, "a page has at most {limit} events");
    (events, next)
}

/// The whole log, which must be in the order of positions and hold each stream in the order of its versions.
pub(super) async fn log(store: &Store, page_size: u64) -> Vec<Seen> {
    let (mut all, mut after) = (Vec::new(), Position::START);
    loop {
        let (events, next) = page(store, after, page_size).await;
        if events.is_empty() {
            check_order(&all);
            return all;
        }
        all.extend(events);
        after = next;
    }
}

#[track_caller]
pub(super) fn check_order(log: &[Seen]) {
    assert!(log.is_sorted_by(|a, b| a.position < b.position), "the log is in the order of positions");
    let mut versions = BTreeMap::<_, u64>::new();
    for event in log {
        let last = versions.entry(event.stream.key()).or_default();
        assert_eq!(event.version, *last + 1, "{} at {} in the log", event.stream, event.position);
        *last = event.version;
    }
}

/// Numbers that look random and are the same in every run (xorshift64*).
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `bound`.
    pub(super) fn roll(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % bound
    }
}
