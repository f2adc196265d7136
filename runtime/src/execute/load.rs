use std::ops::{ControlFlow, Deref};

use crate::{
    domain::{Aggregate, Event, Misfit, Position},
    log::decode_event,
    store::{EventStore, Item, ReadStream, StoreError, StreamId},
};

/// The state of an aggregate as it stands in the store, with its version. Dereferences to the state.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded<A> {
    state: A,
    version: u64,
    position: Position,
}

impl<A> Loaded<A> {
    /// The version of the stream: how many events it has.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The position of the last event in this state.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The state alone.
    pub fn into_inner(self) -> A {
        self.state
    }
}

impl<A> Deref for Loaded<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.state
    }
}

/// A state being folded from a stream.
#[derive(Debug)]
pub(super) struct LoadedState<A> {
    /// What there is; nothing before the first event.
    pub(super) state: Option<A>,
    /// The version of the last event in it, 0 before the first.
    pub(super) version: u64,
    pub(super) position: Position,
    /// The version of the last snapshot that is known of.
    pub(super) snapshot: u64,
}

impl<A: Aggregate> LoadedState<A> {
    pub(super) fn nothing() -> Self {
        Self { state: None, version: 0, position: Position::START, snapshot: 0 }
    }

    /// Takes one item of the stream in.
    fn take_in(&mut self, stream: &StreamId, item: Item<'_>) -> Result<(), Interrupt> {
        match item {
            Item::Event(event) => {
                let decoded = decode_event::<A::Event>(stream, event).map_err(Interrupt::Failed)?;
                A::fold(&mut self.state, &decoded).map_err(|misfit| {
                    Interrupt::Failed(out_of_place::<A>(stream, event.version, &decoded, misfit))
                })?;
                (self.version, self.position) = (event.version, event.position);
            }
            Item::Snapshot(snapshot) => {
                // A snapshot is only a shortcut: one that cannot be read is as good as none.
                let restored = A::SNAPSHOT.and_then(|policy| (policy.restore)(snapshot.state).ok());
                self.state = Some(restored.ok_or(Interrupt::UnreadableSnapshot)?);
                (self.version, self.position) = (snapshot.version, snapshot.position);
                self.snapshot = snapshot.version;
            }
        }
        Ok(())
    }
}

fn out_of_place<A: Aggregate>(
    stream: &StreamId,
    version: u64,
    event: &A::Event,
    source: Misfit,
) -> StoreError {
    StoreError::OutOfPlace { stream: stream.clone(), version, event: name_of(event), source }
}

/// What an event is called in the store.
pub(super) fn name_of<E: Event>(event: &E) -> &'static str {
    E::TYPES.get(event.index()).map_or("?", |found| found.name)
}

/// Why reading a stream was stopped early.
enum Interrupt {
    UnreadableSnapshot,
    Failed(StoreError),
}

/// The latest state; version 0 where the stream has no events.
pub(super) async fn load_state<A: Aggregate>(
    store: &dyn EventStore,
    stream: &StreamId,
) -> Result<LoadedState<A>, StoreError> {
    let fingerprint = A::SNAPSHOT.map(|policy| policy.fingerprint);
    let mut read = ReadStream { snapshot: fingerprint, ..ReadStream::all(stream.clone()) };
    let mut loaded = LoadedState::nothing();
    match fold(store, &read, &mut loaded).await {
        Ok(()) => return Ok(loaded),
        Err(Interrupt::Failed(error)) => return Err(error),
        Err(Interrupt::UnreadableSnapshot) => {
            tracing::warn!(%stream, "the snapshot cannot be read and is ignored; it is replaced by the next one");
        }
    }
    read.snapshot = None;
    let mut loaded = LoadedState::nothing();
    fold(store, &read, &mut loaded).await.map_err(without_snapshot)?;
    Ok(loaded)
}

/// Brings a state up to date with the events that were stored since.
pub(super) async fn catch_up<A: Aggregate>(
    store: &dyn EventStore,
    stream: &StreamId,
    loaded: &mut LoadedState<A>,
) -> Result<(), StoreError> {
    let read = ReadStream { after: loaded.version, ..ReadStream::all(stream.clone()) };
    fold(store, &read, loaded).await.map_err(without_snapshot)
}

async fn fold<A: Aggregate>(
    store: &dyn EventStore,
    read: &ReadStream,
    loaded: &mut LoadedState<A>,
) -> Result<(), Interrupt> {
    let mut interrupt = None;
    let mut visit = |item: Item<'_>| match loaded.take_in(&read.stream, item) {
        Ok(()) => ControlFlow::Continue(()),
        Err(reason) => {
            interrupt = Some(reason);
            ControlFlow::Break(())
        }
    };
    store.read_stream(read, &mut visit).await.map_err(Interrupt::Failed)?;
    interrupt.map_or(Ok(()), Err)
}

/// Only a read that asks for a snapshot can meet one.
fn without_snapshot(interrupt: Interrupt) -> StoreError {
    match interrupt {
        Interrupt::Failed(error) => error,
        Interrupt::UnreadableSnapshot => StoreError::Backend {
            what: "reading a stream".into(),
            source: "the store gave a snapshot that was not asked for".into(),
        },
    }
}

/// The latest state of an aggregate; `None` where it has no events.
pub(crate) async fn load<A: Aggregate>(
    store: &dyn EventStore,
    id: &A::Id,
) -> Result<Option<Loaded<A>>, StoreError> {
    let loaded = load_state::<A>(store, &StreamId::of(id)).await?;
    Ok(finish(loaded))
}

/// The state after the first `version` events; `None` where it has fewer, or where `version` is 0.
pub(crate) async fn load_at<A: Aggregate>(
    store: &dyn EventStore,
    id: &A::Id,
    version: u64,
) -> Result<Option<Loaded<A>>, StoreError> {
    if version == 0 {
        return Ok(None);
    }
    let read = ReadStream { limit: Some(version), ..ReadStream::all(StreamId::of(id)) };
    let mut loaded = LoadedState::nothing();
    fold(store, &read, &mut loaded).await.map_err(without_snapshot)?;
    Ok(finish(loaded).filter(|loaded| loaded.version == version))
}

fn finish<A>(loaded: LoadedState<A>) -> Option<Loaded<A>> {
    let LoadedState { state, version, position, .. } = loaded;
    state.filter(|_| version > 0).map(|state| Loaded { state, version, position })
}
