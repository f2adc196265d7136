//! Snapshots: a shortcut, never the truth.

use super::{Fixture, Subject, kit::*};
use crate::{
    domain::Position,
    store::{ReadStream, SnapshotRef, Store, StreamId},
};

async fn save(store: &Store, stream: &StreamId, version: u64, fingerprint: u64, state: &[u8]) {
    let position = Position::from_raw(version * 10);
    let snapshot = SnapshotRef { version, position, fingerprint, state };
    store.port().save_snapshot(stream, snapshot).await.expect("a snapshot can be saved");
}

/// The version of the snapshot, if one was visited, and of the first and last event.
async fn shape(store: &Store, read_stream: &ReadStream) -> (Option<u64>, Vec<u64>) {
    let (snapshot, events) = read(store, read_stream).await;
    (snapshot.map(|snapshot| snapshot.0), events.iter().map(|event| event.version).collect())
}

async fn five_events(store: &Store) -> ReadStream {
    let ann = stream("ann");
    stored(store, at(&ann, 0, ["1", "2", "3", "4", "5"])).await;
    ReadStream { snapshot: Some(7), ..ReadStream::all(ann) }
}

/// A reader who asks for it gets the snapshot first, and the events after it.
pub async fn a_stream_is_read_from_its_snapshot<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let from = five_events(&store).await;
    assert_eq!(shape(&store, &from).await, (None, vec![1, 2, 3, 4, 5]), "there is none yet");
    save(&store, &from.stream, 3, 7, b"three").await;

    let other = subject.open().await;
    assert_eq!(shape(&other, &from).await, (Some(3), vec![4, 5]));
    assert_eq!(
        shape(&store, &ReadStream { snapshot: None, ..from.clone() }).await,
        (None, vec![1, 2, 3, 4, 5])
    );
    assert_eq!(shape(&store, &ReadStream { limit: Some(1), ..from.clone() }).await, (Some(3), vec![4]));
    assert_eq!(shape(&store, &ReadStream { limit: Some(0), ..from.clone() }).await, (Some(3), vec![]));
    assert_eq!(shape(&store, &ReadStream { after: 2, ..from.clone() }).await, (Some(3), vec![4, 5]));
    for after in [3, 4, 5] {
        let seen = shape(&store, &ReadStream { after, ..from.clone() }).await;
        assert_eq!(seen, (None, (after + 1..=5).collect()), "a reader at {after} needs no snapshot of 3");
    }
    save(&store, &from.stream, 5, 7, b"five").await;
    assert_eq!(shape(&other, &from).await, (Some(5), vec![]), "a newer one takes its place");
    stored(&other, at(&from.stream, 5, ["6"])).await;
    assert_eq!(shape(&store, &from).await, (Some(5), vec![6]));
}

/// A state of another shape than the reader's is as good as none, and makes room for one that fits.
pub async fn a_snapshot_of_another_shape_is_not_visited<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let from = five_events(&store).await;
    save(&store, &from.stream, 4, 8, b"another shape").await;
    assert_eq!(shape(&store, &from).await, (None, vec![1, 2, 3, 4, 5]));

    save(&store, &from.stream, 2, 7, b"ours").await;
    assert_eq!(
        shape(&store, &from).await,
        (Some(2), vec![3, 4, 5]),
        "another shape gives way, even a newer one"
    );
    let theirs = ReadStream { snapshot: Some(8), ..from };
    assert_eq!(
        shape(&store, &theirs).await.1.len(),
        5 - shape(&store, &theirs).await.0.unwrap_or(0) as usize
    );
}

/// Of two states of the same shape the one at the higher version stays, in whichever order they arrive.
pub async fn an_older_snapshot_never_replaces_a_newer<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let from = five_events(&store).await;
    save(&store, &from.stream, 4, 7, b"newer").await;
    save(&store, &from.stream, 2, 7, b"older").await;
    assert_eq!(shape(&store, &from).await, (Some(4), vec![5]));
}

/// Its version, position, fingerprint and bytes come back as they were given.
pub async fn a_snapshot_is_kept_byte_for_byte<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let large = vec![0xFF; 700_000];
    let states: [&[u8]; 5] =
        [b"{}", b"", b"\0\xff '); DROP TABLE snapshots; --", br#""\u0000 \ud800""#, &large];
    for (number, state) in states.into_iter().enumerate() {
        let stream = stream(&number.to_string());
        stored(&store, at(&stream, 0, ["1"])).await;
        for fingerprint in [0, 1, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
            let position = Position::from_raw((1 << 53) - 1);
            let given = SnapshotRef { version: 1, position, fingerprint, state };
            store.port().save_snapshot(&stream, given).await.expect("a snapshot can be saved");
            let from = ReadStream { snapshot: Some(fingerprint), ..ReadStream::all(stream.clone()) };
            let (seen, events) = read(&store, &from).await;
            assert!(seen == Some(seen_snapshot(given)), "state {number} with fingerprint {fingerprint}");
            assert!(events.is_empty());
        }
    }
}
