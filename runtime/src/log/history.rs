use std::{
    fmt,
    ops::ControlFlow,
    pin::Pin,
    task::{Context, Poll},
};

use futures_util::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};

use super::decode::{decode_event, undecodable};
use crate::{
    codec::decode_meta,
    domain::{Aggregate, Event, Recorded},
    store::{EventRef, Item, ReadStream, Store, StoreError, StreamId},
};

/// How many events of a stream are read at a time.
const CHUNK: u64 = 1_000;

/// Everything that has happened to one aggregate, in order, with what stands beside each event.
///
/// An event that cannot be read is an error that names stream, version and type; the events around it are
/// delivered as always. A failure of the store is the last item.
pub fn history<A: Aggregate>(store: &Store, id: &A::Id) -> History<A::Event> {
    let store = store.clone();
    let first = ReadStream { limit: Some(CHUNK), ..ReadStream::all(StreamId::of(id)) };
    let chunks = stream::unfold(Some(first), move |read| {
        let store = store.clone();
        async move {
            let (events, next) = chunk(&store, read?).await;
            Some((stream::iter(events), next))
        }
    });
    History(chunks.flatten().boxed())
}

/// One reading of the store, and what to read after it.
async fn chunk<E: Event>(
    store: &Store,
    read: ReadStream,
) -> (Vec<Result<Recorded<E>, StoreError>>, Option<ReadStream>) {
    let mut events = Vec::new();
    let mut last = read.after;
    let mut visit = |item: Item<'_>| {
        if let Item::Event(event) = item {
            last = event.version;
            events.push(recorded(&read.stream, event));
        }
        ControlFlow::Continue(())
    };
    if let Err(error) = store.port().read_stream(&read, &mut visit).await {
        events.push(Err(error));
        return (events, None);
    }
    let full = events.len() as u64 == CHUNK;
    (events, full.then_some(ReadStream { after: last, ..read }))
}

fn recorded<E: Event>(stream: &StreamId, event: EventRef<'_>) -> Result<Recorded<E>, StoreError> {
    let decoded = decode_event(stream, event)?;
    let meta = decode_meta(event.meta).map_err(|error| undecodable(stream, event, error))?;
    Ok(Recorded::new(event.position, event.version, event.recorded_at, meta, decoded))
}

/// The events of one aggregate, as [`history`] returns them.
#[must_use = "a stream reads nothing until it is polled"]
pub struct History<E>(BoxStream<'static, Result<Recorded<E>, StoreError>>);

impl<E> History<E> {
    /// The next event; `None` after the last one.
    pub async fn next(&mut self) -> Option<Result<Recorded<E>, StoreError>> {
        self.0.next().await
    }
}

impl<E> Stream for History<E> {
    type Item = Result<Recorded<E>, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<E> fmt::Debug for History<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History").finish_non_exhaustive()
    }
}
