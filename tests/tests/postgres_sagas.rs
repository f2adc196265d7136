//! Sagas and timers in PostgreSQL: what many writers, takeovers, lost connections and many waiting instances do to them.

use std::{collections::HashMap, ops::ControlFlow, sync::Arc, time::Duration};

use futures_util::future::join_all;
use gesta::{
    domain::Position,
    store::{
        Append, Claim, Due, EventStore, Expected, Fence, Item, Outcome, Postgres, ProcessWrites, ReadStream,
        SagaFilter, SagaStatus, SagaWrite, Sagas, Shards, StreamId, Suspicion, TakeSagas,
    },
};
use gesta_tests::{Database, Dice, Kind, append, payloads, stream};
use sqlx::{Connection, Executor, PgConnection, Row};
use uuid::Uuid;

async fn connection(database: &Database) -> PgConnection {
    PgConnection::connect(database.url()).await.expect("a connection")
}

async fn store(database: &Database) -> Postgres {
    Postgres::connect(database.url()).await.expect("a store")
}

/// The lease of the only shard.
async fn fence(store: &Postgres) -> Fence {
    store.declare("saga:transfer", 1, Position::START).await.expect("declared");
    let names = ["saga:transfer".into()];
    let claim = Claim { worker: Uuid::now_v7(), subscriptions: &names, ttl: Duration::from_secs(60) };
    let lease = store.claim(claim).await.expect("claimed").remove(0).leases.remove(0);
    Fence { subscription: lease.subscription, shard: lease.shard, token: lease.token }
}

fn running(id: &str) -> SagaWrite {
    SagaWrite {
        saga: "transfer".into(),
        id: id.to_owned(),
        shard: 0,
        status: SagaStatus::Running,
        step: Some("pay".to_owned()),
        attempts: 1,
        due: Some(Due::In(Duration::ZERO)),
        error: None,
        definition: (1, u64::MAX),
    }
}

fn beside(append: Append, fence: Option<&Fence>, saga: Option<SagaWrite>) -> Append {
    let process = ProcessWrites { fence: fence.cloned(), saga, ..ProcessWrites::default() };
    Append { process: Some(Box::new(process)), ..append }
}

fn together(first: Append, second: Append) -> Append {
    Append { together: Some(Box::new(second)), ..first }
}

async fn version(store: &Postgres, stream: StreamId) -> u64 {
    let mut last = 0;
    let mut visit = |item: Item<'_>| {
        if let Item::Event(event) = item {
            last = event.version;
        }
        ControlFlow::Continue(())
    };
    store.read_stream(&ReadStream::all(stream), &mut visit).await.expect("a stream");
    last
}

async fn number(connection: &mut PgConnection, question: &'static str) -> i64 {
    connection.fetch_one(question).await.expect("an answer").get(0)
}

/// Whichever of two streams comes first, whether or not it is expected at a version, and whether it is there already, or
/// made by somebody else at this moment: nobody waits in a circle.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pairs_in_every_order_do_not_lock_each_other_out() {
    const ROUNDS: u32 = 20;
    let database = Database::new(Kind::Postgres).await;
    let stores = [store(&database).await, store(&database).await, store(&database).await];
    let writers = (0..12_u64).map(|writer| {
        let store = stores[(writer % 3) as usize].clone();
        tokio::spawn(async move {
            let (mut dice, mut stored) = (Dice::new(writer + 1), 0);
            let mut versions = HashMap::new();
            for round in 0..ROUNDS * 4 {
                let side = |dice: &mut Dice| {
                    // New streams every few times.
                    let id = format!("{}-{}", round / 4, dice.roll(4));
                    let known = versions.get(&id).copied().unwrap_or_default();
                    let expected = if dice.roll(2) == 0 { Expected::Any } else { Expected::Version(known) };
                    append(&id, expected, ["{}"])
                };
                let pair = loop {
                    let (first, second) = (side(&mut dice), side(&mut dice));
                    if first.stream != second.stream {
                        break together(first, second);
                    }
                };
                let alone = side(&mut dice);
                for (sent, outcome) in [&pair, &alone]
                    .into_iter()
                    .zip(store.append(&[pair.clone(), alone.clone()]).await.expect("a batch"))
                {
                    match outcome {
                        Outcome::Appended(_) => stored += 1 + usize::from(sent.together.is_some()),
                        Outcome::Conflict { actual } => {
                            versions.insert(sent.stream.id().to_owned(), actual);
                        }
                        Outcome::Apart { stream, outcome } => {
                            if let Outcome::Conflict { actual } = *outcome {
                                versions.insert(stream.id().to_owned(), actual);
                            }
                        }
                        other => panic!("{other:?}"),
                    }
                }
            }
            stored
        })
    });
    let stored: usize = join_all(writers).await.into_iter().map(|stored| stored.expect("a writer")).sum();
    let mut found = 0;
    for id in (0..ROUNDS).flat_map(|round| (0..4).map(move |n| format!("{round}-{n}"))) {
        found += payloads(&stores[0], &id).await.expect("a stream").len();
    }
    assert_eq!(stored, found);
    assert!(stored > 300, "most of it is stored: {stored}");
    let mut connection = connection(&database).await;
    for store in stores {
        store.close().await;
    }
    connection.execute("SELECT pg_stat_clear_snapshot()").await.expect("cleared");
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(number(&mut connection, deadlocks).await, 0);
    database.remove().await;
}

/// While an append of a worker is under way its shard cannot be taken, and other appends of the worker go on.
#[tokio::test]
async fn a_shard_is_not_taken_over_in_the_middle_of_an_append() {
    let database = Database::new(Kind::Postgres).await;
    let store = store(&database).await;
    let fence = fence(&store).await;
    let mut connection = connection(&database).await;
    let mut transaction = connection.begin().await.expect("a transaction");
    let slow = beside(append("slow", Expected::Version(0), ["{}"]), Some(&fence), Some(running("slow")));
    let outcomes = store.append_in(&mut transaction, &[slow]).await.expect("appended");
    assert!(matches!(outcomes[..], [Outcome::Appended(_)]), "{outcomes:?}");

    let quick = |id: &str| beside(append(id, Expected::Version(0), ["{}"]), Some(&fence), Some(running(id)));
    let outcomes = store.append(&[quick("a"), quick("b")]).await.expect("others with the lease go on");
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Appended(_))), "{outcomes:?}");

    let mut pausing = Box::pin(store.set_paused("saga:transfer", true));
    let early = tokio::time::timeout(Duration::from_millis(300), &mut pausing).await;
    assert!(early.is_err(), "it is not paused in the middle of an append");
    transaction.commit().await.expect("committed");
    assert!(pausing.await.expect("then it is"));
    assert_eq!(version(&store, stream("slow")).await, 1);

    let late = together(append("c", Expected::Version(0), ["{}"]), quick("d"));
    let outcomes = store.append(&[late]).await.expect("a batch");
    let lost = Outcome::Fenced { subscription: "saga:transfer".to_owned(), shard: 0 };
    assert_eq!(outcomes, [Outcome::Apart { stream: stream("d"), outcome: Box::new(lost) }]);
    assert_eq!(version(&store, stream("c")).await, 0);
    store.close().await;
    database.remove().await;
}

/// Connections that are cut leave no half of a pair, and no row without its events.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cut_connections_leave_no_halves() {
    let database = Database::new(Kind::Postgres).await;
    let store = store(&database).await;
    let fence = Arc::new(fence(&store).await);
    let writers = (0..8).map(|writer| {
        let (store, fence) = (store.clone(), Arc::clone(&fence));
        tokio::spawn(async move {
            let mut failed = 0;
            for round in 0..40 {
                let batch: Vec<_> = (0..5)
                    .map(|n| {
                        let (a, b) = (format!("a-{writer}-{round}-{n}"), format!("b-{writer}-{round}-{n}"));
                        let second = append(&b, Expected::Version(0), ["{}"]);
                        // One of each batch is in the way of the others.
                        let expected = Expected::Version(u64::from(n == 3));
                        together(
                            append(&a, expected, ["{}"]),
                            beside(second, Some(&fence), Some(running(&b))),
                        )
                    })
                    .collect();
                match store.append(&batch).await {
                    Ok(outcomes) => assert_eq!(
                        outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Appended(_))).count(),
                        4
                    ),
                    Err(_) => failed += 1,
                }
            }
            failed
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut connection = connection(&database).await;
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'";
    let mut cuts = 0;
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        cuts += number(&mut connection, cut).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let failed: usize = join_all(writers).await.into_iter().map(|failed| failed.expect("a writer")).sum();
    assert!(cuts > 0 && failed > 0, "{cuts} connections were cut, {failed} batches failed");
    let halves = "SELECT count(*) FROM gesta.streams AS a FULL JOIN gesta.streams AS b \
                  ON b.id = 'b' || substr(a.id, 2) FULL JOIN gesta.sagas AS s ON s.id = b.id \
                  WHERE a.id LIKE 'a-%' AND (b.id IS NULL OR s.id IS NULL)";
    let stored = "SELECT count(*) FROM gesta.sagas";
    assert_eq!(number(&mut connection, halves).await, 0);
    let rows = number(&mut connection, stored).await;
    let seconds = "SELECT count(*) FROM gesta.streams WHERE id LIKE 'b-%'";
    assert_eq!((rows > 0, rows), (true, number(&mut connection, seconds).await));
    store.close().await;
    database.remove().await;
}

/// An instance that goes from step to step leaves its indexes alone.
#[tokio::test]
async fn steps_stay_on_their_page() {
    let database = Database::new(Kind::Postgres).await;
    let store = store(&database).await;
    for round in 0..5 {
        // Few enough that all their versions find room on one page.
        let batch: Vec<_> = (0..4)
            .map(|n| {
                let id = n.to_string();
                let step = SagaWrite { step: Some(format!("step {round}")), ..running(&id) };
                beside(append(&id, Expected::Version(round), ["{}"]), None, Some(step))
            })
            .collect();
        let outcomes = store.append(&batch).await.expect("a batch");
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Appended(_))), "{outcomes:?}");
        let take = TakeSagas {
            saga: "transfer",
            subscription: "saga.transfer",
            shards: &[0],
            running: &[],
            limit: 100,
            suspicion: Suspicion::None,
        };
        assert_eq!(store.take_sagas(take).await.expect("taken").taken.len(), 4);
    }
    store.close().await;
    let mut connection = connection(&database).await;
    let counts = "SELECT n_tup_upd, n_tup_upd - n_tup_hot_upd FROM pg_stat_all_tables \
                  WHERE relid = 'gesta.sagas'::regclass";
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        let row = connection.fetch_one(counts).await.expect("counts");
        if row.get::<i64, _>(0) == 4 * 4 + 5 * 4 {
            assert_eq!(row.get::<i64, _>(1), 0, "updates that have changed an index");
            break;
        }
        assert!(std::time::Instant::now() < deadline, "the statistics arrive: {}", row.get::<i64, _>(0));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    database.remove().await;
}

/// Among a hundred thousand that wait, those that are due are found without a look at the others.
#[tokio::test]
async fn waiting_instances_cost_nothing() {
    let database = Database::new(Kind::Postgres).await;
    let store = store(&database).await;
    let mut connection = connection(&database).await;
    let waiting = "INSERT INTO gesta.sagas (saga, id, shard, status, attempts, due_at, definition, fingerprint, \
                   started_at, updated_at) \
                   SELECT 'transfer', n::text, n % 16, 0, 0, \
                          CASE WHEN n % 1000 = 0 THEN now() - interval '1 minute' \
                               WHEN n % 2 = 0 THEN now() + interval '1 hour' END, 1, 1, now(), now() \
                     FROM generate_series(1, 100000) AS n";
    connection.execute(waiting).await.expect("instances");
    let shards: Vec<u16> = (0..16).collect();
    let take = TakeSagas {
        saga: "transfer",
        subscription: "saga.transfer",
        shards: &shards,
        running: &[],
        limit: 1_000,
        suspicion: Suspicion::None,
    };
    let taken = store.take_sagas(take).await.expect("taken");
    assert_eq!(taken.taken.len(), 100);
    let next = taken.next.expect("others are due later");
    assert!(next > Duration::from_secs(3_000) && next <= Duration::from_secs(3_600), "{next:?}");

    let reads = "SELECT idx_tup_read FROM pg_stat_all_indexes WHERE indexrelname = 'sagas_due'";
    let scans = "SELECT seq_tup_read FROM pg_stat_all_tables WHERE relid = 'gesta.sagas'::regclass";
    store.close().await;
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while number(&mut connection, reads).await == 0 {
        assert!(std::time::Instant::now() < deadline, "the statistics arrive");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let read = number(&mut connection, reads).await;
    assert!((100..1_000).contains(&read), "{read} entries of the index were read");
    assert_eq!(number(&mut connection, scans).await, 0);
    database.remove().await;
}

/// A database of the version before is brought up to date, and a program of the version before goes on beside.
#[tokio::test]
async fn a_database_without_sagas_gets_them() {
    let database = Database::new(Kind::Postgres).await;
    let first = store(&database).await;
    first.append(&[append("ann", Expected::Version(0), ["{}"])]).await.expect("appended");
    first.close().await;
    let mut connection = connection(&database).await;
    let back = "DROP TABLE gesta.sagas, gesta.timers, gesta.shapes, gesta.programs, gesta.fleet; \
                ALTER TABLE gesta.shards DROP COLUMN lost; DELETE FROM gesta.migrations WHERE version >= 3; \
                DROP ROUTINE gesta.append_process_v1, gesta.write_sagas_v1, gesta.write_timers_v1, \
                             gesta.lost_shards_v1, gesta.due_v1, gesta.write_deliveries_v2, gesta.commit_v2, \
                             gesta.join_v1, gesta.hold_streams_v1";
    connection.execute(back).await.expect("as it was before");
    let store = store(&database).await;
    let step = beside(append("ann", Expected::Version(1), ["{}"]), None, Some(running("ann")));
    let outcomes = store.append(&[step]).await.expect("appended");
    assert!(matches!(outcomes[..], [Outcome::Appended(_)]), "{outcomes:?}");
    assert_eq!(store.list_sagas(&SagaFilter::default(), 10).await.expect("listed").len(), 1);
    let before = "SELECT count(*) FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace \
                  WHERE n.nspname = 'gesta' AND p.proname IN ('append_v1', 'append_one_v1', 'append_documents_v1', \
                  'commit_v1')";
    assert_eq!(number(&mut connection, before).await, 4, "what the program before calls is there");
    store.close().await;
    database.remove().await;
}
