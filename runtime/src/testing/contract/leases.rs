//! Who works on which shard.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::sync::watch;
use uuid::Uuid;

use super::{Fixture, Subject, follow::*};
use crate::store::{Claim, Lease, Store};

fn tokens(leases: &[Lease]) -> Vec<(u16, u64)> {
    leases.iter().map(|lease| (lease.shard, lease.token)).collect()
}

async fn release(store: &Store, worker: Uuid, leases: &[Lease]) {
    side(store).release(worker, leases).await.expect("leases can be given back");
}

async fn owners(store: &Store, name: &str) -> Vec<Option<Uuid>> {
    let mut states = side(store).subscriptions(Some(name)).await.expect("a subscription's state");
    states.remove(0).shards.iter().map(|shard| shard.owner).collect()
}

/// Who is alone has every shard, and keeps it without a change of hands.
pub async fn a_single_worker_has_every_shard<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let worker = Uuid::now_v7();
    side(&store).declare("s", 16, place(3)).await.expect("a declaration");
    let first = claim(&store, worker, "s", LONG).await;
    assert_eq!((first.shards, first.share, first.paused), (16, 16, false));
    assert_eq!(shards(&first), (0..16).collect::<Vec<_>>());
    assert!(first.leases.iter().all(|lease| lease.token > 0 && lease.position == place(3)));
    assert_eq!(claim(&subject.open().await, worker, "s", LONG).await, first);
    assert_eq!(owners(&store, "s").await, [Some(worker); 16]);
}

/// What was not declared has no shards; the answers stand in the order of the question.
pub async fn an_undeclared_subscription_has_no_shards<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    declare(&store, "b", 1).await;
    declare(&store, "a", 2).await;
    let names: Vec<Arc<str>> = ["b", "unknown", "a"].map(Arc::from).into();
    let asked = Claim { worker: Uuid::now_v7(), subscriptions: &names, ttl: LONG };
    let holdings = side(&store).claim(asked).await.expect("a claim");
    let seen: Vec<_> = holdings.iter().map(|h| (&*h.subscription, h.shards, h.leases.len())).collect();
    assert_eq!(seen, [("b", 1, 1), ("unknown", 0, 0), ("a", 2, 2)]);
    let nothing = Claim { worker: Uuid::now_v7(), subscriptions: &[], ttl: LONG };
    assert_eq!(side(&store).claim(nothing).await.expect("a claim of nothing"), []);
}

/// Who comes later is told its share, and gets it when the others give back what they have more than theirs.
pub async fn shares_are_fair<F: Fixture>(subject: &Subject<F>) {
    let stores = [subject.open().await, subject.open().await, subject.open().await];
    let workers = [Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7()];
    let ask = async |n: usize| claim(&stores[n], workers[n], "s", LONG).await;
    let counts = async |n: usize| {
        let holding = ask(n).await;
        (holding.share, holding.leases.len())
    };
    declare(&stores[0], "s", 16).await;
    assert_eq!(counts(0).await, (16, 16));
    assert_eq!(counts(1).await, (8, 0), "nothing is free");
    let first = ask(0).await;
    assert_eq!((first.share, first.leases.len()), (8, 16), "nothing is taken away");
    release(&stores[0], workers[0], &first.leases[8..]).await;
    assert_eq!(counts(0).await, (8, 8));
    assert_eq!(counts(1).await, (8, 8));
    assert_eq!(counts(2).await, (6, 0));
    for n in [0, 1] {
        let leases = ask(n).await.leases;
        release(&stores[n], workers[n], &leases[..2]).await;
    }
    assert_eq!([counts(2).await, counts(0).await, counts(1).await], [(6, 4), (6, 6), (6, 6)]);
    let all: BTreeSet<_> = join_all([0, 1, 2].map(&ask)).await.iter().flat_map(shards).collect();
    assert_eq!(all.len(), 16, "every shard is somebody's");
}

/// Only the workers that ask for a subscription count for its shares.
pub async fn workers_count_where_they_work<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    declare(&store, "a", 4).await;
    declare(&store, "b", 4).await;
    let (both, one) = (Uuid::now_v7(), Uuid::now_v7());
    claim(&store, both, "a", LONG).await;
    claim(&store, both, "b", LONG).await;
    claim(&store, one, "a", LONG).await;
    assert_eq!(claim(&store, both, "a", LONG).await.share, 2);
    assert_eq!(claim(&store, both, "b", LONG).await.share, 4);
}

/// When a lease has run out, whoever asks gets the shard, with a token that fences the one before.
pub async fn a_lease_that_has_run_out_is_taken<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let (gone, heir) = (Uuid::now_v7(), Uuid::now_v7());
    declare(&store, "s", 2).await;
    let moment = side(&store).now().await.expect("the time").as_micros().unsigned_abs();
    let before = claim(&store, gone, "s", Duration::from_millis(300)).await.leases;
    // So that none is given out again after the store was set back to a backup.
    assert!(
        before.iter().all(|lease| lease.token >= moment),
        "tokens are moments: {before:?}, from {moment} on"
    );
    let after = until("the leases have run out", async || {
        let holding = claim(&other, heir, "s", LONG).await;
        (holding.leases.len() == 2).then_some(holding)
    })
    .await;
    assert_eq!(after.share, 2, "who is gone has no share");
    for (before, after) in before.iter().zip(&after.leases) {
        assert!(after.token > before.token);
        assert_eq!(after.position, before.position);
        is_fenced(&refused(&store, &standing(before)).await, "s", before.shard);
    }
    commit(&other, &standing(&after.leases[0])).await;
    assert_eq!(claim(&store, gone, "s", LONG).await.leases, [], "it comes back too late");
    assert_eq!(owners(&store, "s").await, [Some(heir); 2]);
}

/// Whoever keeps asking keeps its shards, long after the first lease would have run out.
pub async fn a_lease_that_is_renewed_stays<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let (owner, rival) = (Uuid::now_v7(), Uuid::now_v7());
    declare(&store, "s", 1).await;
    let ttl = Duration::from_millis(1_500);
    let first = claim(&store, owner, "s", ttl).await;
    let state = side(&store).subscriptions(Some("s")).await.expect("its state").remove(0);
    let until_first = state.shards[0].leased_until.expect("it is leased");
    until("the first lease would have run out", async || {
        assert_eq!(claim(&store, owner, "s", ttl).await.leases, first.leases);
        assert_eq!(claim(&other, rival, "s", LONG).await.leases, []);
        (side(&store).now().await.expect("the time") > until_first).then_some(())
    })
    .await;
    commit(&store, &standing(&first.leases[0])).await;
}

/// Who leaves lets go of everything at once.
pub async fn leaving_frees_everything<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let (gone, heir) = (Uuid::now_v7(), Uuid::now_v7());
    for name in ["a", "b"] {
        declare(&store, name, 3).await;
    }
    let before = [claim(&store, gone, "a", LONG).await, claim(&store, gone, "b", LONG).await];
    assert_eq!(claim(&other, heir, "b", LONG).await.share, 2);
    side(&store).leave(gone).await.expect("a worker can leave");
    side(&store).leave(Uuid::now_v7()).await.expect("one that never was there can leave");
    for before in before {
        let name = &*before.subscription;
        is_fenced(&refused(&store, &standing(&before.leases[0])).await, name, 0);
        // A claim waits for nobody: the refused commit may still be about to end.
        let after = until("everything is taken over", async || {
            let after = claim(&other, heir, name, LONG).await;
            assert_eq!(after.share, 3, "of {name}");
            (after.leases.len() == 3).then_some(after)
        })
        .await;
        assert!(after.leases.iter().zip(&before.leases).all(|(after, before)| after.token > before.token));
    }
}

/// What is given back is free; a lease that somebody else has by now cannot be given back.
pub async fn only_good_leases_are_given_back<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    declare(&store, "s", 2).await;
    let old = claim(&store, first, "s", LONG).await.leases;
    claim(&other, second, "s", LONG).await;
    release(&store, first, &old[..1]).await;
    is_fenced(&refused(&store, &standing(&old[0])).await, "s", 0);
    // A claim waits for nobody: the refused commit may still be about to end.
    let new = until("what was given back is taken", async || {
        let new = claim(&other, second, "s", LONG).await.leases;
        (!new.is_empty()).then_some(new)
    })
    .await;
    assert!(matches!(tokens(&new)[..], [(0, token)] if token > old[0].token), "{new:?}");

    release(&store, first, &old[..1]).await;
    release(&store, second, &old[..1]).await;
    release(&store, first, &new).await;
    commit(&other, &standing(&new[0])).await;
    commit(&store, &standing(&old[1])).await;
    assert_eq!(owners(&store, "s").await, [Some(second), Some(first)]);
}

/// Whoever waits for shards on the same store is told when some may have become free; a claim is nothing to tell.
pub async fn what_is_given_back_is_told<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (port, worker) = (side(&store), Uuid::now_v7());
    let mut signals = port.shard_signals();
    let told = |signals: &mut watch::Receiver<u64>, what: &str| {
        assert!(signals.has_changed().expect("the store is there"), "{what} is told");
        signals.mark_unchanged();
    };
    declare(&store, "s", 2).await;
    let leases = claim(&store, worker, "s", LONG).await.leases;
    release(&store, worker, &leases[..1]).await;
    told(&mut signals, "what was given back");
    port.leave(worker).await.expect("a worker can leave");
    told(&mut signals, "who has left");
    for paused in [true, false] {
        port.set_paused("s", paused).await.expect("it can be paused");
        told(&mut signals, "a pause and its end");
    }
    port.reset("s", place(1)).await.expect("it can be reset");
    told(&mut signals, "a reset");
    port.remove("s").await.expect("it can be removed");
    told(&mut signals, "what is gone");
}

/// Many workers ask at once, on handles of their own: no shard is in two hands, and none is left over.
pub async fn racing_workers_share_without_overlap<F: Fixture>(subject: &Subject<F>) {
    let stores = [subject.open().await, subject.open().await];
    for round in 0..5 {
        let name = format!("s{round}");
        declare(&stores[0], &name, 16).await;
        let work = |n: usize| {
            let (store, name) = (stores[n % 2].clone(), name.clone());
            tokio::spawn(async move {
                let worker = Uuid::now_v7();
                let mut held = claim(&store, worker, &name, LONG).await;
                for _ in 0..6 {
                    let surplus = held.leases.len().saturating_sub(usize::from(held.share));
                    release(&store, worker, &held.leases[..surplus]).await;
                    held = claim(&store, worker, &name, LONG).await;
                }
                worker
            })
        };
        let ended = join_all((0..6).map(work)).await;
        let workers: Vec<Uuid> = ended.into_iter().map(|worker| worker.expect("a worker ends")).collect();
        // Whoever was done early may have more than its share by now, or less.
        let settle = async || {
            let mut leases = Vec::new();
            for worker in &workers {
                let held = claim(&stores[0], *worker, &name, LONG).await;
                let share = usize::from(held.share).min(held.leases.len());
                release(&stores[0], *worker, &held.leases[share..]).await;
                leases.extend(held.leases.into_iter().take(share));
            }
            leases
        };
        settle().await;
        let leases = settle().await;
        let distinct: BTreeSet<_> = leases.iter().map(|lease| lease.shard).collect();
        assert_eq!((leases.len(), distinct.len()), (16, 16), "round {round}: {leases:?}");
        let committed = join_all(leases.iter().map(|lease| {
            let store = stores[1].clone();
            async move { side(&store).commit(&standing(lease)).await }
        }));
        assert!(committed.await.iter().all(Result::is_ok), "round {round}");
    }
}
