//! Instances that are due, and who goes on with them.

use std::time::Duration;

use futures_util::future::join_all;
use uuid::Uuid;

use super::{Fixture, Subject, follow::*, kit::*, process_kit::*};
use crate::store::{Due, SagaStatus, SagaWrite, Suspicion, TakeSagas};

/// Those that are due come in the order in which they became due, and at most so many.
pub async fn the_longest_due_are_taken_first<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    for (id, due) in [("c", 30), ("a", 40), ("b", 20), ("d", 10)] {
        stand(&store, due_at(past(due), running(id))).await;
    }
    stand(&store, due_at(Due::In(HOUR), running("later"))).await;
    stand(&store, SagaWrite { due: None, ..running("waits") }).await;
    stand(&store, SagaWrite { saga: "other".into(), ..running("e") }).await;
    assert_eq!(take_ids(&other, TakeSagas { limit: 3, ..all_due() }).await, ["d", "b", "c"]);
    assert_eq!(take_ids(&other, TakeSagas { limit: 0, ..all_due() }).await.len(), 0);
    assert_eq!(take_ids(&other, all_due()).await, ["d", "b", "c", "a"]);
    assert_eq!(take_ids(&other, TakeSagas { saga: "unknown", ..all_due() }).await.len(), 0);
    assert_eq!(take_ids(&other, TakeSagas { saga: "other", ..all_due() }).await, ["e"]);
}

/// Each worker gets what is in its shards.
pub async fn instances_belong_to_their_shards<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    for shard in 0..6 {
        stand(&store, SagaWrite { shard, due: Some(past(i64::from(shard))), ..running(&shard.to_string()) })
            .await;
    }
    for (shards, expected) in
        [(&[5_u16, 1, 3][..], &["1", "3", "5"][..]), (&[0], &["0"]), (&[], &[]), (&[9], &[])]
    {
        assert_eq!(take_ids(&store, TakeSagas { shards, ..all_due() }).await, expected);
    }
    let shards: Vec<u16> = (0..=u16::MAX).collect();
    assert_eq!(take_ids(&store, TakeSagas { shards: &shards, limit: u64::MAX, ..all_due() }).await.len(), 6);
}

/// Those that the worker is at already are left out, and do not take the place of others.
pub async fn running_instances_are_left_out<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    for (id, due) in [("a", 1), ("b", 2), ("c", 3), ("it's \"d\"", 4)] {
        stand(&store, due_at(past(due), running(id))).await;
    }
    let running = ["a".to_owned(), "it's \"d\"".to_owned(), "unknown".to_owned()];
    let others = TakeSagas { running: &running, limit: 2, ..all_due() };
    assert_eq!(take(&store, others).await, [("b".into(), 0), ("c".into(), 0)]);
}

/// The question for those against which so much speaks.
fn against(suspicion: Suspicion) -> TakeSagas<'static> {
    TakeSagas { suspicion, ..all_due() }
}

/// Each lost lease is counted until the instance has come further; each is given to who asks for so many.
pub async fn suspects_are_taken_apart<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    lose_the_lease(&store).await;
    stand(&store, due_at(past(1), running("bad"))).await;
    let mut stored = 0;
    for count in 0..=Suspicion::Strong.least() + 1 {
        for suspicion in Suspicion::ALL {
            // Twice, and by the same worker: that counts once.
            for _ in 0..2 {
                let meant = suspicion == Suspicion::of(stored);
                let found = take(&store, against(suspicion)).await;
                let expected: Vec<_> = meant.then(|| ("bad".to_owned(), count)).into_iter().collect();
                assert_eq!(found, expected, "{suspicion:?} after {stored}");
                stored = if meant { count } else { stored };
            }
        }
        lose_the_lease(&store).await;
    }
    stand(&store, due_at(past(2), running("good"))).await;
    assert_eq!(take(&store, all_due()).await, [("good".into(), 0)]);
    let before = instance(&store, "bad").await.expect("the instance");
    assert_eq!((before.taken, before.updated_at), (Suspicion::Strong.least() + 1, before.started_at));

    stand(&store, due_at(past(1), running("bad"))).await;
    assert_eq!(instance(&store, "bad").await.map(|state| state.taken), Some(0));
    assert_eq!(take(&store, against(Suspicion::Strong)).await, []);
    assert_eq!(take(&store, all_due()).await, [("bad".into(), 0), ("good".into(), 0)]);
}

/// However often it is taken: as long as no lease was lost with it, nothing speaks against an instance. Shards that are
/// given back, paused or reset are not lost.
pub async fn only_lost_leases_are_counted<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    declare(&store, "order", 1).await;
    stand(&store, due_at(past(1), running("slow"))).await;
    let is_fine = async || {
        for _ in 0..3 {
            assert_eq!(take(&other, all_due()).await, [("slow".into(), 0)]);
        }
    };
    for round in 0..8 {
        let worker = Uuid::now_v7();
        let lease = claim(&store, worker, "order", LONG).await.leases.remove(0);
        is_fine().await;
        let given = match round % 4 {
            0 => side(&store).release(worker, std::slice::from_ref(&lease)).await,
            1 => Ok(()),
            2 => side(&store).set_paused("order", true).await.map(drop),
            _ => side(&store).reset("order", place(0)).await.map(drop),
        };
        given.expect("the lease is given back or taken away");
        is_fine().await;
        side(&store).leave(worker).await.expect("the worker goes");
        side(&store).set_paused("order", false).await.expect("it goes on");
    }
    // A worker whose time runs out, and that goes on before anybody else takes the shard.
    let worker = Uuid::now_v7();
    let short = Duration::from_millis(1);
    let first = claim(&store, worker, "order", short).await.leases;
    for _ in 0..5 {
        is_fine().await;
        tokio::time::sleep(short * 2).await;
        assert_eq!(claim(&store, worker, "order", short).await.leases, first);
    }
    is_fine().await;
}

/// Who was not taken since it has come further was not at work when a lease was lost. Of several leases that were lost
/// since, one counts.
pub async fn those_at_work_are_counted<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    lose_the_lease(&store).await;
    for id in ["a", "b", "c"] {
        stand(&store, due_at(past(1), running(id))).await;
    }
    let running = ["c".to_owned()];
    assert_eq!(take_ids(&store, TakeSagas { running: &running, ..all_due() }).await, ["a", "b"]);
    stand(&store, due_at(past(1), self::running("b"))).await;
    for _ in 0..3 {
        lose_the_lease(&store).await;
    }
    let expected = [("a".into(), 1), ("b".into(), 0), ("c".into(), 0)];
    assert_eq!(take(&store, all_due()).await, expected);
    assert_eq!(take(&store, all_due()).await, expected);
}

/// Told is how long it is until the next one of the worker's shards.
pub async fn the_next_one_is_told<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let next = async |shards: &[u16]| taken(&store, TakeSagas { shards, ..all_due() }).await.next;
    assert_eq!(next(&[0, 1]).await, None);
    stand(&store, due_at(past(1), running("now"))).await;
    stand(&store, SagaWrite { due: None, ..running("waits") }).await;
    assert_eq!(next(&[0, 1]).await, None);
    stand(&store, due_at(Due::In(HOUR * 3), running("far"))).await;
    stand(&store, due_at(Due::In(HOUR), SagaWrite { shard: 1, ..running("near") })).await;
    stand(&store, due_at(Due::In(HOUR / 2), SagaWrite { saga: "other".into(), ..running("nearer") })).await;
    let within = |found: Option<Duration>, most: Duration| {
        let found = found.expect("there is a next one");
        assert!(found <= most && found > most - HOUR / 2, "{found:?} is not about {most:?}");
    };
    within(next(&[0, 1]).await, HOUR);
    within(next(&[0]).await, HOUR * 3);
    assert_eq!(next(&[2]).await, None);
    assert_eq!(next(&[]).await, None);
    // Also where as many are taken as are asked for, and where there is nothing to take.
    within(taken(&store, TakeSagas { limit: 0, shards: &[0, 1], ..all_due() }).await.next, HOUR);
    stand(
        &store,
        being(SagaStatus::Parked, due_at(Due::In(HOUR), SagaWrite { shard: 1, ..running("near") })),
    )
    .await;
    within(next(&[0, 1]).await, HOUR * 3);
}

/// One that is due later is taken then, and not before.
pub async fn an_instance_becomes_due<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    stand(&store, due_at(Due::In(Duration::from_millis(300)), running("soon"))).await;
    let due = instance(&store, "soon").await.and_then(|state| state.due_at).expect("a time");
    let found = until("it is due", async || {
        let before = clock(&store).await;
        let taken = taken(&store, all_due()).await;
        assert!(taken.taken.is_empty() || clock(&store).await >= due, "too early");
        assert!(!taken.taken.is_empty() || before < due, "too late");
        assert!(taken.taken.is_empty() == taken.next.is_some(), "it is due now or later");
        (!taken.taken.is_empty()).then_some(taken.taken)
    })
    .await;
    assert_eq!(found, [("soon".into(), 0)]);
}

/// What has ended or is parked is never due, and stays.
pub async fn ended_and_parked_instances_rest<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    for status in SagaStatus::ALL {
        stand(&store, being(status, running(status.name()))).await;
    }
    let mut taken = take_ids(&store, all_due()).await;
    taken.sort();
    assert_eq!(taken, ["compensating", "running"]);
    assert_eq!(take_ids(&store, against(Suspicion::Some)).await.len(), 0);
    for status in SagaStatus::ALL {
        assert_eq!(instance(&store, status.name()).await.map(|state| state.status), Some(status));
    }
    // A parked one goes on when that is written.
    stand(&store, due_at(past(1), running("parked"))).await;
    assert_eq!(take_ids(&store, TakeSagas { limit: 1, ..all_due() }).await, ["parked"]);
}

/// A wake makes what waits due at once, keeps the place of what is due already, and leaves the rest alone.
pub async fn a_wake_makes_due_what_waits<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    stand(&store, SagaWrite { due: None, ..running("waits") }).await;
    stand(&store, being(SagaStatus::Compensating, due_at(Due::In(HOUR), running("later")))).await;
    stand(&store, due_at(past(1), running("first"))).await;
    for status in [SagaStatus::Parked, SagaStatus::Completed, SagaStatus::Compensated, SagaStatus::Abandoned]
    {
        stand(&store, being(status, running(status.name()))).await;
    }
    let before = instance(&store, "later").await.expect("the instance");
    wake(&store, ["parked", "completed", "compensated", "abandoned", "unknown", "first"]).await;
    assert_eq!(take_ids(&store, all_due()).await, ["first"]);
    wake(&store, ["later", "later"]).await;
    wake(&store, ["first"]).await;
    assert_eq!(take_ids(&store, all_due()).await, ["first", "later"]);
    wake(&store, ["waits"]).await;
    let woken = instance(&store, "later").await.expect("the instance");
    assert_eq!((woken.updated_at, woken.taken, woken.status), (before.updated_at, 0, before.status));
    assert_eq!(take_ids(&store, all_due()).await, ["first", "later", "waits"]);
    // Of another saga, and where nothing is appended.
    stand(&store, due_at(Due::In(HOUR), SagaWrite { saga: "other".into(), ..running("waits") })).await;
    wake(&store, ["waits"]).await;
    assert_eq!(take(&store, TakeSagas { saga: "other", ..all_due() }).await, []);
}

/// Writes and wakes of a batch happen one after the other.
pub async fn wakes_have_their_place_in_a_batch<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    let later = |id: &str| due_at(Due::In(HOUR), running(id));
    let batch = [
        // Both in one append: the instance is there when it is woken.
        waking(["same"], with_saga(later("same"), at(&ann, 0, ["1"]))),
        // Written, then woken.
        with_saga(later("woken"), at(&ann, 1, ["2"])),
        waking(["woken", "soon ended"], at(&bob, 0, ["1"])),
        // Woken, then written: the later word counts.
        with_saga(later("written"), at(&ann, 2, ["3"])),
        waking(["written"], at(&bob, 1, [])),
        with_saga(later("written"), at(&ann, 3, ["4"])),
        with_saga(being(SagaStatus::Completed, running("soon ended")), at(&ann, 4, ["5"])),
        // Not stored, so nobody is woken.
        waking(["written"], at(&bob, 7, ["no"])),
        together(waking(["written"], at(&stream("cid"), 0, ["no"])), at(&stream("dan"), 1, ["no"])),
    ];
    send(&store, &batch).await[..7].iter().for_each(is_stored);
    let mut taken = take_ids(&store, all_due()).await;
    taken.sort();
    assert_eq!(taken, ["same", "woken"]);
    stored(&store, together(at(&ann, 5, ["6"]), waking(["written"], at(&bob, 1, [])))).await;
    let running = taken;
    assert_eq!(take_ids(&store, TakeSagas { running: &running, ..all_due() }).await, ["written"]);
}

/// Takers at the same time count a lost lease once.
pub async fn a_lost_lease_is_counted_once<F: Fixture>(subject: &Subject<F>) {
    let stores = [subject.open().await, subject.open().await];
    lose_the_lease(&stores[0]).await;
    stand(&stores[0], due_at(past(1), running("bad"))).await;
    take(&stores[0], all_due()).await;
    for count in 1..=Suspicion::Strong.least() + 2 {
        let suspicion = Suspicion::of(count - 1);
        lose_the_lease(&stores[0]).await;
        let taker = |n: usize| {
            let store = stores[n % 2].clone();
            tokio::spawn(async move { take(&store, against(suspicion)).await })
        };
        let takers = join_all((0..6).map(taker)).await;
        let counts: Vec<_> = takers.into_iter().flat_map(|taken| taken.expect("a taker ends")).collect();
        assert!(
            !counts.is_empty() && counts.iter().all(|found| *found == ("bad".to_owned(), count)),
            "{counts:?}"
        );
    }
}

/// Whoever is told of an append finds what it has made due.
pub async fn what_is_made_due_is_told<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    stand(&store, SagaWrite { due: None, ..running("waits") }).await;
    let mut signals = side(&store).signals();
    signals.borrow_and_update();
    wake(&store, ["waits"]).await;
    until("the signal is there", async || signals.has_changed().expect("the store is open").then_some(()))
        .await;
    assert_eq!(take_ids(&store, all_due()).await, ["waits"]);
}
