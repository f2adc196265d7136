//! Any text may name a stream, except one.

use super::{Fixture, Subject, kit::*};
use crate::store::{ReadStream, SnapshotRef, StoreError, StreamId};

/// Quotes, slashes, spaces, emoji, SQL, ten kilobytes: each is a stream of its own and comes back unchanged.
pub async fn any_text_names_a_stream<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let long = "0123456789".repeat(1_000);
    let odd = "x'); DROP TABLE events; --";
    let names = [
        ("account", "ann"),
        ("account", ""),
        ("account", " "),
        ("account", "a/b/c"),
        ("account", "a\"b"),
        ("account", "it's"),
        ("account", odd),
        ("account", "\u{1F980}\u{1F469}\u{200D}\u{1F4BB}"),
        ("account", "\\x00 \\ $1 ?1 :a @b %_"),
        ("account", "line\nbreak\ttab\r"),
        ("account", &long),
        ("account", "NULL"),
        ("account", "1e3"),
        ("account", "\u{FFFF}\u{10FFFF}\u{202E}"),
        (odd, "x"),
        ("", "x"),
        ("\u{1F980}", "x"),
    ];
    for (number, (category, id)) in names.iter().enumerate() {
        let receipt =
            stored(&store, keyed(at(&StreamId::new(category, id), 0, ["1"]), number.to_string())).await;
        assert_eq!(receipt.version, 1, "{id:?} is a stream of its own");
    }
    let other = subject.open().await;
    let all = log(&other, 5).await;
    let seen: Vec<_> = all.iter().map(|event| (event.stream.category(), event.stream.id())).collect();
    assert_eq!(seen, names);
    for (number, (category, id)) in names.iter().enumerate() {
        let stream = StreamId::new(category, id);
        assert_eq!(events(&other, &stream).await.len(), 1, "{id:?}");
        let (found, _) =
            other.port().find_key(&key(number.to_string())).await.expect("readable").expect("used");
        assert_eq!((found.category(), found.id()), (*category, *id));
    }
}

/// No two names are the same stream unless both parts are the same.
pub async fn names_are_compared_exactly<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let pairs = [
        ("a", "b/c"),
        ("a/b", "c"),
        ("A", "b/c"),
        ("a", "B/c"),
        ("a", "b/c "),
        ("a", " b/c"),
        ("ab", "/c"),
        ("a", "\u{e9}"),
        ("a", "e\u{301}"),
        ("a", "1"),
        ("a", "01"),
        ("a", "1.0"),
    ];
    for (category, id) in pairs {
        assert_eq!(
            stored(&store, at(&StreamId::new(category, id), 0, ["1"])).await.version,
            1,
            "{category} {id}"
        );
    }
}

/// PostgreSQL cannot keep a NUL in a text: all stores refuse it alike, before anything is stored.
pub async fn a_nul_in_a_name_is_refused<F: Fixture>(subject: &Subject<F>) {
    #[track_caller]
    fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>) {
        assert!(matches!(result, Err(StoreError::InvalidName { .. })), "{result:?}");
    }
    let store = subject.open().await;
    let port = store.port();
    let (good, bad) = (stream("ann"), stream("an\0n"));
    let mut bad_event = at(&good, 0, ["1"]);
    bad_event.events[0].name = "contract\0happened";

    refused(port.append(&[at(&good, 0, ["1"]), at(&bad, 0, ["1"])]).await);
    refused(port.append(&[at(&StreamId::new("con\0tract", "ann"), 0, ["1"])]).await);
    refused(port.append(&[keyed(at(&good, 0, ["1"]), "k\0")]).await);
    refused(port.append(&[bad_event]).await);
    refused(try_read(&store, &ReadStream::all(bad.clone())).await);
    refused(port.find_key(&key("\0k")).await);
    let state =
        SnapshotRef { version: 1, position: crate::domain::Position::START, fingerprint: 1, state: b"{}" };
    refused(port.save_snapshot(&bad, state).await);

    assert!(log(&store, 10).await.is_empty(), "nothing of a refused batch is stored");
    assert_eq!(stored(&store, at(&good, 0, ["1"])).await.version, 1);
}
