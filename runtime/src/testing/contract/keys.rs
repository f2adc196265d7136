//! Idempotency keys, one caller at a time.

use super::{Fixture, Subject, kit::*};
use crate::store::{Expected, Outcome, StreamId};

/// Whatever the append holds and expects, and however much happened since: the key answers with the first receipt.
pub async fn a_key_given_again_returns_the_first_receipt<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = stream("ann");
    let first = stored(&store, keyed(at(&ann, 0, ["1", "2"]), "k")).await;
    stored(&store, at(&ann, 2, ["3"])).await;

    for again in [
        keyed(at(&ann, 0, ["1", "2"]), "k"),
        keyed(at(&ann, 3, ["other"]), "k"),
        keyed(anywhere(&ann, ["other"]), "k"),
        keyed(at(&ann, 77, []), "k"),
    ] {
        assert_eq!(send_one(&store, again).await, Outcome::Duplicate(first));
    }
    assert_eq!(payloads(&store, &ann).await, ["1", "2", "3"]);
    let other = subject.open().await;
    assert_eq!(send_one(&other, keyed(at(&ann, 0, ["1"]), "k")).await, Outcome::Duplicate(first));
}

/// A key names one append to one stream.
pub async fn a_key_is_refused_for_another_stream<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    stored(&store, keyed(at(&ann, 0, ["1"]), "k")).await;

    for reused in
        [keyed(at(&bob, 0, ["1"]), "k"), keyed(at(&bob, 9, ["1"]), "k"), keyed(at(&bob, 0, []), "k")]
    {
        assert_eq!(send_one(&store, reused).await, Outcome::KeyReused { first: ann.clone() });
    }
    assert!(events(&store, &bob).await.is_empty());
}

/// A command that had nothing to store keeps its key, on a stream with events and on one without.
pub async fn a_key_without_events_is_kept<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, nobody) = (stream("ann"), stream("nobody"));
    let opened = stored(&store, at(&ann, 0, ["1"])).await;

    let kept = stored(&store, keyed(at(&ann, 1, []), "k")).await;
    assert_eq!((kept.version, kept.position, kept.events), (1, opened.position, 0));
    let nothing = stored(&store, keyed(at(&nobody, 0, []), "n")).await;
    assert_eq!((nothing.version, nothing.position.raw(), nothing.events), (0, 0, 0));

    assert_eq!(send_one(&store, keyed(at(&ann, 1, ["2"]), "k")).await, Outcome::Duplicate(kept));
    assert_eq!(send_one(&store, keyed(at(&nobody, 0, ["1"]), "n")).await, Outcome::Duplicate(nothing));
    assert_eq!(
        send_one(&store, keyed(at(&ann, 1, ["2"]), "n")).await,
        Outcome::KeyReused { first: nobody.clone() }
    );
    assert_eq!(log(&store, 10).await.len(), 1);
    assert_eq!(stored(&store, at(&nobody, 0, ["1"])).await.version, 1, "a key makes no stream");
}

/// A conflict does not use up its key: the same command, decided again, is stored.
pub async fn a_key_of_a_conflict_is_not_used<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = stream("ann");
    assert_eq!(send_one(&store, keyed(at(&ann, 1, ["x"]), "k")).await, Outcome::Conflict { actual: 0 });
    assert_eq!(store.port().find_key(&key("k")).await.expect("readable"), None);
    assert_eq!(stored(&store, keyed(at(&ann, 0, ["1"]), "k")).await.version, 1);
}

/// Twice in one batch is once, and then again.
pub async fn a_key_twice_in_a_batch_counts_once<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    let batch = [
        keyed(at(&ann, 0, ["1"]), "k"),
        keyed(at(&ann, 1, ["2"]), "k"),
        keyed(at(&bob, 0, ["1"]), "k"),
        at(&ann, 1, ["3"]),
    ];
    let outcomes = send(&store, &batch).await;

    let first = receipt(&outcomes[0]);
    assert_eq!(outcomes[1], Outcome::Duplicate(first));
    assert_eq!(outcomes[2], Outcome::KeyReused { first: ann.clone() });
    assert_eq!(outcomes[3], Outcome::Conflict { actual: 1 });
    assert_eq!(log(&store, 10).await.len(), 1);

    let batch = [keyed(at(&bob, 0, []), "empty"), keyed(at(&bob, 0, ["1"]), "empty")];
    let outcomes = send(&store, &batch).await;
    assert_eq!(outcomes[1], Outcome::Duplicate(receipt(&outcomes[0])));
}

/// No two texts are the same key unless they are the same, byte for byte.
pub async fn keys_are_compared_exactly<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = stream("ann");
    let long = "k".repeat(10_000);
    let texts = [
        "k",
        "K",
        "k ",
        " k",
        "",
        " ",
        "1",
        "01",
        "1.0",
        "\u{e9}",
        "e\u{301}",
        "\u{1F510}",
        "a'b",
        "a\"b",
        "a\\b",
        "%",
        "_",
        "x'); DELETE FROM events; --",
        "\n",
        "null",
        "NULL",
        &long,
    ];
    for (before, text) in texts.iter().enumerate() {
        let receipt = stored(&store, keyed(at(&ann, before as u64, ["x"]), *text)).await;
        assert_eq!(receipt.version, before as u64 + 1, "{text:?}");
    }
    for (before, text) in texts.iter().enumerate() {
        let outcome = send_one(&store, keyed(anywhere(&ann, ["x"]), *text)).await;
        assert!(
            matches!(outcome, Outcome::Duplicate(first) if first.version == before as u64 + 1),
            "{text:?}: {outcome:?}"
        );
    }
}

/// What a key has done can be asked without any append.
pub async fn find_key_tells_what_it_did<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = StreamId::new("it's", "an \"id\" / with \u{1F980}");
    let first = stored(&store, keyed(append(&ann, Expected::Any, ["1", "2"]), "k")).await;
    stored(&store, at(&ann, 2, ["3"])).await;

    let other = subject.open().await;
    for store in [&store, &other] {
        let (stream, receipt) =
            store.port().find_key(&key("k")).await.expect("readable").expect("it was used");
        assert_eq!((stream.category(), stream.id()), (ann.category(), ann.id()));
        assert_eq!((stream, receipt), (ann.clone(), first));
        assert_eq!(store.port().find_key(&key("unknown")).await.expect("readable"), None);
    }
}
