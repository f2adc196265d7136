//! Several appends in one batch: one outcome each, and chains that break.

use super::{Fixture, Subject, kit::*};
use crate::store::{Append, Outcome};

const fn conflict(actual: u64) -> Outcome {
    Outcome::Conflict { actual }
}

/// Each append has its outcome, in the order of the batch; the empty batch has none.
pub async fn a_batch_has_one_outcome_each_in_order<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    assert_eq!(send(&store, &[]).await, []);

    let batch = [at(&ann, 0, ["a1"]), at(&bob, 0, ["b1", "b2"]), at(&ann, 1, ["a2"]), anywhere(&bob, ["b3"])];
    let receipts: Vec<_> = send(&store, &batch).await.iter().map(receipt).collect();

    assert_eq!(receipts.iter().map(|r| r.version).collect::<Vec<_>>(), [1, 2, 2, 3]);
    assert_eq!(receipts.iter().map(|r| r.events).collect::<Vec<_>>(), [1, 2, 1, 1]);
    let all = log(&store, 100).await;
    assert_eq!(all.len(), 5);
    for (append, receipt) in batch.iter().zip(&receipts) {
        let last = all.iter().find(|event| event.position == receipt.position).expect("it is in the log");
        assert_eq!((&last.stream, last.version), (&append.stream, receipt.version));
    }
}

/// After a conflict the later appends of that stream are conflicts too, also those that would fit; other streams
/// do not notice.
pub async fn a_conflict_breaks_the_rest_of_its_stream_only<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    let batch = [
        at(&ann, 0, ["a1"]),
        at(&ann, 7, ["no"]),
        at(&bob, 0, ["b1"]),
        keyed(at(&ann, 1, ["no"]), "k"),
        anywhere(&ann, ["no"]),
        at(&ann, 1, []),
        at(&bob, 1, ["b2"]),
    ];
    let outcomes = send(&store, &batch).await;

    assert_eq!(receipt(&outcomes[0]).version, 1);
    assert_eq!(receipt(&outcomes[2]).version, 1);
    assert_eq!(receipt(&outcomes[6]).version, 2);
    for broken in [1, 3, 4, 5] {
        assert_eq!(outcomes[broken], conflict(1), "append {broken}");
    }
    assert_eq!(payloads(&store, &ann).await, ["a1"]);
    assert_eq!(payloads(&store, &bob).await, ["b1", "b2"]);
    let again = stored(&store, keyed(at(&ann, 1, ["a2"]), "k")).await;
    assert_eq!(again.version, 2, "a key behind a conflict was not used");
}

/// After a repeated key the later appends of that stream are conflicts: they were decided on what never was.
pub async fn a_repeated_key_breaks_the_rest_of_its_stream<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    let first = stored(&store, keyed(at(&ann, 0, ["a1"]), "k")).await;
    let batch =
        [keyed(at(&ann, 1, ["no"]), "k"), at(&ann, 1, ["no"]), anywhere(&ann, ["no"]), at(&bob, 0, ["b1"])];
    let outcomes = send(&store, &batch).await;

    assert_eq!(outcomes[..3], [Outcome::Duplicate(first), conflict(1), conflict(1)]);
    assert_eq!(receipt(&outcomes[3]).version, 1);
    assert_eq!(payloads(&store, &ann).await, ["a1"]);
}

/// After a key of another stream the later appends of this stream are conflicts.
pub async fn a_reused_key_breaks_the_rest_of_its_stream<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    stored(&store, keyed(at(&ann, 0, ["a1"]), "k")).await;
    let batch =
        [at(&bob, 0, ["b1"]), keyed(at(&bob, 1, ["no"]), "k"), at(&bob, 1, ["no"]), at(&ann, 1, ["a2"])];
    let outcomes = send(&store, &batch).await;

    assert_eq!(receipt(&outcomes[0]).version, 1);
    assert_eq!(outcomes[1..3], [Outcome::KeyReused { first: ann.clone() }, conflict(1)]);
    assert_eq!(receipt(&outcomes[3]).version, 2);
    assert_eq!(payloads(&store, &bob).await, ["b1"]);
    assert_eq!(payloads(&store, &ann).await, ["a1", "a2"]);
}

/// An append without events sees what stands before it in the batch, and breaks the chain where it is wrong.
pub async fn a_question_takes_its_place_in_a_chain<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = stream("ann");
    let batch =
        [at(&ann, 0, ["a1"]), at(&ann, 1, []), at(&ann, 1, ["a2"]), at(&ann, 1, []), anywhere(&ann, ["no"])];
    let outcomes = send(&store, &batch).await;

    let (first, asked) = (receipt(&outcomes[0]), receipt(&outcomes[1]));
    assert_eq!((asked.version, asked.position, asked.events), (1, first.position, 0));
    assert_eq!(receipt(&outcomes[2]).version, 2);
    assert_eq!(outcomes[3..], [conflict(2), conflict(2)]);
    assert_eq!(payloads(&store, &ann).await, ["a1", "a2"]);
}

/// Two thousand appends over four hundred streams in one batch, some of them wrong.
pub async fn a_large_batch_is_exact<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let streams: Vec<_> = (0..400).map(|n| stream(&n.to_string())).collect();
    let mut batch: Vec<Append> = Vec::new();
    for round in 0..5 {
        for (number, stream) in streams.iter().enumerate() {
            // Every tenth stream expects wrongly in the round that its number says.
            let wrong = number % 10 == 0 && number / 10 % 5 == round;
            let expected = if wrong { 99 } else { round as u64 };
            batch.push(keyed(at(stream, expected, [&round.to_string()]), format!("{number}.{round}")));
        }
    }
    let outcomes = send(&store, &batch).await;

    for (index, outcome) in outcomes.iter().enumerate() {
        let (round, number) = (index / 400, index % 400);
        match number % 10 == 0 && number / 10 % 5 <= round {
            true => {
                assert_eq!(*outcome, conflict((number / 10 % 5) as u64), "stream {number}, round {round}")
            }
            false => assert_eq!(receipt(outcome).version, round as u64 + 1, "stream {number}, round {round}"),
        }
    }
    let stored = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Appended(_))).count();
    assert_eq!(log(&store, 700).await.len(), stored);
    for (index, outcome) in send(&store, &batch).await.iter().enumerate() {
        assert!(!matches!(outcome, Outcome::Appended(_)), "append {index} was stored again: {outcome:?}");
    }
}
