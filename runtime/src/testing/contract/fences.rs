//! Appends under a lease.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use uuid::Uuid;

use super::{Fixture, Subject, follow::*, kit::*, process_kit::*};
use crate::{
    domain::Position,
    store::{Lease, Outcome},
};

/// With a good lease an append is stored. One that has run out is good until somebody takes the shard.
pub async fn a_good_lease_lets_an_append_pass<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, worker) = (stream("ann"), Uuid::now_v7());
    declare(&store, "s", 3).await;
    let held = claim(&store, worker, "s", Duration::from_millis(1)).await.leases;
    stored(&store, under(&held[0], at(&ann, 0, ["1"]))).await;
    until("the leases have run out", async || {
        let state = side(&store).subscriptions(Some("s")).await.expect("its state").remove(0);
        state.shards.iter().all(|shard| shard.owner.is_none()).then_some(())
    })
    .await;
    for (version, lease) in (1..).zip(&held) {
        stored(&store, under(lease, at(&ann, version, ["2"]))).await;
    }
    // Where the shard is does not matter.
    let moved = crate::store::Commit { advances: vec![advance(&held[1], 7)], ..Default::default() };
    commit(&store, &moved).await;
    stored(&store, under(&held[1], at(&ann, 4, ["5"]))).await;
}

/// A lease that is not good any more stores nothing: another token, given back, taken by another, paused, reset, removed.
pub async fn a_lost_lease_stores_nothing<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let (ann, worker) = (stream("ann"), Uuid::now_v7());
    let try_with = async |lease: &Lease| send_one(&store, under(lease, at(&ann, 0, ["no"]))).await;
    declare(&store, "s", 2).await;
    let held = claim(&store, worker, "s", LONG).await.leases;
    for token in [0, held[1].token - 1, held[1].token + 1, u64::MAX] {
        assert_eq!(try_with(&Lease { token, ..held[1].clone() }).await, fenced("s", 1));
    }
    assert_eq!(try_with(&Lease { shard: 2, ..held[1].clone() }).await, fenced("s", 2));
    assert_eq!(try_with(&Lease { subscription: "t".into(), ..held[1].clone() }).await, fenced("t", 1));

    side(&other).release(worker, &held[1..]).await.expect("a lease is given back");
    assert_eq!(try_with(&held[1]).await, fenced("s", 1));
    let heir = Uuid::now_v7();
    claim(&other, heir, "s", LONG).await;
    assert_eq!(try_with(&held[1]).await, fenced("s", 1));

    side(&other).set_paused("s", true).await.expect("a subscription is paused");
    assert_eq!(try_with(&held[0]).await, fenced("s", 0));
    side(&other).set_paused("s", false).await.expect("a subscription goes on");
    assert_eq!(try_with(&held[0]).await, fenced("s", 0));

    let held = claim(&store, heir, "s", LONG).await.leases;
    side(&other).reset("s", Position::START).await.expect("a subscription is reset");
    assert_eq!(try_with(&held[0]).await, fenced("s", 0));
    let held = claim(&store, heir, "s", LONG).await.leases;
    side(&other).remove("s").await.expect("a subscription is removed");
    assert_eq!(try_with(&held[0]).await, fenced("s", 0));
    assert_eq!(log(&store, 10).await.len(), 0);
}

/// A repeated key is answered without a look at the lease; the lease is looked at before the version.
pub async fn the_lease_comes_after_the_key<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    let good = leased(&store, "s").await;
    let lost = Lease { token: good.token + 1, ..good.clone() };
    let receipt = stored(&store, under(&good, keyed(at(&ann, 0, ["1"]), "k"))).await;
    let again = under(&lost, keyed(at(&ann, 0, ["1"]), "k"));
    assert_eq!(send_one(&store, again).await, Outcome::Duplicate(receipt));
    let elsewhere = under(&lost, keyed(at(&bob, 0, ["no"]), "k"));
    assert_eq!(send_one(&store, elsewhere).await, Outcome::KeyReused { first: ann.clone() });
    assert_eq!(send_one(&store, under(&lost, at(&ann, 9, ["no"]))).await, fenced("s", 0));
    let stale =
        crate::store::Append { documents: vec![expecting(5, document("d", "1", 6))], ..at(&ann, 1, ["no"]) };
    assert_eq!(send_one(&store, under(&lost, stale)).await, fenced("s", 0));
    // A key of what was refused is free.
    let refused = under(&lost, keyed(at(&ann, 1, ["no"]), "l"));
    assert_eq!(send_one(&store, refused).await, fenced("s", 0));
    stored(&store, under(&good, keyed(at(&ann, 1, ["2"]), "l"))).await;
}

/// A refused append breaks its chain and nothing else; a lease alone is looked at, and writes nothing.
pub async fn a_lost_lease_breaks_its_chain_only<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    let good = leased(&store, "s").await;
    let lost = Lease { token: good.token + 1, ..good.clone() };
    let batch = [
        under(&good, at(&ann, 0, ["1"])),
        under(&lost, at(&ann, 1, ["no"])),
        under(&good, at(&ann, 1, ["no"])),
        under(&good, at(&bob, 0, ["1"])),
        under(&good, at(&bob, 1, [])),
        under(&lost, at(&bob, 1, [])),
    ];
    let outcomes = send(&store, &batch).await;
    assert_eq!(outcomes[1..3], [fenced("s", 0), conflict(1)]);
    for outcome in [&outcomes[0], &outcomes[3], &outcomes[4]] {
        assert_eq!(receipt(outcome).version, 1);
    }
    assert_eq!(outcomes[5], fenced("s", 0));
    assert_eq!(log(&store, 10).await.len(), 2);
}

/// Whoever had a shard and does not know that it was taken writes nothing after its heir has begun.
pub async fn nobody_writes_after_a_takeover<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    declare(&store, "s", 1).await;
    for round in 0..8 {
        let ann = stream(&format!("ann {round}"));
        let owner = Uuid::now_v7();
        let lease = claim(&store, owner, "s", LONG).await.leases.remove(0);
        let begun = Arc::new(AtomicBool::new(false));
        let zombie = tokio::spawn({
            let (store, lease, ann, begun) = (store.clone(), lease.clone(), ann.clone(), Arc::clone(&begun));
            async move {
                while let Outcome::Appended(_) =
                    send_one(&store, under(&lease, anywhere(&ann, ["old"]))).await
                {
                    begun.store(true, Ordering::Release);
                }
            }
        });
        until("the worker is at it", async || begun.load(Ordering::Acquire).then_some(())).await;
        side(&other).release(owner, std::slice::from_ref(&lease)).await.expect("a lease is taken away");
        side(&other).leave(owner).await.expect("a worker is gone");
        let heir = Uuid::now_v7();
        // A claim waits for nobody: an append that is about to be refused may still hold the shard.
        let take = async || claim(&other, heir, "s", LONG).await.leases.pop();
        let taken = until("the shard is taken over", take).await;
        for _ in 0..3 {
            stored(&other, under(&taken, anywhere(&ann, ["new"]))).await;
        }
        zombie.await.expect("the worker notices");
        let seen = payloads(&other, &ann).await;
        assert!(seen.is_sorted_by(|a, b| a == b || a == "old"), "round {round}: {seen:?}");
        side(&other).leave(heir).await.expect("a worker goes");
    }
}
