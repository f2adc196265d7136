mod faulty;
mod purse;
mod traces;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use faulty::{Fault, Faulty, Shared};
use purse::{Move, MoveOnce, Purse, PurseId, Sew, Tailor, TooFew};

use super::ExecuteError;
use crate::{
    app::{App, Builder},
    domain::Receipt,
    store::{Memory, Store, StoreError},
};

fn id(name: &str) -> PurseId {
    PurseId(name.into())
}

async fn app_on(store: &Arc<Faulty>) -> App<Tailor> {
    Builder::new(Store::new(Shared(store.clone())), ()).start().await.unwrap()
}

async fn started() -> (Arc<Faulty>, App<Tailor>) {
    let store = Arc::new(Faulty::new());
    let app = app_on(&store).await;
    (store, app)
}

async fn coins(app: &App<Tailor>, name: &str) -> (i64, u64) {
    let purse = app.load::<Purse>(&id(name)).await.unwrap().expect("the purse exists");
    (purse.coins, purse.version())
}

/// Starts commands one after the other while the store hangs, so that they queue in that order; then lets it go on.
async fn together<T: Send + 'static>(
    store: &Faulty,
    commands: Vec<impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let permits = store.gate.forget_permits(usize::MAX);
    let mut tasks = Vec::new();
    for command in commands {
        tasks.push(tokio::spawn(command));
        // On the test's only thread this runs the task until it waits for the store.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
    store.gate.add_permits(permits);
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

#[tokio::test]
async fn a_command_on_a_known_aggregate_is_one_append_and_no_read() {
    let (store, app) = started().await;
    app.create(&id("a"), Sew(5)).await.unwrap();
    let receipt = app.execute(&id("a"), Move(2)).await.unwrap();
    assert_eq!((receipt.version, receipt.events), (2, 1));
    assert_eq!(store.appends.load(Ordering::SeqCst), 2);
    assert_eq!(coins(&app, "a").await, (7, 2));
}

#[tokio::test]
async fn commands_on_one_aggregate_chain_in_memory_and_share_transactions() {
    let (store, app) = started().await;
    app.create(&id("a"), Sew(0)).await.unwrap();
    let commands = (0..50).map(|_| {
        let app = app.clone();
        async move { app.execute(&id("a"), Move(1)).await.unwrap().version }
    });
    let versions = together(&store, commands.collect()).await;
    assert_eq!(versions, (2..=51).collect::<Vec<_>>());
    assert_eq!(store.appends.load(Ordering::SeqCst), 3, "create, the first, and the other 49 at once");
    assert_eq!(coins(&app, "a").await, (50, 51));
}

#[tokio::test]
async fn a_poisonous_command_fails_alone() {
    let (store, app) = started().await;
    for name in ["a", "b", "c", "d"] {
        app.create(&id(name), Sew(0)).await.unwrap();
    }
    let commands = [("a", 1), ("b", 2), ("c", 13), ("d", 4)].map(|(name, by)| {
        let app = app.clone();
        async move { app.execute(&id(name), Move(by)).await.map(|receipt| receipt.version) }
    });
    let results = together(&store, commands.into()).await;
    assert!(
        matches!(&results[2], Err(ExecuteError::Store(StoreError::Backend { what, .. })) if what.contains("purse/c"))
    );
    for kept in [0, 1, 3] {
        assert_eq!(*results[kept].as_ref().unwrap(), 2);
    }
}

#[tokio::test]
async fn what_was_decided_on_a_state_that_never_was_is_decided_again() {
    let (store, app) = started().await;
    app.create(&id("a"), Sew(0)).await.unwrap();
    // The second is decided on the coins of the first, which the store then refuses.
    let commands = [1, 13, -10].map(|by| {
        let app = app.clone();
        async move { app.execute(&id("a"), Move(by)).await.map(|receipt| receipt.version) }
    });
    let results = together(&store, commands.into()).await;
    assert_eq!(*results[0].as_ref().unwrap(), 2);
    assert!(matches!(results[1], Err(ExecuteError::Store(StoreError::Backend { .. }))));
    assert!(matches!(results[2], Err(ExecuteError::Rejected(TooFew(1)))), "{:?}", results[2]);
    assert_eq!(coins(&app, "a").await, (1, 2));
}

#[tokio::test]
async fn two_applications_on_one_store_decide_again_on_what_the_other_has_done() {
    let (store, one) = started().await;
    let two = app_on(&store).await;
    one.create(&id("a"), Sew(10)).await.unwrap();
    for round in 0..20 {
        two.execute(&id("a"), Move(-1)).await.unwrap();
        one.execute(&id("a"), Move(1)).await.unwrap();
        assert_eq!(coins(&one, "a").await, (10, 3 + 2 * round));
    }
}

#[tokio::test]
async fn a_refusal_on_an_old_state_is_decided_again() {
    let (store, one) = started().await;
    let two = app_on(&store).await;
    one.create(&id("a"), Sew(0)).await.unwrap();
    two.execute(&id("a"), Move(5)).await.unwrap();
    one.execute(&id("a"), Move(-5)).await.expect("there are five coins, as the store knows");
    assert!(matches!(two.execute(&id("a"), Move(-5)).await, Err(ExecuteError::Rejected(TooFew(0)))));
    assert!(matches!(two.execute(&id("b"), Move(1)).await, Err(ExecuteError::NotFound)));
    one.create(&id("b"), Sew(1)).await.unwrap();
    two.execute(&id("b"), Move(1)).await.expect("created by the other meanwhile");
    assert!(matches!(two.create(&id("b"), Sew(1)).await, Err(ExecuteError::AlreadyExists)));
}

#[tokio::test]
async fn a_command_that_cannot_be_repeated_meets_a_conflict_once_and_then_a_new_state() {
    let (store, one) = started().await;
    let two = app_on(&store).await;
    one.create(&id("a"), Sew(0)).await.unwrap();
    two.execute(&id("a"), MoveOnce(1)).await.unwrap();
    let late = one.execute(&id("a"), MoveOnce(1)).await;
    assert!(matches!(late, Err(ExecuteError::Conflict { expected: 1, actual: 2 })));
    one.execute(&id("a"), MoveOnce(1)).await.unwrap();
    two.execute(&id("a"), Move(1)).await.unwrap();
    one.execute(&id("a"), MoveOnce(1)).await.expect("there are rivals, so the store is looked at first");
}

#[tokio::test]
async fn two_applications_on_one_database_of_a_process_never_meet_in_conflicts() {
    let store = Memory::new();
    let one = Builder::<Tailor>::new(store.clone().into(), ()).start().await.unwrap();
    let two = Builder::<Tailor>::new(store.into(), ()).start().await.unwrap();
    one.create(&id("a"), Sew(0)).await.unwrap();
    let commands = (0..100).map(|n| {
        let app = if n % 2 == 0 { one.clone() } else { two.clone() };
        tokio::spawn(async move { app.execute(&id("a"), MoveOnce(1)).await.unwrap() })
    });
    for command in commands.collect::<Vec<_>>() {
        command.await.unwrap();
    }
    assert_eq!(coins(&two, "a").await, (100, 101));
    one.shutdown().await.unwrap();
    two.execute(&id("a"), MoveOnce(1)).await.expect("the other one is still there");
    two.shutdown().await.unwrap();
    assert!(matches!(two.load::<Purse>(&id("a")).await, Err(StoreError::Closed)), "nobody is left");
}

#[tokio::test]
async fn a_store_that_somebody_holds_outlives_an_application_and_serves_the_next() {
    let store = Store::from(Memory::new());
    let one = Builder::<Tailor>::new(store.clone(), ()).start().await.unwrap();
    one.create(&id("a"), Sew(1)).await.unwrap();
    one.shutdown().await.unwrap();
    assert!(matches!(one.execute(&id("a"), Move(1)).await, Err(ExecuteError::Store(StoreError::Closed))));
    let two = Builder::<Tailor>::new(store, ()).start().await.unwrap();
    assert_eq!(two.execute(&id("a"), Move(1)).await.unwrap().version, 2);
}

#[tokio::test]
async fn the_same_key_gives_the_first_receipt_even_where_the_command_would_be_refused_now() {
    let (_, app) = started().await;
    app.create(&id("a"), Sew(5)).key("sew").await.unwrap();
    let first = app.execute(&id("a"), Move(-5)).key("k").await.unwrap();
    assert_eq!(app.execute(&id("a"), Move(-5)).key("k").await.unwrap(), first);
    assert_eq!(app.create(&id("a"), Sew(5)).key("sew").await.unwrap().version, 1);
    assert_eq!(coins(&app, "a").await, (0, 2));
    app.create(&id("b"), Sew(5)).await.unwrap();
    let reused = app.execute(&id("b"), Move(1)).key("k").await;
    assert!(matches!(reused, Err(ExecuteError::Store(StoreError::KeyReused { .. }))));
    app.execute(&id("b"), Move(1)).await.expect("a refused key does not spoil the aggregate");
}

#[tokio::test]
async fn a_command_without_events_stores_nothing_and_tells_the_version() {
    let (_, app) = started().await;
    app.create(&id("a"), Sew(5)).await.unwrap();
    let last = app.execute(&id("a"), Move(1)).await.unwrap();
    let nothing = app.execute(&id("a"), Move(0)).await.unwrap();
    assert_eq!(nothing, Receipt { events: 0, ..last });
    let kept = app.execute(&id("a"), Move(0)).key("k").await.unwrap();
    app.execute(&id("a"), Move(1)).await.unwrap();
    assert_eq!(app.execute(&id("a"), Move(0)).key("k").await.unwrap(), kept);
}

#[tokio::test]
async fn an_expected_version_is_not_decided_again() {
    let (_, app) = started().await;
    app.create(&id("a"), Sew(5)).await.unwrap();
    app.execute(&id("a"), Move(1)).expect_version(1).await.unwrap();
    let late = app.execute(&id("a"), Move(1)).expect_version(1).await;
    assert!(matches!(late, Err(ExecuteError::Conflict { expected: 1, actual: 2 })));
}

#[tokio::test]
async fn after_a_lost_answer_a_key_tells_and_no_key_says_unknown() {
    for fault in [Fault::AnswerLost, Fault::CallLost] {
        let (store, app) = started().await;
        app.create(&id("a"), Sew(5)).await.unwrap();
        store.fail_next(&[fault]);
        assert_eq!(app.execute(&id("a"), Move(1)).key("k").await.unwrap().version, 2);
        store.fail_next(&[fault]);
        let unknown = app.execute(&id("a"), Move(1)).await;
        assert!(matches!(unknown, Err(ExecuteError::Store(StoreError::OutcomeUnknown { .. }))));
        let version = if fault == Fault::AnswerLost { 3 } else { 2 };
        assert_eq!(coins(&app, "a").await, (4 + i64::try_from(version).unwrap(), version));
        assert_eq!(app.execute(&id("a"), Move(1)).await.unwrap().version, version + 1);
    }
}

#[tokio::test]
async fn a_chain_of_keyed_commands_survives_a_lost_answer() {
    for fault in [Fault::AnswerLost, Fault::CallLost] {
        let (store, app) = started().await;
        app.create(&id("a"), Sew(0)).await.unwrap();
        let commands = (0..10).map(|n| {
            let app = app.clone();
            async move { app.execute(&id("a"), Move(1)).key(format!("k{n}")).await.unwrap().version }
        });
        store.fail_next(&[Fault::Refused, fault, fault]);
        assert_eq!(together(&store, commands.collect()).await, (2..=11).collect::<Vec<_>>());
        assert_eq!(coins(&app, "a").await, (10, 11));
    }
}

#[tokio::test]
async fn a_store_that_comes_back_is_waited_for_and_one_that_stays_away_is_an_error() {
    let (store, app) = started().await;
    app.create(&id("a"), Sew(5)).await.unwrap();
    store.fail_next(&[Fault::Refused; 3]);
    app.execute(&id("a"), Move(1)).await.unwrap();
    store.fail_next(&[Fault::Refused; 6]);
    let away = app.execute(&id("a"), Move(1)).await;
    assert!(matches!(away, Err(ExecuteError::Store(StoreError::Unavailable { .. }))));
    assert_eq!(coins(&app, "a").await, (6, 2));
}

#[tokio::test]
async fn a_full_queue_says_busy_and_spoils_nothing() {
    let store = Arc::new(Faulty::new());
    let app = Builder::<Tailor>::new(Store::new(Shared(store.clone())), ()).queue(4).start().await.unwrap();
    app.create(&id("a"), Sew(0)).await.unwrap();
    let commands = (0..20).map(|_| {
        let app = app.clone();
        async move { app.execute(&id("a"), Move(1)).await }
    });
    let results = together(&store, commands.collect()).await;
    let stored = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(stored, 5, "one under way and four waiting");
    assert!(results.iter().skip(5).all(|result| matches!(result, Err(ExecuteError::Busy))));
    assert_eq!(coins(&app, "a").await, (5, 6));
}

#[tokio::test]
async fn a_store_that_hangs_is_a_timeout_and_what_was_queued_is_stored_all_the_same() {
    let (store, app) = started().await;
    app.create(&id("a"), Sew(0)).await.unwrap();
    let permits = store.gate.forget_permits(usize::MAX);
    let slow = app.execute(&id("a"), Move(1)).key("k").timeout(Duration::from_millis(20)).await;
    assert!(matches!(slow, Err(ExecuteError::Timeout)));
    store.gate.add_permits(permits);
    assert_eq!(app.execute(&id("a"), Move(1)).key("k").await.unwrap().version, 2);
    assert_eq!(coins(&app, "a").await, (1, 2));
}

#[tokio::test]
async fn an_event_by_which_the_state_cannot_change_is_not_stored() {
    let (_, app) = started().await;
    app.create(&id("a"), Sew(1)).await.unwrap();
    let panicked = tokio::spawn({
        let app = app.clone();
        async move { app.execute(&id("a"), Move(i64::MIN)).await }
    });
    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!(app.execute(&id("a"), Move(1)).await.unwrap().version, 2);
    assert_eq!(coins(&app, "a").await, (2, 2));
}

#[tokio::test]
async fn a_snapshot_is_taken_used_and_ignored_when_its_shape_is_another() {
    let (store, app) = started().await;
    app.create(&id("a"), Sew(0)).await.unwrap();
    for _ in 0..25 {
        app.execute(&id("a"), Move(1)).await.unwrap();
    }
    assert_eq!(coins(&app, "a").await, (25, 26));
    let other = app_on(&store).await;
    assert_eq!(other.execute(&id("a"), Move(1)).await.unwrap().version, 27);
    assert_eq!(coins(&other, "a").await, (26, 27));
    assert_eq!(app.load_at::<Purse>(&id("a"), 5).await.unwrap().unwrap().coins, 4);
    assert!(app.load_at::<Purse>(&id("a"), 28).await.unwrap().is_none());
}

#[tokio::test]
async fn shutdown_finishes_what_is_under_way_and_refuses_the_rest() {
    let (store, app) = started().await;
    app.create(&id("a"), Sew(0)).await.unwrap();
    let commands = (0..10).map(|_| {
        let app = app.clone();
        async move { app.execute(&id("a"), Move(1)).await.unwrap().version }
    });
    assert_eq!(together(&store, commands.collect()).await.len(), 10);
    app.shutdown().await.unwrap();
    assert!(matches!(app.execute(&id("a"), Move(1)).await, Err(ExecuteError::Store(StoreError::Closed))));
    assert!(matches!(app.load::<Purse>(&id("a")).await, Err(StoreError::Closed)));
}
