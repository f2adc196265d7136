//! Reading a stream: from where, how much, and until when.

use std::ops::ControlFlow;

use super::{Fixture, Subject, kit::*};
use crate::store::{Item, ReadStream};

/// `after` and `limit` cut the stream exactly, at every place and beyond its ends.
pub async fn a_stream_is_read_after_a_version_and_up_to_a_limit<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    for version in 0..10 {
        send(&store, &[at(&ann, version, ["a"]), at(&bob, version, ["b"])]).await;
    }
    for after in [0, 1, 5, 9, 10, 11, i64::MAX as u64, u64::MAX] {
        for limit in [None, Some(0), Some(1), Some(4), Some(10), Some(i64::MAX as u64 + 1), Some(u64::MAX)] {
            let (snapshot, events) =
                read(&store, &ReadStream { stream: ann.clone(), after, limit, snapshot: None }).await;
            let last = after.saturating_add(limit.unwrap_or(u64::MAX)).min(10);
            let expected: Vec<_> = (after.saturating_add(1)..=last).collect();
            let versions: Vec<_> = events.iter().map(|event| event.version).collect();
            assert_eq!(versions, expected, "after {after}, limit {limit:?}");
            assert_eq!(snapshot, None);
            assert!(events.iter().all(|event| event.payload == b"a"));
        }
    }
}

/// A stream that nobody has written to is empty, and not an error.
pub async fn an_unknown_stream_is_empty<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let nobody = stream("nobody");
    assert_eq!(read(&store, &ReadStream::all(nobody.clone())).await, (None, vec![]));
    let all = ReadStream { snapshot: Some(1), ..ReadStream::all(nobody) };
    assert_eq!(read(&store, &all).await, (None, vec![]));
}

/// A visitor that has enough is not called again, and what it left unread harms no later reader.
pub async fn a_visitor_of_a_stream_may_stop<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = stream("ann");
    for version in 0..40 {
        stored(&store, at(&ann, version * 5, ["1", "2", "3", "4", "5"])).await;
    }
    for stop in [1, 2, 3, 100, 200] {
        let mut visited = Vec::new();
        let mut visit = |item: Item<'_>| {
            if let Item::Event(event) = item {
                visited.push(event.version);
            }
            if visited.len() == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        store.port().read_stream(&ReadStream::all(ann.clone()), &mut visit).await.expect("readable");
        assert_eq!(visited, (1..=stop as u64).collect::<Vec<_>>());
    }
    assert_eq!(events(&store, &ann).await.len(), 200);
}
