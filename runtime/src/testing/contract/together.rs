//! Two appends of which both are stored or neither.

use super::{Fixture, Subject, follow::*, kit::*, process_kit::*};
use crate::store::{Append, Outcome, StoreError};

/// Both are stored, one right behind the other, and the receipt is that of the first.
pub async fn both_are_stored<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let (ann, bob) = (stream("ann"), stream("bob"));
    stored(&store, at(&bob, 0, ["b1"])).await;
    let first = Append { documents: vec![document("ann", "1", 2)], ..at(&ann, 0, ["a1", "a2"]) };
    let second = Append { documents: vec![document("bob", "1", 2)], ..at(&bob, 1, ["b2"]) };
    let receipt = stored(&store, together(first, second)).await;
    assert_eq!((receipt.version, receipt.events), (2, 2));
    let log: Vec<_> =
        log(&other, 10).await.into_iter().map(|event| (event.payload, event.position)).collect();
    assert_eq!(log.iter().map(|(payload, _)| &**payload).collect::<Vec<_>>(), [b"b1", b"a1", b"a2", b"b2"]);
    assert_eq!(log[2].1, receipt.position);
    assert_eq!(payloads(&other, &bob).await, ["b1", "b2"]);
    assert!(load_all(&other, &["ann", "bob"]).await.iter().all(Option::is_some));
}

/// Where the first is not as expected, neither is stored, and the outcome is that of the first.
pub async fn a_conflict_of_the_first_stores_neither<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    stored(&store, at(&ann, 0, ["1"])).await;
    let second = Append { documents: vec![document("bob", "1", 1)], ..at(&bob, 0, ["no"]) };
    let outcome = send_one(&store, together(keyed(at(&ann, 0, ["no"]), "k"), second)).await;
    assert_eq!(outcome, conflict(1));
    assert_eq!(log(&store, 10).await.len(), 1);
    assert_eq!(load(&store, "bob").await, None);
    stored(&store, together(keyed(at(&ann, 1, ["2"]), "k"), at(&bob, 0, ["1"]))).await;
}

/// Where the other is not as expected, neither is stored, and the outcome says why.
pub async fn a_conflict_of_the_other_stores_neither<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    stored(&store, at(&bob, 0, ["1", "2"])).await;
    let first = Append { documents: vec![document("ann", "1", 1)], ..keyed(at(&ann, 0, ["no"]), "k") };
    let first = with_saga(running("ann"), first);
    let outcome = send_one(&store, together(first.clone(), at(&bob, 1, ["no"]))).await;
    is_apart(&outcome, &bob, &conflict(2));
    assert_eq!(log(&store, 10).await.len(), 2);
    assert_eq!((load(&store, "ann").await, instance(&store, "ann").await), (None, None));
    assert_eq!(store.port().find_key(&key("k")).await.expect("a key can be looked for"), None);
    let receipt = stored(&store, together(first, at(&bob, 2, ["3"]))).await;
    assert_eq!((receipt.version, receipt.events), (1, 1));
    assert_eq!(payloads(&store, &bob).await, ["1", "2", "3"]);
}

/// The other one sees the documents of the first; what the first has written is taken back with it.
pub async fn a_stale_document_of_the_other_stores_neither<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob, cid) = (stream("ann"), stream("bob"), stream("cid"));
    let moving = |from: u64, append: Append| Append {
        documents: vec![expecting(from, document("shared", "1", from + 1))],
        ..append
    };
    let batch = [
        together(moving(0, at(&ann, 0, ["no"])), moving(0, at(&bob, 0, ["no"]))),
        moving(0, at(&cid, 0, ["1"])),
    ];
    let outcomes = send(&store, &batch).await;
    is_apart(&outcomes[0], &bob, &conflict(0));
    assert_eq!(receipt(&outcomes[1]).version, 1);
    assert_eq!(load(&store, "shared").await.map(|d| d.revision), Some(1));
    stored(&store, together(moving(1, at(&ann, 0, ["1"])), moving(2, at(&bob, 0, ["1"])))).await;
    assert_eq!(load(&store, "shared").await.map(|d| d.revision), Some(3));
    assert_eq!(log(&store, 10).await.len(), 3);
}

/// A lost lease of either stores neither.
pub async fn a_lost_lease_of_either_stores_neither<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    let good = leased(&store, "s").await;
    let lost = crate::store::Lease { token: good.token + 1, ..good.clone() };
    let (first, second) = (at(&ann, 0, ["1"]), at(&bob, 0, ["1"]));
    let outcome = send_one(&store, together(first.clone(), under(&lost, second.clone()))).await;
    is_apart(&outcome, &bob, &fenced("s", 0));
    let outcome = send_one(&store, together(under(&lost, first.clone()), second.clone())).await;
    assert_eq!(outcome, fenced("s", 0));
    assert_eq!(log(&store, 10).await.len(), 0);
    stored(&store, together(under(&good, first), under(&good, second))).await;
    assert_eq!(log(&store, 10).await.len(), 2);
}

/// The key stands for both: given again it stores nothing and answers with the first receipt.
pub async fn a_key_stands_for_both<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    let pair = together(keyed(anywhere(&ann, ["1"]), "k"), anywhere(&bob, ["1"]));
    let receipt = stored(&store, pair.clone()).await;
    assert_eq!(send_one(&store, pair).await, Outcome::Duplicate(receipt));
    let elsewhere = together(keyed(anywhere(&bob, ["no"]), "k"), anywhere(&ann, ["no"]));
    assert_eq!(send_one(&store, elsewhere).await, Outcome::KeyReused { first: ann.clone() });
    assert_eq!(log(&store, 10).await.len(), 2);
}

/// What is not stored breaks the chains of both streams, whichever of the two was to blame.
pub async fn both_chains_break<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob, cid) = (stream("ann"), stream("bob"), stream("cid"));
    stored(&store, keyed(at(&ann, 0, ["a1"]), "used")).await;
    let rest = |version| [anywhere(&ann, ["no"]), at(&bob, 0, ["no"]), at(&cid, version, ["c"])];
    let failing = [
        together(at(&ann, 1, ["no"]), at(&bob, 1, ["no"])),
        together(at(&ann, 0, ["no"]), at(&bob, 0, ["no"])),
        together(keyed(at(&ann, 1, ["no"]), "used"), at(&bob, 0, ["no"])),
    ];
    for (version, failing) in (0..).zip(failing) {
        let outcomes = send(&store, &[&[failing][..], &rest(version)].concat()).await;
        assert!(!matches!(outcomes[0], Outcome::Appended(_)), "{:?}", outcomes[0]);
        assert_eq!(outcomes[1..3], [conflict(1), conflict(0)]);
        is_stored(&outcomes[3]);
    }
    assert_eq!((payloads(&store, &ann).await.len(), payloads(&store, &bob).await.len()), (1, 0));
}

/// A chain that is broken already breaks what comes later, in the first or in the other place.
pub async fn a_broken_chain_stores_neither<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob, cid) = (stream("ann"), stream("bob"), stream("cid"));
    let broken = at(&bob, 9, ["no"]);
    let batch =
        [broken.clone(), together(anywhere(&ann, ["no"]), anywhere(&bob, ["no"])), at(&ann, 0, ["no"])];
    let outcomes = send(&store, &batch).await;
    assert_eq!(outcomes[0], conflict(0));
    is_apart(&outcomes[1], &bob, &conflict(0));
    assert_eq!(outcomes[2], conflict(0));
    let batch = [
        broken,
        together(anywhere(&bob, ["no"]), at(&ann, 0, ["no"])),
        at(&ann, 0, ["no"]),
        at(&cid, 0, ["1"]),
    ];
    let outcomes = send(&store, &batch).await;
    assert_eq!(outcomes[..3], [conflict(0), conflict(0), conflict(0)]);
    is_stored(&outcomes[3]);
    assert_eq!(log(&store, 10).await.len(), 1);
}

/// Many pairs in one batch stand on each other.
pub async fn pairs_form_chains_in_a_batch<F: Fixture>(subject: &Subject<F>) {
    const ROUNDS: u64 = 100;
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    let pair = |round: u64| {
        let text = round.to_string();
        let (a, b) = (at(&ann, round, [&text]), at(&bob, round, [&text]));
        match round % 2 {
            0 => together(keyed(a, format!("k{round}")), b),
            _ => together(b, a),
        }
    };
    let batch: Vec<_> = (0..ROUNDS).map(pair).collect();
    let outcomes = send(&store, &batch).await;
    let log = log(&store, 1_000).await;
    assert_eq!(log.len() as u64, ROUNDS * 2);
    for ((pair, outcome), (append, round)) in log.chunks(2).zip(&outcomes).zip(batch.iter().zip(1..)) {
        let receipt = receipt(outcome);
        assert_eq!((receipt.version, receipt.events), (round, 1));
        assert_eq!((&pair[0].stream, pair[0].position), (&append.stream, receipt.position));
        assert_eq!((pair[0].version, pair[1].version), (round, round));
        assert_ne!(pair[0].stream, pair[1].stream);
    }
    // The whole batch again: nothing is as expected any more.
    for outcome in send(&store, &batch).await {
        assert!(!matches!(outcome, Outcome::Appended(_)), "{outcome:?}");
    }
}

/// Either may be without events: then it only asks, or writes what stands beside.
pub async fn either_may_be_without_events<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    stored(&store, at(&bob, 0, ["b1"])).await;
    let outcome = send_one(&store, together(at(&ann, 0, ["no"]), at(&bob, 0, []))).await;
    is_apart(&outcome, &bob, &conflict(1));
    assert_eq!(stored(&store, together(at(&ann, 0, ["a1"]), at(&bob, 1, []))).await.version, 1);
    let guarded = together(at(&bob, 1, []), with_saga(running("ann"), at(&ann, 1, ["a2"])));
    let receipt = stored(&store, guarded).await;
    assert_eq!((receipt.version, receipt.events), (1, 0));
    assert_eq!(payloads(&store, &ann).await, ["a1", "a2"]);
    stored(&store, together(at(&bob, 1, []), with_saga(running("bob"), at(&ann, 2, [])))).await;
    assert!(instance(&store, "ann").await.is_some() && instance(&store, "bob").await.is_some());
    assert_eq!(log(&store, 10).await.len(), 3);
}

/// What cannot be stored together is refused before anything is stored.
pub async fn what_does_not_fit_together_is_refused<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob, cid) = (stream("ann"), stream("bob"), stream("cid"));
    let plain = at(&bob, 0, ["no"]);
    let unfit =
        [at(&ann, 1, ["no"]), keyed(plain.clone(), "k"), together(plain.clone(), at(&cid, 0, ["no"]))];
    for other in unfit {
        let batch = [at(&cid, 0, ["no"]), together(at(&ann, 0, ["no"]), other)];
        let refused = store.port().append(&batch).await.expect_err("this cannot be stored together");
        assert!(matches!(refused, StoreError::InvalidTogether { .. }), "{refused:?}");
    }
    let nul = together(at(&ann, 0, ["no"]), at(&stream("b\0"), 0, ["no"]));
    let refused = store.port().append(&[nul]).await.expect_err("a name with a NUL");
    assert!(matches!(refused, StoreError::InvalidName { .. }), "{refused:?}");
    assert_eq!(log(&store, 10).await.len(), 0);
}
