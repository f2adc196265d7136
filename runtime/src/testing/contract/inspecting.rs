//! What there is, told to those who look after a store.

use std::collections::BTreeMap;

use super::{Fixture, Subject, kit::*};
use crate::{
    domain::{Position, Timestamp},
    store::{
        Expected, Inspect, Part, RecordedEvent, Restoring, SnapshotRef, Store, StoredSnapshot, StreamFilter,
        StreamId, StreamState, Tally,
    },
};

pub(super) fn inspect(store: &Store) -> &dyn Inspect {
    store.port().inspect().expect("the store can tell what there is in it")
}

/// All streams that pass, looked at so many at a time.
async fn streams(store: &Store, filter: &StreamFilter, most: u64) -> Vec<StreamState> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = inspect(store).list_streams(filter, after, most).await.expect("a page of streams");
        assert!(page.looked_at <= most && page.streams.len() as u64 <= page.looked_at, "{page:?}");
        all.extend(page.streams);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

async fn seven(store: &Store) {
    for n in 1..=7_u64 {
        let category = if n % 2 == 0 { "even" } else { "odd" };
        for version in 0..n {
            let append = at(&StreamId::new(category, &format!("n-{n}")), version, ["{}"]);
            stored(store, append).await;
        }
    }
}

/// Every stream is told once, whatever the size of a page, with its version and its last event.
pub async fn streams_are_listed<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    assert_eq!(streams(&store, &StreamFilter::default(), 10).await, []);
    seven(&store).await;
    let all = streams(&store, &StreamFilter::default(), 100).await;
    assert_eq!(all.len(), 7);
    assert!(all.is_sorted_by_key(|state| state.stream.key()), "{all:?}");
    for state in &all {
        let (_, events) = read(&store, &crate::store::ReadStream::all(state.stream.clone())).await;
        let last = events.last().expect("its last event");
        assert_eq!(state.version, last.version);
        assert_eq!(state.last, Some((last.position, last.recorded_at)));
    }
    for most in 1..=8 {
        assert_eq!(streams(&store, &StreamFilter::default(), most).await, all, "pages of {most}");
    }
}

/// A filter of streams compares exactly.
pub async fn streams_are_filtered<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    seven(&store).await;
    stored(&store, at(&StreamId::new("odd", "N-1%"), 0, ["{}"])).await;
    stored(&store, at(&StreamId::new("odd", "ünder"), 0, ["{}"])).await;
    let count = async |category: Option<&str>, id_prefix: Option<&str>| {
        let filter =
            StreamFilter { category: category.map(str::to_owned), id_prefix: id_prefix.map(str::to_owned) };
        let found = streams(&store, &filter, 4).await;
        assert!(found.iter().all(|state| filter.matches(state.stream.category(), state.stream.id())));
        found.len()
    };
    assert_eq!(count(Some("even"), None).await, 3);
    assert_eq!(count(Some("EVEN"), None).await, 0);
    assert_eq!(count(None, Some("n-")).await, 7);
    assert_eq!(count(None, Some("N-1%")).await, 1);
    assert_eq!(count(None, Some("%")).await, 0);
    assert_eq!(count(Some("odd"), Some("ü")).await, 1);
    assert_eq!(count(Some("odd"), Some("")).await, 6);
}

/// Events are counted by their types, once each, whatever the size of a page.
pub async fn types_of_events_are_counted<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let none = inspect(&store).tally(Position::START, 10).await.expect("a tally");
    assert_eq!(none, Tally::default());
    seven(&store).await;
    let mut other = at(&stream("other"), 0, ["[1]", "[12]"]);
    other.events[1].version = 2;
    stored(&store, other).await;
    let log = log(&store, 1_000).await;
    for most in [1, 3, 30, 1_000] {
        let (mut counted, mut after) = (BTreeMap::new(), Some(Position::START));
        while let Some(from) = after {
            let tally = inspect(&store).tally(from, most).await.expect("a tally");
            for of in tally.types {
                let so_far = counted.entry((of.name, of.version)).or_insert((0, 0, of.recorded));
                *so_far = (
                    so_far.0 + of.events,
                    so_far.1 + of.bytes,
                    (so_far.2.0.min(of.recorded.0), so_far.2.1.max(of.recorded.1)),
                );
            }
            after = tally.next;
        }
        let of = |version| counted[&("contract.happened".to_owned(), version)];
        let times = |version| {
            let times = log.iter().filter(|seen| seen.type_version == version).map(|seen| seen.recorded_at);
            (times.clone().min().expect("a time"), times.max().expect("a time"))
        };
        assert_eq!(of(1), (29, 28 * 2 + 3, times(1)), "pages of {most}");
        assert_eq!(of(2), (1, 4, times(2)), "pages of {most}");
    }
}

/// Streams are counted by their categories, and events without reading them.
pub async fn streams_of_categories_are_counted<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    assert_eq!(inspect(&store).count_streams().await.expect("counts"), []);
    assert_eq!(inspect(&store).extent(Part::Events).await.expect("a number"), 0);
    seven(&store).await;
    stored(&store, keyed(append(&stream("nothing"), Expected::Any, []), "k")).await;
    let mut counted = inspect(&store).count_streams().await.expect("counts");
    counted.sort();
    assert_eq!(counted, [("even".to_owned(), 3), ("odd".to_owned(), 4)]);
    assert_eq!(inspect(&store).extent(Part::Events).await.expect("a number"), 28);
    assert!(inspect(&store).extent(Part::Streams).await.expect("a number") >= 7);
    for part in [Part::Keys, Part::Snapshots] {
        inspect(&store).extent(part).await.expect("a number");
    }
}

/// A sample has nothing that is not there, and everything where it may be so large.
pub async fn a_sample_is_of_what_there_is<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    assert_eq!(inspect(&store).sample(10).await.expect("a sample"), []);
    seven(&store).await;
    let mut all = inspect(&store).tally(Position::START, 1_000).await.expect("a tally").types;
    all.sort_by_key(|tally| tally.version);
    for most in [28, 29, 1_000] {
        let mut whole = inspect(&store).sample(most).await.expect("a sample");
        whole.sort_by_key(|tally| tally.version);
        assert_eq!(whole, all, "a sample of {most}");
    }
    for most in [1, 2, 5, 27] {
        for some in inspect(&store).sample(most).await.expect("a sample") {
            let of = all.iter().find(|of| (&of.name, of.version) == (&some.name, some.version));
            let of = of.expect("a type that is there");
            assert!(some.events <= of.events && some.bytes <= of.bytes, "{some:?} of {of:?}");
            assert!(of.recorded.0 <= some.recorded.0 && some.recorded.1 <= of.recorded.1, "{some:?}");
        }
    }
}

/// Every snapshot is told once, whatever the size of a page, with the bytes of its state.
pub async fn snapshots_are_listed<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    assert_eq!(inspect(&store).list_snapshots(None, 10).await.expect("a page"), []);
    let mut saved = Vec::new();
    for n in 1..=5_u64 {
        let stream = stream(&format!("n-{n}"));
        stored(&store, at(&stream, 0, ["1", "2"])).await;
        let (position, fingerprint) = (Position::from_raw(n), u64::MAX - n);
        let state = format!("{{ {n}\u{fc}").into_bytes();
        let snapshot = SnapshotRef { version: 2, position, fingerprint, state: &state };
        store.port().save_snapshot(&stream, snapshot).await.expect("a snapshot can be saved");
        saved.push(StoredSnapshot { stream, version: 2, position, fingerprint, state });
    }
    saved.sort_by_key(|snapshot| snapshot.stream.key());
    for most in 1..=6 {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = inspect(&store).list_snapshots(after, most).await.expect("a page");
            after = page.last().map(|last| last.stream.key());
            let full = page.len() as u64 == most;
            all.extend(page);
            if !full {
                break;
            }
        }
        assert_eq!(all, saved, "pages of {most}");
    }
}

/// What a key has done without an event is no stream.
pub async fn a_key_alone_is_no_stream<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    stored(&store, keyed(append(&stream("nothing"), Expected::Any, []), "k")).await;
    assert_eq!(streams(&store, &StreamFilter::default(), 10).await, []);
    inspect(&store).sizes().await.expect("the sizes");
}

pub(super) fn recorded(stream: &StreamId, version: u64, payload: &str) -> RecordedEvent {
    RecordedEvent {
        stream: stream.clone(),
        version,
        recorded_at: Timestamp::from_micros(1_000_000 + i64::try_from(version).expect("a small number")),
        name: "contract.recorded".to_owned(),
        type_version: 3,
        meta: br#"{"actor": "ann"}"#.to_vec(),
        payload: payload.into(),
    }
}

pub(super) async fn restore(store: &Store, events: &[RecordedEvent]) -> Restoring {
    inspect(store).restore(events).await.expect("an answer")
}

/// Events that were recorded before are stored in their order, with everything that they had, and what follows is appended
/// behind them.
pub async fn recorded_events_are_restored<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let (ann, bob) = (stream("ann"), stream("bob"));
    stored(&store, at(&ann, 0, ["0"])).await;
    let events = [
        recorded(&bob, 1, "1"),
        recorded(&ann, 2, "{ }"),
        recorded(&bob, 2, "\u{fc}"),
        recorded(&ann, 3, ""),
        recorded(&bob, 3, "3"),
    ];
    let Restoring::Stored(last) = restore(&store, &events).await else { panic!("a conflict") };
    let log = log(&other, 100).await;
    assert_eq!(log.last().map(|seen| seen.position), Some(last));
    let seen: Vec<_> = log[1..]
        .iter()
        .map(|seen| {
            let Seen { stream, version, recorded_at, name, type_version, meta, payload, .. } = seen.clone();
            RecordedEvent { stream, version, recorded_at, name, type_version, meta, payload }
        })
        .collect();
    assert_eq!(seen, events);
    assert_eq!(receipt(&send_one(&other, at(&ann, 3, ["4"])).await).version, 4);
    assert_eq!(receipt(&send_one(&store, anywhere(&bob, ["4"])).await).version, 4);
    let (_, events) = read(&store, &crate::store::ReadStream::all(ann)).await;
    assert_eq!(events.iter().map(|seen| seen.version).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

/// What is not the next of its stream is not restored, nor is anything that comes with it.
pub async fn what_does_not_follow_is_not_restored<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    stored(&store, at(&ann, 0, ["0", "1"])).await;
    let conflict = |stream: &StreamId, actual| Restoring::Conflict { stream: stream.clone(), actual };
    for (versions, actual) in [(&[2, 3][..], 2), (&[4], 2), (&[1], 2), (&[3, 5], 3), (&[3, 3], 3)] {
        let mut events = vec![recorded(&bob, 1, "1")];
        events.extend(versions.iter().map(|version| recorded(&ann, *version, "x")));
        assert_eq!(restore(&store, &events).await, conflict(&ann, actual), "{versions:?}");
    }
    assert_eq!(restore(&store, &[recorded(&bob, 2, "2")]).await, conflict(&bob, 0));
    assert_eq!(log(&store, 100).await.len(), 2);
    // What was refused has left nothing behind.
    assert_eq!(receipt(&send_one(&store, at(&bob, 0, ["1"])).await).version, 1);
}

/// Of several who restore the same events at once, one does.
pub async fn one_of_many_restores<F: Fixture>(subject: &Subject<F>) {
    let events: Vec<_> = (1..=50).map(|version| recorded(&stream("ann"), version, "1")).collect();
    let mut all = Vec::new();
    for _ in 0..4 {
        let (store, events) = (subject.open().await, events.clone());
        all.push(tokio::spawn(async move { inspect(&store).restore(&events).await }));
    }
    let mut done = 0;
    for one in all {
        match one.await.expect("no panic") {
            Ok(Restoring::Stored(_)) => done += 1,
            Ok(Restoring::Conflict { actual, .. }) => assert_eq!(actual, 50),
            Err(error) => assert!(error.is_retryable(), "{error}"),
        }
    }
    assert_eq!((done, log(&subject.open().await, 100).await.len()), (1, 50));
}

/// In what a store has written itself nothing is wrong.
pub async fn nothing_is_wrong<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    seven(&store).await;
    stored(&store, keyed(at(&stream("keyed"), 0, ["1", "2"]), "k")).await;
    stored(&store, keyed(append(&stream("nothing"), Expected::Any, []), "n")).await;
    restore(&store, &[recorded(&stream("restored"), 1, "1")]).await;
    for part in Part::ALL {
        let mut after = None;
        loop {
            let looked = inspect(&store).look_over(part, after.as_deref(), 3).await.expect("a look");
            assert_eq!(looked.damages, [], "{part:?}");
            after = looked.next;
            if after.is_none() {
                break;
            }
        }
    }
}
