//! Appending and reading inside a transaction of the application.

use std::{ops::ControlFlow, time::Duration};

use gesta::{
    domain::{IdempotencyKey, Meta, Position},
    store::{
        Append, Due, EventStore, Expected, Item, NewEvent, Outcome, ProcessWrites, ReadLog, ReadSide,
        ReadStream, SagaStatus, SagaWrite, Sagas, Sqlite, StoreError, StreamId, Suspicion, TakeSagas,
        TimerWrite, Timers,
    },
};
use gesta_tests::Folder;
use sqlx::{
    Connection, Executor, Row, Sqlite as Driver, SqlitePool, Transaction, sqlite::SqliteConnectOptions,
};

fn append(id: &str, expected: u64, name: &'static str) -> Append {
    let event = NewEvent { name, version: 1, payload: b"{}".to_vec() };
    Append {
        stream: StreamId::new("account", id),
        expected: Expected::Version(expected),
        key: None,
        meta: Meta::default(),
        events: vec![event],
        documents: vec![],
        process: None,
        together: None,
    }
}

async fn open(folder: &Folder) -> (Sqlite, SqlitePool) {
    let path = folder.path("application.db");
    let store = Sqlite::open(&path).await.unwrap();
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&path)).await.unwrap();
    pool.execute("CREATE TABLE mine (id TEXT PRIMARY KEY)").await.unwrap();
    (store, pool)
}

async fn insert_mine(transaction: &mut Transaction<'_, Driver>, id: &str) {
    sqlx::query("INSERT INTO mine VALUES (?)").bind(id).execute(&mut **transaction).await.unwrap();
}

async fn mine(pool: &SqlitePool) -> i64 {
    pool.fetch_one("SELECT count(*) FROM mine").await.unwrap().get(0)
}

/// The versions and the names of events, as the store reads them.
async fn read(store: &Sqlite, id: &str) -> Vec<(u64, String)> {
    let mut seen = Vec::new();
    let mut visit = |item: Item<'_>| {
        if let Item::Event(event) = item {
            seen.push((event.version, event.name.to_owned()));
        }
        ControlFlow::Continue(())
    };
    store.read_stream(&ReadStream::all(StreamId::new("account", id)), &mut visit).await.unwrap();
    seen
}

#[tokio::test]
async fn both_are_committed_together() {
    let folder = Folder::new();
    let (store, pool) = open(&folder).await;
    let mut transaction = pool.begin().await.unwrap();
    insert_mine(&mut transaction, "ann").await;
    let batch =
        [append("ann", 0, "account.opened"), append("ann", 1, "account.named"), append("ann", 9, "no")];
    let outcomes = store.append_in(&mut transaction, &batch).await.unwrap();
    assert!(matches!(outcomes[..2], [Outcome::Appended(_), Outcome::Appended(_)]));
    assert_eq!(outcomes[2], Outcome::Conflict { actual: 2 }, "a conflict does not end the transaction");

    let mut versions = Vec::new();
    let mut visit = |item: Item<'_>| {
        if let Item::Event(event) = item {
            versions.push(event.version);
        }
        ControlFlow::Continue(())
    };
    let stream = ReadStream::all(StreamId::new("account", "ann"));
    store.read_stream_in(&mut transaction, &stream, &mut visit).await.unwrap();
    assert_eq!(versions, [1, 2], "the transaction sees what it has appended");
    assert!(read(&store, "ann").await.is_empty(), "and nobody else does");

    transaction.commit().await.unwrap();
    assert_eq!(read(&store, "ann").await, [(1, "account.opened".into()), (2, "account.named".into())]);
    assert_eq!(mine(&pool).await, 1);
    store.close().await;
}

/// The store does not see the commit, so it is told of it.
#[tokio::test]
async fn a_commit_that_is_announced_wakes_those_who_follow_the_log() {
    let folder = Folder::new();
    let (store, pool) = open(&folder).await;
    let signals = store.signals();
    let mut transaction = pool.begin().await.unwrap();
    store.append_in(&mut transaction, &[append("ann", 0, "account.opened")]).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(!signals.has_changed().unwrap(), "nobody has told it");
    store.announce();
    assert!(signals.has_changed().unwrap());
    store.close().await;
}

#[tokio::test]
async fn both_are_rolled_back_together_and_leave_no_trace() {
    let folder = Folder::new();
    let (store, pool) = open(&folder).await;
    for name in ["account.opened", "account.renamed"] {
        let mut transaction = pool.begin().await.unwrap();
        insert_mine(&mut transaction, "ann").await;
        let keyed = Append { key: Some(IdempotencyKey::new("k")), ..append("ann", 0, name) };
        store.append_in(&mut transaction, &[keyed]).await.unwrap();
        transaction.rollback().await.unwrap();
    }
    assert_eq!((mine(&pool).await, read(&store, "ann").await), (0, vec![]));
    assert_eq!(store.find_key(&IdempotencyKey::new("k")).await.unwrap(), None);
    // Numbers that were given and taken back are given again, also those of the types of events.
    for (id, name) in [("ann", "account.renamed"), ("bob", "account.closed"), ("eve", "account.opened")] {
        let outcomes = store.append(&[append(id, 0, name)]).await.unwrap();
        assert!(matches!(outcomes[0], Outcome::Appended(receipt) if receipt.version == 1), "{outcomes:?}");
    }
    assert_eq!(read(&store, "ann").await, [(1, "account.renamed".into())]);
    assert_eq!(read(&store, "bob").await, [(1, "account.closed".into())]);
    assert_eq!(read(&store, "eve").await, [(1, "account.opened".into())]);
    assert_eq!(store.last_position().await.unwrap().raw(), 3);
    store.close().await;
}

#[tokio::test]
async fn the_order_of_the_log_holds_between_transactions_and_appends() {
    const ROUNDS: u64 = 30;
    let folder = Folder::new();
    let (store, pool) = open(&folder).await;
    let nested = async {
        for round in 0..ROUNDS {
            let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
            insert_mine(&mut transaction, &round.to_string()).await;
            let append = Append { expected: Expected::Any, ..append("ann", 0, "account.opened") };
            store.append_in(&mut transaction, &[append]).await.unwrap();
            if round % 3 == 0 {
                transaction.rollback().await.unwrap();
            } else {
                transaction.commit().await.unwrap();
            }
        }
    };
    let plain = async {
        for _ in 0..ROUNDS {
            let append = Append { expected: Expected::Any, ..append("ann", 0, "account.opened") };
            store.append(&[append]).await.unwrap();
        }
    };
    tokio::join!(nested, plain);
    let mut places = Vec::new();
    let all = ReadLog { after: Position::START, limit: 1000 };
    let mut visit = |event: gesta::store::LogEventRef<'_>| {
        places.push((event.event.position.raw(), event.event.version));
        ControlFlow::Continue(())
    };
    store.read_log(&all, &mut visit).await.unwrap();
    let expected: Vec<_> = (1..=ROUNDS + ROUNDS * 2 / 3).map(|n| (n, n)).collect();
    assert_eq!(places, expected, "no gaps, whatever was rolled back");
    store.close().await;
}

#[tokio::test]
async fn a_transaction_that_has_read_an_older_state_is_told_to_begin_again() {
    let folder = Folder::new();
    let (store, pool) = open(&folder).await;
    let mut transaction = pool.begin().await.unwrap();
    transaction.execute("SELECT count(*) FROM gesta_events").await.unwrap();
    store.append(&[append("bob", 0, "account.opened")]).await.unwrap();
    let error = store.append_in(&mut transaction, &[append("ann", 0, "account.opened")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }) && error.is_retryable(), "{error:?}");
    transaction.rollback().await.unwrap();

    let mut transaction = pool.begin().await.unwrap();
    store.append_in(&mut transaction, &[append("ann", 0, "account.opened")]).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(read(&store, "ann").await.len(), 1);
    store.close().await;
}

#[tokio::test]
async fn a_refused_append_leaves_the_rest_of_the_transaction_as_it_was() {
    let folder = Folder::new();
    let (store, pool) = open(&folder).await;
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON gesta_streams WHEN NEW.name = 'eve' \
                  BEGIN SELECT RAISE(ABORT, 'not her'); END";
    pool.execute(refuse).await.unwrap();
    let mut transaction = pool.begin().await.unwrap();
    insert_mine(&mut transaction, "ann").await;
    let batch = [append("ann", 0, "account.opened"), append("eve", 0, "account.opened")];
    let error = store.append_in(&mut transaction, &batch).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Backend { .. }) && error.to_string().contains("not her"),
        "{error:?}"
    );
    store.append_in(&mut transaction, &batch[..1]).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!((mine(&pool).await, read(&store, "ann").await.len()), (1, 1));
    assert_eq!(store.last_position().await.unwrap().raw(), 1);
    store.close().await;
}

#[tokio::test]
async fn a_nested_transaction_of_the_driver_works_as_well() {
    let folder = Folder::new();
    let (store, pool) = open(&folder).await;
    let mut outer = pool.begin().await.unwrap();
    store.append_in(&mut outer, &[append("ann", 0, "account.opened")]).await.unwrap();
    let mut inner = outer.begin().await.unwrap();
    store
        .append_in(&mut inner, &[append("ann", 1, "account.named"), append("bob", 0, "account.opened")])
        .await
        .unwrap();
    inner.rollback().await.unwrap();
    store.append_in(&mut outer, &[append("ann", 1, "account.closed")]).await.unwrap();
    outer.commit().await.unwrap();
    assert_eq!(read(&store, "ann").await, [(1, "account.opened".into()), (2, "account.closed".into())]);
    assert!(read(&store, "bob").await.is_empty());
    assert_eq!(store.last_position().await.unwrap().raw(), 2);
    store.close().await;
}

/// Two appends with an instance and a timer beside them are committed with the application's own, or rolled back with it.
#[tokio::test]
async fn what_runs_over_time_follows_the_transaction() {
    let folder = Folder::new();
    let (store, pool) = open(&folder).await;
    let saga = SagaWrite {
        saga: "order".into(),
        id: "ann".to_owned(),
        shard: 0,
        status: SagaStatus::Running,
        step: None,
        attempts: 0,
        due: Some(Due::In(Duration::ZERO)),
        error: None,
        definition: (1, 1),
    };
    let timer = TimerWrite::Arm { name: "t".into(), armed: 1, shard: 0, due: Due::In(Duration::ZERO) };
    let process = ProcessWrites { saga: Some(saga), timers: vec![timer], ..ProcessWrites::default() };
    let mut pair = append("ann", 0, "account.opened");
    pair.process = Some(Box::new(process));
    pair.together = Some(Box::new(append("bob", 0, "account.opened")));
    for (round, commits) in [false, true].into_iter().enumerate() {
        let mut transaction = pool.begin().await.unwrap();
        insert_mine(&mut transaction, "ann").await;
        let batch = [append("bob", 7, "no"), pair.clone()];
        let apart = store.append_in(&mut transaction, &batch).await.unwrap().remove(1);
        assert!(matches!(apart, Outcome::Apart { .. }), "round {round}: {apart:?}");
        let stored = store.append_in(&mut transaction, &batch[1..]).await.unwrap().remove(0);
        assert!(matches!(stored, Outcome::Appended(_)), "round {round}: {stored:?}");
        match commits {
            true => transaction.commit().await.unwrap(),
            false => transaction.rollback().await.unwrap(),
        }
        let take = TakeSagas {
            saga: "order",
            subscription: "saga.order",
            shards: &[0],
            running: &[],
            limit: 9,
            suspicion: Suspicion::None,
        };
        let found = (
            mine(&pool).await as usize,
            read(&store, "ann").await.len() + read(&store, "bob").await.len(),
            store.take_sagas(take).await.unwrap().taken.len(),
            store.due_timers("account", &[0], 9).await.unwrap().due.len(),
        );
        assert_eq!(found, if commits { (1, 2, 1, 1) } else { (0, 0, 0, 0) });
    }
    pool.close().await;
    store.close().await;
}
