//! Documents: kept as they were given, until they are replaced or deleted.

use super::{Fixture, Subject, follow::*};
use crate::store::{Commit, Document, DocumentWrite, StoreError};

/// JSON comes back byte for byte, and so do keys and revisions.
pub async fn documents_are_kept_byte_for_byte<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let lease = leased(&store, "s").await;
    let large = format!("\"{}\"", "ä".repeat(400_000));
    let bodies = [
        "null",
        "  {\"b\" : 1,\n \"a\":2 , \"a\":3}\t",
        r#""\u0000 \ud800 '); DROP TABLE documents; --""#,
        "1e400000",
        "-0.0",
        "12345678901234567890.12345678901234567890",
        "{\"$1\":\"?\",\"😀\":[]}",
        &large,
    ];
    let revisions = [0, 1, 2, 1 << 40, (1 << 53) - 1, i64::MAX as u64, 7, 8];
    for (number, (body, revision)) in bodies.into_iter().zip(revisions).enumerate() {
        let key = format!("{number}");
        write(&store, &lease, vec![document(&key, body, revision)]).await;
        let kept = Document { key: key.clone(), body: Some(body.into()), revision };
        assert!(load(&other, &key).await == Some(kept), "document {number}");
    }
}

/// An index of a database has room for so much. All stores refuse what is longer in the same way and name it, and keep
/// what is not, also where it cannot be compressed.
pub async fn a_key_that_no_index_holds_is_refused<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    // Hashes, so that nothing of it can be compressed.
    let parts =
        (0..100_u8).map(|n| uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, &[n]).simple().to_string());
    let noise: String = parts.collect();
    let with_key = |key: &str| {
        let longest = noise.chars().rev().collect::<String>();
        DocumentWrite {
            indexes: vec![indexed("owner", &longest[..]), indexed("n", &7_u64)],
            ..document(key, "1", 1)
        }
    };
    let of_index = with_key("").indexes.iter().map(|(name, value)| name.len() + value.as_bytes().len()).max();
    let room = 2_600 - "things@1".len() - of_index.unwrap_or(0);
    let longest = &noise[..room];
    write(&store, &lease, vec![with_key(longest)]).await;
    assert!(load(&store, longest).await.is_some());
    let documents = vec![document("short", "1", 1), with_key(&noise[..=room])];
    let error = refused(&store, &Commit { documents, ..Commit::default() }).await;
    assert!(matches!(error, StoreError::InvalidName { .. }), "{error:?}");
    let text = error.to_string();
    for part in ["things@1", &noise[..40], &format!("{} bytes", room + 1), "shorter"] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(load(&store, "short").await, None, "nothing of it is stored");
}

/// Documents come in the order of the question, missing ones too; keys are compared exactly.
pub async fn documents_come_in_the_order_of_the_question<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let long = "x".repeat(600);
    let keys = ["b", "a", "A", "a ", "", "é", "e\u{301}", "'a'", "\u{10FFFF}", &long];
    let documents: Vec<DocumentWrite> = (1..).zip(keys).map(|(n, key)| document(key, "1", n)).collect();
    write(&store, &lease, documents).await;
    for asked in [vec!["a", "none", "b", "a", ""], keys.into(), vec!["none"], vec![]] {
        let seen: Vec<_> =
            load_all(&store, &asked).await.into_iter().map(|d| d.map(|d| (d.key, d.revision))).collect();
        let wanted = asked.iter().map(|key| {
            let number = keys.iter().position(|own| own == key)?;
            Some(((*key).to_owned(), number as u64 + 1))
        });
        assert_eq!(seen, wanted.collect::<Vec<_>>());
    }
    let elsewhere = side(&store).load_documents("things@2", &["a"]).await.expect("documents can be loaded");
    assert_eq!(elsewhere, [None]);
}

/// A document is replaced with everything that it is found by, and a deleted one is gone.
pub async fn documents_are_replaced_and_deleted<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let by_owner = |owner: &str| {
        let value = indexed("owner", owner).1;
        let condition = crate::store::Condition {
            index: "owner",
            range: (std::ops::Bound::Included(value.clone()), std::ops::Bound::Included(value)),
        };
        crate::store::Find { conditions: vec![condition], ..everything("things@1") }
    };
    let owned = |owner: &str, revision| DocumentWrite {
        indexes: vec![indexed("owner", owner), indexed("revision", &revision)],
        ..document("a", &format!("\"{owner}\""), revision)
    };
    write(&store, &lease, vec![owned("ann", 1)]).await;
    assert_eq!(find(&store, &by_owner("ann")).await, ["a"]);
    write(&store, &lease, vec![owned("bob", 2)]).await;
    assert_eq!(find(&store, &by_owner("ann")).await, Vec::<String>::new());
    assert_eq!(find(&store, &by_owner("bob")).await, ["a"]);
    assert_eq!(load(&store, "a").await.and_then(|d| d.body), Some(b"\"bob\"".to_vec()));

    write(&store, &lease, vec![without_body(owned("bob", 3)), without_body(document("none", "", 3))]).await;
    assert_eq!(load_all(&store, &["a", "none"]).await, [None, None]);
    assert_eq!(find(&store, &by_owner("bob")).await, Vec::<String>::new());
    assert_eq!(find(&store, &everything("things@1")).await, Vec::<String>::new());
    write(&store, &lease, vec![owned("ann", 1)]).await;
    assert_eq!(find(&store, &by_owner("ann")).await, ["a"]);
}

/// A document whose writer expects a revision is remembered when it is deleted, and not found.
pub async fn a_deleted_document_may_be_remembered<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let by_owner = || crate::store::Find { order: Some("owner"), ..everything("things@1") };
    let owned =
        |revision| DocumentWrite { indexes: vec![indexed("owner", "ann")], ..document("a", "1", revision) };
    write(&store, &lease, vec![expecting(0, owned(3))]).await;
    write(&store, &lease, vec![expecting(3, without_body(owned(5)))]).await;
    assert_eq!(load(&store, "a").await, Some(Document { key: "a".to_owned(), body: None, revision: 5 }));
    assert_eq!(find(&store, &everything("things@1")).await, Vec::<String>::new());
    assert_eq!(find(&store, &by_owner()).await, Vec::<String>::new());
    let count = side(&store).count_documents(&everything("things@1")).await;
    assert_eq!(count.expect("documents can be counted"), 0);

    let again = |expected| crate::store::Commit {
        documents: vec![expecting(expected, owned(6))],
        ..standing(&lease)
    };
    for expected in [0, 3] {
        let error = refused(&store, &again(expected)).await;
        assert!(matches!(error, StoreError::Stale { .. }), "expecting {expected}: {error:?}");
    }
    commit(&store, &again(5)).await;
    assert_eq!(find(&store, &by_owner()).await, ["a"]);
    write(&store, &lease, vec![without_body(document("a", "", 7))]).await;
    assert_eq!(load(&store, "a").await, None, "nobody needs to know its revision");
}

/// A thousand documents in one commit, replaced and deleted by the next ones.
pub async fn a_large_commit_is_exact<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let batch = |round: u64| -> Vec<DocumentWrite> {
        let one = |n: u64| {
            let indexes =
                vec![indexed("n", &n), indexed("round", &round), indexed("name", &format!("{}", n % 7))];
            let written =
                DocumentWrite { indexes, ..document(&format!("{n:04}"), &format!("{round}"), round) };
            // Every third is deleted in round 2, half of these to be remembered.
            match (round, n % 6) {
                (2, 0) => without_body(written),
                (2, 3) => expecting(1, without_body(written)),
                (_, 1) => expecting(round - 1, written),
                _ => written,
            }
        };
        (0..1_000).map(one).collect()
    };
    for round in 1..=3 {
        let mut documents = batch(round);
        documents.retain(|write| round < 3 || write.expected.is_some());
        write(&store, &lease, documents).await;
        let find = crate::store::Find { order: Some("n"), ..everything("things@1") };
        let found = side(&store).find_documents(&find).await.expect("documents can be found");
        let there = (0..1_000_u64).filter(|n| round == 1 || n % 3 != 0);
        let wanted: Vec<_> = there
            .map(|n| {
                let last = if round == 3 && n % 6 != 1 { 2 } else { round };
                (format!("{n:04}"), last, Some(last.to_string().into_bytes()))
            })
            .collect();
        let seen: Vec<_> =
            found.into_iter().map(|f| (f.document.key, f.document.revision, f.document.body)).collect();
        assert!(seen == wanted, "round {round}: {} of {} documents", seen.len(), wanted.len());
    }
}

/// Documents of one key in several collections do not know of each other, and one collection is emptied alone.
pub async fn collections_are_apart<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let into = |collection: &str, body: &str| DocumentWrite {
        collection: collection.into(),
        indexes: vec![indexed("owner", collection)],
        ..document("a", body, 1)
    };
    write(&store, &lease, vec![into("things@1", "1"), into("things@2", "2"), into("Things@1", "3")]).await;
    side(&store).clear_collection("things@1").await.expect("a collection can be emptied");
    side(&store).clear_collection("unknown").await.expect("one that is not there is empty");
    for (collection, left) in [("things@1", 0), ("things@2", 1), ("Things@1", 1)] {
        for order in [None, Some("owner")] {
            let all = crate::store::Find { order, ..everything(collection) };
            assert_eq!(find(&store, &all).await.len(), left, "{collection} by {order:?}");
        }
    }
    write(&store, &lease, vec![expecting(0, into("things@1", "4"))]).await;
    assert_eq!(load(&store, "a").await.and_then(|d| d.body), Some(b"4".to_vec()));
}

/// What not every store can keep is refused by all, before anything is stored.
pub async fn a_nul_in_a_document_is_refused<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let wrong = [
        document("a\0b", "1", 1),
        DocumentWrite { collection: "x\0".into(), ..document("c", "1", 1) },
        DocumentWrite { indexes: vec![indexed("\0", "x")], ..document("c", "1", 1) },
    ];
    for wrong in wrong {
        let documents = vec![document("first", "1", 1), wrong];
        let error = refused(&store, &crate::store::Commit { documents, ..standing(&lease) }).await;
        assert!(matches!(error, StoreError::InvalidName { .. }), "{error:?}");
    }
    assert_eq!(load(&store, "first").await, None);
    let nul = DocumentWrite { indexes: vec![indexed("owner", "a\0b")], ..document("c", "1", 1) };
    write(&store, &lease, vec![nul]).await;
}
