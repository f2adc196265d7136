//! Documents that are stored with an append.

use futures_util::future::join_all;

use super::{Fixture, Subject, follow::*, kit::*};
use crate::store::{Append, DocumentWrite, Expected, Outcome};

/// An append that writes documents.
fn with(documents: impl Into<Vec<DocumentWrite>>, append: Append) -> Append {
    Append { documents: documents.into(), ..append }
}

/// The document `key` at a revision, where it was at another one.
fn moved(key: &str, from: u64, to: u64) -> DocumentWrite {
    let indexes = vec![indexed("revision", &to)];
    expecting(from, DocumentWrite { indexes, ..document(key, &format!("{{\"at\":{to}}}"), to) })
}

/// A document is there with the events, at once and for every handle; a deletion as well.
pub async fn an_append_writes_its_documents<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let ann = stream("ann");
    let free = document("free", "1", 9);
    stored(&store, with([moved("ann", 0, 2), free], at(&ann, 0, ["1", "2"]))).await;
    let documents = load_all(&other, &["ann", "free"]).await;
    assert_eq!(documents.iter().flatten().map(|d| d.revision).collect::<Vec<_>>(), [2, 9]);
    assert_eq!(documents[0].as_ref().and_then(|d| d.body.clone()), Some(b"{\"at\":2}".to_vec()));
    let by_revision = crate::store::Find { order: Some("revision"), ..everything("things@1") };
    assert_eq!(find(&other, &by_revision).await, ["ann"]);

    stored(
        &store,
        with([without_body(moved("ann", 2, 3)), without_body(document("free", "", 0))], at(&ann, 2, ["3"])),
    )
    .await;
    let documents = load_all(&other, &["ann", "free"]).await;
    assert!(
        documents[0].as_ref().is_some_and(|d| d.body.is_none() && d.revision == 3) && documents[1].is_none()
    );
    stored(&store, with([moved("ann", 3, 4)], at(&ann, 3, ["4"]))).await;
    assert_eq!(find(&other, &by_revision).await, ["ann"]);
}

/// What is not appended writes no document.
pub async fn a_conflict_writes_no_document<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    stored(&store, keyed(at(&ann, 0, ["1"]), "k")).await;
    let trace = |append| with([document("trace", "1", 1)], append);
    let batch =
        [trace(at(&ann, 0, ["no"])), trace(anywhere(&ann, ["no"])), trace(keyed(at(&bob, 0, ["no"]), "k"))];
    let outcomes = send(&store, &batch).await;
    assert_eq!(outcomes[..2], [Outcome::Conflict { actual: 1 }, Outcome::Conflict { actual: 1 }]);
    assert_eq!(outcomes[2], Outcome::KeyReused { first: ann.clone() });
    let again = send_one(&store, trace(keyed(at(&ann, 0, ["1"]), "k"))).await;
    assert!(matches!(again, Outcome::Duplicate(_)), "{again:?}");
    assert_eq!(load(&store, "trace").await, None);
}

/// A document with another revision than expected is a conflict of its append, and stores nothing of it; the rest of
/// its stream breaks, and other streams do not notice.
pub async fn a_stale_document_is_a_conflict<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    stored(&store, with([moved("ann", 0, 1)], at(&ann, 0, ["1"]))).await;
    for (key, expected) in [("ann", 0), ("ann", 2), ("none", 1)] {
        let batch = [
            with([document("trace", "1", 1), moved(key, expected, 2)], keyed(at(&ann, 1, ["no"]), "k")),
            at(&ann, 1, ["no"]),
            with([moved("bob", 0, 1)], at(&bob, 0, ["1"])),
        ];
        let batch = if expected == 0 { &batch[..] } else { &batch[..2] };
        let outcomes = send(&store, batch).await;
        assert_eq!(outcomes[..2], [Outcome::Conflict { actual: 1 }, Outcome::Conflict { actual: 1 }]);
        outcomes[2..].iter().for_each(|outcome| assert_eq!(receipt(outcome).version, 1));
        assert_eq!(payloads(&store, &ann).await, ["1"]);
        let documents = load_all(&store, &["ann", "bob", "trace"]).await;
        assert_eq!(
            documents.into_iter().map(|d| d.map(|d| d.revision)).collect::<Vec<_>>(),
            [Some(1), Some(1), None]
        );
    }
    stored(&store, with([moved("ann", 1, 2)], keyed(at(&ann, 1, ["2"]), "k"))).await;
}

/// Appends of one batch see the documents of those before them.
pub async fn documents_form_chains_in_a_batch<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let streams: Vec<_> = (0..100).map(|n| stream(&n.to_string())).collect();
    let append = |round: u64, n: usize| {
        let documents = [moved(&n.to_string(), round, round + 1)];
        with(documents, keyed(at(&streams[n], round, ["x"]), format!("{round}.{n}")))
    };
    let batch: Vec<_> = (0..4).flat_map(|round| (0..100).map(move |n| append(round, n))).collect();
    let outcomes = send(&store, &batch).await;
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Appended(_))), "{outcomes:?}");
    let all = side(&store).find_documents(&everything("things@1")).await.expect("documents");
    assert_eq!(all.len(), 100);
    assert!(
        all.iter()
            .all(|found| found.document.revision == 4 && found.document.body == Some(b"{\"at\":4}".to_vec()))
    );
    for outcome in send(&store, &batch).await {
        assert!(!matches!(outcome, Outcome::Appended(_)), "{outcome:?}");
    }
}

/// Writers of one document take turns: of those who expect one revision, one is stored, whatever the streams.
pub async fn writers_of_one_document_take_turns<F: Fixture>(subject: &Subject<F>) {
    let stores = [subject.open().await, subject.open().await];
    let lease = leased(&stores[0], "s").await;
    for round in 0..10_u64 {
        let race = |n: usize| {
            let (store, lease) = (stores[n % 2].clone(), lease.clone());
            tokio::spawn(async move {
                let documents = vec![moved("shared", round, round + 1)];
                if n == 7 {
                    let commit = crate::store::Commit { documents, ..standing(&lease) };
                    return side(&store).commit(&commit).await.is_ok();
                }
                let append = with(documents, append(&stream(&n.to_string()), Expected::Any, ["x"]));
                matches!(send_one(&store, append).await, Outcome::Appended(_))
            })
        };
        let stored = join_all((0..8).map(race)).await;
        let stored = stored.into_iter().filter(|stored| *stored.as_ref().expect("a writer ends")).count();
        assert_eq!(stored, 1, "round {round}");
    }
    let committed = load(&stores[0], "shared").await.expect("the document");
    assert_eq!(committed.revision, 10);
}

/// Documents without events: the append asks, and writes them where the stream is as expected.
pub async fn documents_may_come_without_events<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = stream("ann");
    stored(&store, at(&ann, 0, ["1"])).await;
    let receipt = stored(&store, with([moved("ann", 0, 1)], at(&ann, 1, []))).await;
    assert_eq!((receipt.version, receipt.events), (1, 0));
    assert_eq!(load(&store, "ann").await.map(|d| d.revision), Some(1));
    let wrong = send_one(&store, with([moved("ann", 1, 2)], at(&ann, 0, []))).await;
    assert_eq!(wrong, Outcome::Conflict { actual: 1 });
    assert_eq!(load(&store, "ann").await.map(|d| d.revision), Some(1));
}

/// A name in a document that not every store can keep refuses the batch.
pub async fn a_nul_in_a_document_refuses_the_batch<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = stream("ann");
    let refused = store.port().append(&[with([document("a\0", "1", 1)], at(&ann, 0, ["no"]))]).await;
    assert!(matches!(refused, Err(crate::store::StoreError::InvalidName { .. })), "{refused:?}");
    assert_eq!(events(&store, &ann).await.len(), 0);
}
