//! Reading the log while nobody writes.

use std::ops::ControlFlow;

use super::{Fixture, Subject, kit::*};
use crate::{
    domain::Position,
    store::{LogEventRef, ReadLog, Store},
};

async fn fill(store: &Store) -> usize {
    for version in 0..20 {
        let batch: Vec<_> = (0..5).map(|n| at(&stream(&n.to_string()), version, ["x"])).collect();
        send(store, &batch).await;
    }
    100
}

/// Before the first event the log ends where it starts.
pub async fn an_empty_log_ends_at_the_start<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    assert_eq!(store.port().last_position().await.expect("readable"), Position::START);
    assert_eq!(page(&store, Position::START, 10).await, (vec![], Position::START));
    let later = Position::from_raw(77);
    assert_eq!(page(&store, later, 10).await, (vec![], later), "a position is kept where nothing follows");
}

/// Whatever the size of its pages, the log is the same, and `last_position` is its end.
pub async fn every_page_size_gives_the_same_log<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let count = fill(&store).await;
    let whole = log(&store, 1_000_000).await;
    assert_eq!(whole.len(), count);
    for size in [1, 2, 3, 7, 99, 100, 101, i64::MAX as u64 + 1, u64::MAX] {
        assert_eq!(log(&store, size).await, whole, "pages of {size}");
    }
    let last = whole[count - 1].position;
    assert_eq!(store.port().last_position().await.expect("readable"), last);
    assert_eq!(page(&store, Position::START, 0).await.1, Position::START, "a page of nothing goes nowhere");
    for after in [last, Position::from_raw((1 << 53) - 1), Position::from_raw(u64::MAX)] {
        assert_eq!(page(&store, after, 10).await, (vec![], after));
    }
}

/// A visitor that has enough is not called again, and the reading goes on behind what it saw last.
pub async fn a_visitor_of_the_log_may_stop<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    fill(&store).await;
    let whole = log(&store, 1000).await;
    for stop in [1, 2, 50, 100] {
        let mut visited = Vec::new();
        let mut visit = |event: LogEventRef<'_>| {
            visited.push(Seen::new(event.stream, event.event));
            if visited.len() == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let read = ReadLog { after: Position::START, limit: 1000 };
        let next = store.port().read_log(&read, &mut visit).await.expect("readable");
        assert_eq!(visited, whole[..stop]);
        assert_eq!(next, whole[stop - 1].position);
        assert_eq!(page(&store, next, 1000).await.0, whole[stop..]);
    }
}

/// While nobody else writes, an append is in its stream and in the log once it is acknowledged, for every handle.
pub async fn what_is_acknowledged_is_in_the_log<F: Fixture>(subject: &Subject<F>) {
    let stores = [subject.open().await, subject.open().await];
    let ann = stream("ann");
    let mut after = Position::START;
    for version in 0..30 {
        let writer = &stores[version as usize % 2];
        let receipt = stored(writer, at(&ann, version, ["x"])).await;
        for reader in &stores {
            assert_eq!(reader.port().last_position().await.expect("readable"), receipt.position);
            let (events, next) = page(reader, after, 10).await;
            assert_eq!((events.len(), next), (1, receipt.position));
            assert_eq!(read_version(reader, &ann).await, version + 1);
        }
        after = receipt.position;
    }
}

async fn read_version(store: &Store, stream: &crate::store::StreamId) -> u64 {
    events(store, stream).await.last().map_or(0, |event| event.version)
}
