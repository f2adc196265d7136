//! What a worker stores in one transaction: all of it, and only with good leases.

use futures_util::future::join_all;
use uuid::Uuid;

use super::{Fixture, Subject, follow::*, kit};
use crate::store::{Commit, DeliveryState, Lease, Store, StoreError};

async fn position(store: &Store, name: &str, shard: usize) -> u64 {
    let mut states = side(store).subscriptions(Some(name)).await.expect("a subscription's state");
    states.remove(0).shards[shard].position.raw()
}

/// A commit that moves the shard to 5, and leaves traces.
fn with_traces(lease: &Lease) -> Commit {
    Commit {
        advances: vec![advance(lease, 5)],
        documents: vec![document("trace", "{}", 1)],
        deliveries: vec![park(lease, "trace", 4, DeliveryState::Dead)],
        work: None,
    }
}

/// Nothing of [`with_traces`] is there.
async fn is_untouched(store: &Store, name: &str, at: u64) {
    assert_eq!(position(store, name, 0).await, at, "the shard has moved");
    assert_eq!(load(store, "trace").await, None, "a document was stored");
    assert_eq!(parked(store, name).await, [], "a delivery was stored");
}

/// Positions, documents and deliveries are there together, for every handle.
pub async fn a_commit_is_stored_whole<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    declare(&store, "s", 3).await;
    let leases = claim(&store, Uuid::now_v7(), "s", LONG).await.leases;
    let advances = vec![advance(&leases[0], 5), advance(&leases[2], 6)];
    commit(&store, &Commit { advances, ..with_traces(&leases[0]) }).await;

    let mut at = Vec::new();
    for shard in 0..3 {
        at.push(position(&other, "s", shard).await);
    }
    assert_eq!(at, [5, 0, 6]);
    assert!(load(&other, "trace").await.is_some());
    assert_eq!(parked(&other, "s").await.len(), 1);
    commit(&store, &Commit::default()).await;
}

/// A token that is not the shard's last one is refused, whether older or newer.
pub async fn another_token_is_refused<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    for token in [0, lease.token - 1, lease.token + 1, u64::MAX] {
        let other = Lease { token, ..lease.clone() };
        is_fenced(&refused(&store, &with_traces(&other)).await, "s", 0);
    }
    let unknown = Lease { shard: 1, ..lease.clone() };
    is_fenced(&refused(&store, &with_traces(&unknown)).await, "s", 1);
    let unknown = Lease { subscription: "unknown".into(), ..lease.clone() };
    is_fenced(&refused(&store, &with_traces(&unknown)).await, "unknown", 0);
    is_untouched(&store, "s", 0).await;
    commit(&store, &with_traces(&lease)).await;
}

/// A shard that is not where the worker believes it to be is refused, even with the right token.
pub async fn another_position_is_refused<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let first = Commit { advances: vec![advance(&lease, 3)], ..Commit::default() };
    commit(&store, &first).await;
    is_fenced(&refused(&store, &first).await, "s", 0);
    for from in [0, 2, 4] {
        let elsewhere = Lease { position: place(from), ..lease.clone() };
        is_fenced(&refused(&store, &with_traces(&elsewhere)).await, "s", 0);
    }
    is_untouched(&store, "s", 3).await;
    let there = Lease { position: place(3), ..lease };
    commit(&store, &standing(&there)).await;
    commit(&store, &with_traces(&there)).await;
}

/// One shard that is lost refuses the whole commit, also where the others are good.
pub async fn one_lost_shard_refuses_everything<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (good, lost) = (leased(&store, "good").await, leased(&store, "lost").await);
    side(&store).reset("lost", place(0)).await.expect("a reset");
    for advances in [
        vec![advance(&good, 5), advance(&lost, 5)],
        vec![advance(&lost, 5), advance(&good, 5)],
        vec![advance(&good, 0), advance(&lost, 0)],
    ] {
        is_fenced(&refused(&store, &Commit { advances, ..with_traces(&good) }).await, "lost", 0);
        is_untouched(&store, "good", 0).await;
    }
    assert_eq!(position(&store, "lost", 0).await, 0);
}

/// A document with another revision than expected refuses the whole commit, and is named.
pub async fn one_stale_document_refuses_everything<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    write(&store, &lease, vec![document("a", "1", 3), document("b", "1", 3)]).await;
    for (key, expected) in [("a", 2), ("a", 4), ("b", 0), ("none", 1)] {
        let mut given = with_traces(&lease);
        let other = if key == "a" { "b" } else { "a" };
        given.documents.push(expecting(3, document(other, "2", 4)));
        given.documents.push(expecting(expected, document(key, "2", 4)));
        match refused(&store, &given).await {
            StoreError::Stale { collection, key: named } => {
                assert_eq!((&*collection, &*named), ("things@1", key))
            }
            other => panic!("expected a stale document, but it was {other:?}"),
        }
        is_untouched(&store, "s", 0).await;
        let bodies = load_all(&store, &["a", "b", "none"]).await;
        assert_eq!(bodies.iter().flatten().map(|d| d.revision).collect::<Vec<_>>(), [3, 3]);
    }
}

/// A lost lease is named before a stale document: it tells the worker to stop.
pub async fn leases_are_checked_first<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let lease = leased(&store, "s").await;
    let lost = Lease { token: lease.token + 1, ..lease };
    let documents = vec![expecting(7, document("none", "{}", 8))];
    is_fenced(&refused(&store, &Commit { documents, ..standing(&lost) }).await, "s", 0);
}

/// Of many commits from one place, on several handles, one is stored and the others are refused.
pub async fn one_of_many_commits_from_one_place_is_stored<F: Fixture>(subject: &Subject<F>) {
    let stores = [subject.open().await, subject.open().await];
    let mut lease = leased(&stores[0], "s").await;
    for round in 1..=10 {
        let race = |n: usize| {
            let (store, lease) = (stores[n % 2].clone(), lease.clone());
            tokio::spawn(async move {
                let documents = vec![document("winner", &n.to_string(), round)];
                let commit =
                    Commit { advances: vec![advance(&lease, round)], documents, ..Commit::default() };
                side(&store).commit(&commit).await
            })
        };
        let results = join_all((0..8).map(race)).await;
        let results: Vec<_> = results.into_iter().map(|result| result.expect("a worker ends")).collect();
        let won: Vec<usize> = (0..8).filter(|n| results[*n].is_ok()).collect();
        assert_eq!(won.len(), 1, "round {round}: {results:?}");
        results.iter().filter_map(|result| result.as_ref().err()).for_each(|error| is_fenced(error, "s", 0));
        let winner = load(&stores[1], "winner").await.expect("the winner's document");
        assert_eq!(winner.body, Some(won[0].to_string().into_bytes()));
        lease.position = place(round);
    }
}

/// Whoever reads several documents at once sees each commit whole.
pub async fn readers_see_a_commit_whole<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let lease = leased(&store, "s").await;
    let keys: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let all = |revision| keys.iter().map(|key| document(key, "{}", revision)).collect::<Vec<_>>();
    write(&store, &lease, all(1)).await;
    let (keys_of_reader, writing) = (keys.clone(), tokio::sync::watch::channel(()));
    let (stop, stopped) = writing;
    let reader = tokio::spawn(async move {
        let keys: Vec<&str> = keys_of_reader.iter().map(String::as_str).collect();
        while stopped.has_changed().is_ok() {
            // A store that never waits would not let the writer go on.
            tokio::task::yield_now().await;
            let revisions: Vec<u64> =
                load_all(&other, &keys).await.into_iter().flatten().map(|d| d.revision).collect();
            assert!(revisions.len() == 20 && revisions.windows(2).all(|w| w[0] == w[1]), "{revisions:?}");
        }
    });
    for revision in 2..60 {
        write(&store, &lease, all(revision)).await;
    }
    drop(stop);
    reader.await.expect("every read was whole");
}

/// Commits and appends at the same time do not fail each other, also those that are refused.
pub async fn commits_and_appends_do_not_disturb_each_other<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let work = |n: u64| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut lease = leased(&store, &format!("s{n}")).await;
            for to in 1..=25 {
                let documents = vec![document(&format!("{n}"), &to.to_string(), to)];
                commit(
                    &store,
                    &Commit { advances: vec![advance(&lease, to)], documents, ..Commit::default() },
                )
                .await;
                is_fenced(&refused(&store, &standing(&lease)).await, &lease.subscription, 0);
                lease.position = place(to);
                kit::stored(&store, kit::at(&kit::stream(&n.to_string()), to - 1, ["x"])).await;
            }
        })
    };
    for worker in join_all((0..8).map(work)).await {
        worker.expect("a worker ends without a failure");
    }
    assert_eq!(kit::log(&store, 100).await.len(), 200);
    for n in 0..8 {
        assert_eq!(position(&store, &format!("s{n}"), 0).await, 25);
        assert_eq!(load(&store, &n.to_string()).await.expect("its document").revision, 25);
    }
}
