mod commit;
mod deliveries;
mod documents;
mod fleet;
mod inspect;
mod keys;
mod sagas;
mod shards;
mod timers;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    ops::ControlFlow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use uuid::Uuid;

use self::{documents::Library, fleet::FleetBook, sagas::SagaBook, timers::TimerBook};
use super::{
    Append, EventRef, EventStore, Fleet, Inspect, Item, LogEventRef, LogVisitor, Outcome, ParkedDelivery,
    ReadLog, ReadSide, ReadStream, Signal, SnapshotRef, Store, StoreError, StreamId, StreamVisitor,
    check_key,
    resolve::{Ledger, Roster, Write},
};
use crate::{
    clock::Clock,
    codec::encode_meta,
    domain::{IdempotencyKey, Position, Receipt, Timestamp},
};

/// An event store in memory: the reference for the others, and fast enough for every test. Its clones share the
/// events, which are gone with the last of them.
#[derive(Clone, Default)]
pub struct Memory {
    clock: Clock,
    signal: Signal,
    freed: Signal,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    closed: bool,
    ledger: Ledger,
    /// The log: the event at position n is at index n - 1, because positions have no gaps here.
    log: Vec<Arc<Stored>>,
    streams: HashMap<StreamId, Vec<Arc<Stored>>>,
    snapshots: HashMap<StreamId, Arc<Snapshot>>,
    subscriptions: BTreeMap<Arc<str>, Roster>,
    library: Library,
    /// By subscription, position and stream.
    deliveries: BTreeMap<(Arc<str>, Position, Uuid), ParkedDelivery>,
    sagas: SagaBook,
    timers: TimerBook,
    fleet: FleetBook,
}

struct Stored {
    stream: StreamId,
    position: Position,
    version: u64,
    recorded_at: Timestamp,
    name: &'static str,
    type_version: u16,
    meta: Arc<[u8]>,
    payload: Vec<u8>,
}

struct Snapshot {
    version: u64,
    position: Position,
    fingerprint: u64,
    state: Vec<u8>,
}

impl Memory {
    /// An empty store that records by the clock of the system.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store that records by another clock, for tests.
    pub fn with_clock(clock: impl Into<Clock>) -> Self {
        Self { clock: clock.into(), ..Self::default() }
    }

    /// The state, or [`StoreError::Closed`]. A panic cannot leave it half changed: nothing that changes it panics
    /// between its first and its last step.
    fn open(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.lock();
        if state.closed { Err(StoreError::Closed) } else { Ok(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("events", &self.lock().log.len()).finish_non_exhaustive()
    }
}

impl From<Memory> for Store {
    fn from(memory: Memory) -> Self {
        Self::new(memory)
    }
}

impl State {
    fn write(&mut self, write: &Write<'_>, recorded_at: Timestamp) {
        let append = write.append;
        let meta: Arc<[u8]> = encode_meta(&append.meta).into();
        for (index, event) in append.events.iter().enumerate() {
            let (version, position) = write.place(index);
            let stored = Arc::new(Stored {
                stream: append.stream.clone(),
                position,
                version,
                recorded_at,
                name: event.name,
                type_version: event.version,
                meta: Arc::clone(&meta),
                payload: event.payload.clone(),
            });
            self.streams.entry(append.stream.clone()).or_default().push(Arc::clone(&stored));
            self.log.push(stored);
        }
        append.documents.iter().for_each(|document| self.library.write(document));
        if let Some(process) = &append.process {
            self.sagas.write(process, recorded_at);
            process.timers.iter().for_each(|timer| self.timers.write(&append.stream, timer, recorded_at));
        }
    }

    /// Lets the ledger know the documents and leases that a batch asks about.
    fn look_up(&mut self, batch: &[Append]) {
        self.ledger.documents.clear();
        self.ledger.leases.clear();
        for append in batch.iter().flat_map(Append::parts) {
            for write in &append.documents {
                let revision = self.library.revision(&write.collection, &write.key);
                self.ledger.documents.insert((Arc::clone(&write.collection), write.key.clone()), revision);
            }
            if let Some(fence) = append.process.as_ref().and_then(|process| process.fence.as_ref())
                && let Some(token) = self.token(&fence.subscription, fence.shard)
            {
                self.ledger.leases.insert((Arc::clone(&fence.subscription), fence.shard), token);
            }
        }
    }

    /// The snapshot that a reader asks for, if it has one that saves it reading.
    fn snapshot(&self, read: &ReadStream) -> Option<Arc<Snapshot>> {
        let snapshot = self.snapshots.get(&read.stream)?;
        let fits = Some(snapshot.fingerprint) == read.snapshot && snapshot.version > read.after;
        fits.then(|| Arc::clone(snapshot))
    }
}

impl Stored {
    fn as_event(&self) -> EventRef<'_> {
        EventRef {
            position: self.position,
            version: self.version,
            recorded_at: self.recorded_at,
            name: self.name,
            type_version: self.type_version,
            meta: &self.meta,
            payload: &self.payload,
        }
    }
}

impl Snapshot {
    fn borrowed(&self) -> SnapshotRef<'_> {
        let Self { version, position, fingerprint, ref state } = *self;
        SnapshotRef { version, position, fingerprint, state }
    }
}

/// The events after number `after`, at most `limit`.
fn page(events: &[Arc<Stored>], after: u64, limit: Option<u64>) -> Vec<Arc<Stored>> {
    let to_index = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let events = events.get(to_index(after)..).unwrap_or_default();
    events.iter().take(limit.map_or(usize::MAX, to_index)).cloned().collect()
}

#[async_trait]
impl EventStore for Memory {
    async fn append(&self, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        batch.iter().try_for_each(Append::check)?;
        let mut state = self.open()?;
        state.look_up(batch);
        let mut writes = Vec::new();
        let outcomes = state.ledger.decide(batch, &mut writes);
        let recorded_at = self.clock.now();
        for write in &writes {
            state.write(write, recorded_at);
        }
        drop(state);
        if !writes.is_empty() {
            self.signal.ring();
        }
        Ok(outcomes)
    }

    async fn read_stream(&self, read: &ReadStream, visit: StreamVisitor<'_>) -> Result<(), StoreError> {
        read.stream.check()?;
        // The visitor runs without the lock: it may take its time.
        let (snapshot, events) = {
            let state = self.open()?;
            let snapshot = state.snapshot(read);
            let after = snapshot.as_ref().map_or(read.after, |snapshot| snapshot.version);
            let stream = state.streams.get(&read.stream).map_or(&[][..], Vec::as_slice);
            (snapshot, page(stream, after, read.limit))
        };
        let snapshot = snapshot.iter().map(|snapshot| Item::Snapshot(snapshot.borrowed()));
        let events = events.iter().map(|event| Item::Event(event.as_event()));
        // Stopped or not, there is nothing more to do.
        let _: ControlFlow<()> = snapshot.chain(events).try_for_each(visit);
        Ok(())
    }

    async fn read_log(&self, read: &ReadLog, visit: LogVisitor<'_>) -> Result<Position, StoreError> {
        let events = page(&self.open()?.log, read.after.raw(), Some(read.limit));
        let mut last = read.after;
        for stored in &events {
            last = stored.position;
            if visit(LogEventRef { stream: &stored.stream, event: stored.as_event() }).is_break() {
                break;
            }
        }
        Ok(last)
    }

    async fn last_position(&self) -> Result<Position, StoreError> {
        Ok(self.open()?.ledger.last)
    }

    async fn find_key(&self, key: &IdempotencyKey) -> Result<Option<(StreamId, Receipt)>, StoreError> {
        check_key(key)?;
        Ok(self.open()?.ledger.keys.get(key).cloned())
    }

    async fn save_snapshot(&self, stream: &StreamId, snapshot: SnapshotRef<'_>) -> Result<(), StoreError> {
        stream.check()?;
        let mut state = self.open()?;
        let SnapshotRef { version, position, fingerprint, state: bytes } = snapshot;
        let newer = Arc::new(Snapshot { version, position, fingerprint, state: bytes.to_vec() });
        match state.snapshots.get(stream) {
            Some(kept) if kept.fingerprint == fingerprint && kept.version >= version => {}
            _ => drop(state.snapshots.insert(stream.clone(), newer)),
        }
        Ok(())
    }

    fn read_side(&self) -> Option<&dyn ReadSide> {
        Some(self)
    }

    fn fleet(&self) -> Option<&dyn Fleet> {
        Some(self)
    }

    fn inspect(&self) -> Option<&dyn Inspect> {
        Some(self)
    }

    fn location(&self) -> Option<String> {
        Some(format!("memory:{:p}", Arc::as_ptr(&self.state)))
    }

    async fn close(&self) {
        self.lock().closed = true;
    }
}
