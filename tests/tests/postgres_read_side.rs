//! Shards, documents and deliveries in PostgreSQL: races between workers, fences, lost answers and round trips.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use gesta::{
    domain::{Indexed, Position},
    store::{
        Advance, BoxError, Claim, Commit, Deliveries, DeliveryState, DeliveryWrite, DocumentWrite, Documents,
        EventStore, Holding, Lease, Postgres, ReadSide, Shards, SqlConnection, SqlWork, StoreError,
    },
};
use gesta_tests::{Database, Kind, Proxy, Server, stream};
use sqlx::{Connection, Executor, PgConnection, Row};
use uuid::Uuid;

const LONG: Duration = Duration::from_secs(60);

fn name() -> Arc<str> {
    "balance@1".into()
}

async fn claim(store: &Postgres, worker: Uuid, ttl: Duration) -> Holding {
    let claim = Claim { worker, subscriptions: &[name()], ttl };
    store.claim(claim).await.expect("an answer").remove(0)
}

fn advance(lease: &Lease, to: u64) -> Advance {
    Advance {
        subscription: lease.subscription.clone(),
        shard: lease.shard,
        token: lease.token,
        from: lease.position,
        to: Position::from_raw(to),
    }
}

fn document(key: &str, body: &str, revision: u64) -> DocumentWrite {
    DocumentWrite {
        collection: name(),
        key: key.to_owned(),
        body: Some(body.into()),
        indexes: vec![("length", (body.len() as u64).index_key()), ("body", body.to_owned().index_key())],
        revision,
        expected: None,
    }
}

fn parked(position: u64) -> DeliveryWrite {
    DeliveryWrite::Park {
        subscription: name(),
        shard: 0,
        stream: stream("ann"),
        position: Position::from_raw(position),
        version: position,
        event: "account.deposited".to_owned(),
        state: DeliveryState::Retrying,
        attempts: 1,
        retry_in: Some(Duration::ZERO),
        errors: vec!["it is\0broken".to_owned(), "because".to_owned()],
    }
}

fn commit(leases: &[Lease], to: u64) -> Commit {
    Commit { advances: leases.iter().map(|lease| advance(lease, to)).collect(), ..Commit::default() }
}

async fn body(store: &Postgres, key: &str) -> Option<String> {
    let found = store.load_documents(&name(), &[key]).await.expect("readable").remove(0);
    found.and_then(|document| document.body).map(|body| String::from_utf8_lossy(&body).into_owned())
}

/// Who owns which shard, by the table.
async fn owners(store: &Postgres) -> Vec<Option<Uuid>> {
    let state = store.subscriptions(Some(&name())).await.expect("readable").remove(0);
    state.shards.into_iter().map(|shard| shard.owner).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_race_share_the_shards_out_and_no_shard_has_two_owners() {
    let database = Database::new(Kind::Postgres).await;
    let store = Postgres::connect(database.url()).await.expect("a store");
    store.declare(&name(), 16, Position::START).await.expect("declared");
    let workers: Vec<_> = (0..3).map(|_| Uuid::now_v7()).collect();
    let racing = workers.iter().map(|worker| {
        let (store, worker) = (store.clone(), *worker);
        tokio::spawn(async move {
            for _ in 0..50 {
                let holding = claim(&store, worker, LONG).await;
                let extra = holding.leases.get(usize::from(holding.share)..).unwrap_or_default();
                store.release(worker, extra).await.expect("given back");
                // All others must see it the same way: a token is good for one worker.
                store
                    .commit(&commit(&holding.leases[..holding.leases.len() - extra.len()], 0))
                    .await
                    .expect("mine");
            }
        })
    });
    for task in racing.collect::<Vec<_>>() {
        task.await.expect("a worker ends without a panic");
    }
    // One may have been through before the last had come: it gives back what is more than its share by now.
    for worker in &workers {
        let holding = claim(&store, *worker, LONG).await;
        let extra = holding.leases.get(usize::from(holding.share)..).unwrap_or_default();
        store.release(*worker, extra).await.expect("given back");
    }
    let mut shards = Vec::new();
    for worker in &workers {
        let holding = claim(&store, *worker, LONG).await;
        assert!((4..=6).contains(&holding.leases.len()) && holding.share == 6, "{holding:?}");
        shards.extend(holding.leases.into_iter().map(|lease| lease.shard));
    }
    shards.sort_unstable();
    assert_eq!(shards, (0..16).collect::<Vec<_>>(), "each shard once");

    store.leave(workers[0]).await.expect("it goes");
    for worker in &workers[1..] {
        let holding = claim(&store, *worker, LONG).await;
        assert_eq!((holding.leases.len(), holding.share), (8, 8), "the others take what is free at once");
    }
    store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_worker_that_was_taken_over_stores_nothing() {
    let database = Database::new(Kind::Postgres).await;
    let store = Postgres::connect(database.url()).await.expect("a store");
    store.declare(&name(), 2, Position::START).await.expect("declared");
    let (slow, quick) = (Uuid::now_v7(), Uuid::now_v7());
    let old = claim(&store, slow, Duration::from_millis(20)).await.leases;
    assert_eq!(old.len(), 2);
    let patience = Instant::now() + Duration::from_secs(10);
    let new = loop {
        let holding = claim(&store, quick, LONG).await;
        if holding.leases.len() == 2 {
            break holding.leases;
        }
        assert!(Instant::now() < patience, "the leases do not run out: {holding:?}");
    };
    assert!(new.iter().zip(&old).all(|(new, old)| new.token > old.token));

    let mut late = commit(&old, 7);
    late.documents.push(document("ann", "late", 7));
    late.deliveries.push(parked(7));
    match store.commit(&late).await {
        Err(StoreError::Fenced { subscription, shard: 0 }) => assert_eq!(subscription, "balance@1"),
        other => panic!("it must be refused: {other:?}"),
    }
    // One lease that is not good is enough, and the error names it.
    let mut half = commit(&new[..1], 7);
    half.advances.push(advance(&old[1], 7));
    half.documents.push(document("ann", "half", 7));
    let refused = store.commit(&half).await;
    assert!(matches!(refused, Err(StoreError::Fenced { shard: 1, .. })), "{refused:?}");
    assert_eq!(body(&store, "ann").await, None);
    assert_eq!(store.parked_streams(&name(), &[0, 1]).await.expect("readable"), []);
    let position = store.subscriptions(Some(&name())).await.expect("readable").remove(0).position();
    assert_eq!(position, Position::START);

    let mut fine = commit(&new, 7);
    fine.documents.push(document("ann", "new", 7));
    store.commit(&fine).await.expect("its leases are good");
    // The same again begins where the shards are not any more.
    assert!(matches!(store.commit(&fine).await, Err(StoreError::Fenced { .. })));
    assert_eq!(body(&store, "ann").await.as_deref(), Some("new"));
    store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_commit_waits_for_nobody_who_claims_and_a_claim_for_no_commit() {
    let database = Database::new(Kind::Postgres).await;
    let store = Postgres::connect(database.url()).await.expect("a store");
    store.declare(&name(), 2, Position::START).await.expect("declared");
    let worker = Uuid::now_v7();
    let leases = claim(&store, worker, LONG).await.leases;
    let mut other = PgConnection::connect(database.url()).await.expect("a connection");
    let mut committing = other.begin().await.expect("a transaction");
    committing.execute("SELECT FROM gesta.shards WHERE shard = 0 FOR UPDATE").await.expect("held");
    let begun = Instant::now();
    assert_eq!(claim(&store, worker, LONG).await.leases, leases, "what it has, it is told");
    // Otherwise it would wait until the transaction ends, which it never does.
    assert!(begun.elapsed() < Duration::from_secs(30), "a claim waited {:?}", begun.elapsed());
    committing.rollback().await.expect("rolled back");
    store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn whoever_is_paused_commits_nothing_until_it_goes_on() {
    let database = Database::new(Kind::Postgres).await;
    let store = Postgres::connect(database.url()).await.expect("a store");
    store.declare(&name(), 2, Position::START).await.expect("declared");
    let worker = Uuid::now_v7();
    let leases = claim(&store, worker, LONG).await.leases;
    assert!(store.set_paused(&name(), true).await.expect("paused"));
    assert!(matches!(store.commit(&commit(&leases, 1)).await, Err(StoreError::Fenced { .. })));
    let holding = claim(&store, worker, LONG).await;
    assert!(holding.paused && holding.leases.is_empty(), "{holding:?}");
    assert!(store.reset(&name(), Position::from_raw(3)).await.expect("reset"));
    assert!(claim(&store, worker, LONG).await.leases.is_empty(), "a reset does not let it go on");
    assert!(store.set_paused(&name(), false).await.expect("goes on"));
    let leases = claim(&store, worker, LONG).await.leases;
    assert!(leases.iter().all(|lease| lease.position == Position::from_raw(3)) && leases.len() == 2);
    assert_eq!(owners(&store).await, [Some(worker); 2]);
    store.release(worker, &leases).await.expect("given back");
    assert!(matches!(store.commit(&commit(&leases, 4)).await, Err(StoreError::Fenced { .. })));
    assert_eq!(owners(&store).await, [None; 2]);
    store.close().await;
    database.remove().await;
}

#[tokio::test]
async fn a_commit_is_one_round_trip_and_so_is_a_claim() {
    let server = Server::start("");
    let proxy = Proxy::to(server.port()).await;
    let options = Postgres::options().workers(1).readers(1);
    let store = options.connect(&server.url_at(proxy.port())).await.expect("a store");
    store.declare(&name(), 4, Position::START).await.expect("declared");
    let worker = Uuid::now_v7();
    let mut leases = claim(&store, worker, LONG).await.leases;
    let before = proxy.round_trips();
    for to in 1..=50 {
        let mut written = commit(&leases, to);
        written.documents = (0..20).map(|n| document(&format!("{n}"), &format!("{to}"), to)).collect();
        written.deliveries = vec![
            parked(to),
            DeliveryWrite::Done {
                subscription: name(),
                stream: stream("ann"),
                position: Position::from_raw(to - 1),
            },
        ];
        store.commit(&written).await.expect("committed");
        leases.iter_mut().for_each(|lease| lease.position = Position::from_raw(to));
    }
    assert_eq!(proxy.round_trips() - before, 50);
    for _ in 0..50 {
        assert_eq!(claim(&store, worker, LONG).await.leases, leases);
    }
    assert_eq!(proxy.round_trips() - before, 100);
    let due = store.due_deliveries(&name(), &[0], 10).await.expect("readable");
    assert_eq!(due.iter().map(|due| due.position.raw()).collect::<Vec<_>>(), [50]);
    assert_eq!(due[0].errors, ["it is\u{fffd}broken", "because"]);
    store.close().await;
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_unknown_and_was_done_or_not() {
    let server = Server::start("");
    let proxy = Proxy::to(server.port()).await;
    let options = Postgres::options().workers(1).readers(1);
    let store = options.connect(&server.url_at(proxy.port())).await.expect("a store");
    store.declare(&name(), 1, Position::START).await.expect("declared");
    let worker = Uuid::now_v7();
    let (mut done, mut undone) = (0, 0);
    for round in 1..=20_u64 {
        let lease = claim(&store, worker, LONG).await.leases.remove(0);
        let mut written = commit(std::slice::from_ref(&lease), lease.position.raw() + 1);
        written.documents.push(document("ann", &round.to_string(), round));
        let before = body(&store, "ann").await;
        if round % 2 == 0 {
            proxy.lose_answers(1)
        } else {
            proxy.cut()
        }
        match store.commit(&written).await {
            Err(StoreError::OutcomeUnknown { streams, .. }) => {
                assert!(streams.contains("balance@1"), "{streams}")
            }
            other => panic!("whether it was stored cannot be known: {other:?}"),
        }
        let patience = Instant::now() + Duration::from_secs(10);
        let now = loop {
            // The first calls may meet connections that were cut as well.
            let claim = Claim { worker, subscriptions: &[name()], ttl: LONG };
            if let (Ok(holdings), Ok(_)) = (store.claim(claim).await, store.last_position().await) {
                break holdings[0].leases[0].position;
            }
            assert!(Instant::now() < patience, "the store does not recover");
        };
        let stored = now.raw() == lease.position.raw() + 1;
        let expected = if stored { Some(round.to_string()) } else { before };
        assert_eq!(body(&store, "ann").await, expected, "all of it or nothing");
        if stored { done += 1 } else { undone += 1 }
    }
    println!("{done} were stored, {undone} were not");
    assert!(done > 0, "no answer was lost after its commit");
    store.close().await;
}

/// Inserts a row, and fails where it is told to.
#[derive(Debug)]
struct Insert(i32);

#[async_trait]
impl SqlWork for Insert {
    async fn run(&self, connection: SqlConnection<'_>) -> Result<(), BoxError> {
        let SqlConnection::Postgres(connection) = connection else { return Err("not PostgreSQL".into()) };
        // A transaction of its own inside is a savepoint.
        let mut inner = connection.begin().await?;
        sqlx::query("INSERT INTO public.mine VALUES ($1)").bind(self.0).execute(&mut *inner).await?;
        inner.commit().await?;
        Ok(())
    }
}

#[tokio::test]
async fn statements_of_the_application_are_stored_with_the_rest_or_not_at_all() {
    let database = Database::new(Kind::Postgres).await;
    let store = Postgres::connect(database.url()).await.expect("a store");
    let mut other = PgConnection::connect(database.url()).await.expect("a connection");
    other.execute("CREATE TABLE public.mine (n int UNIQUE CHECK (n <> 3))").await.expect("a table");
    store.declare(&name(), 1, Position::START).await.expect("declared");
    let lease = claim(&store, Uuid::now_v7(), LONG).await.leases.remove(0);
    let with_work = |from: u64, to: u64, work: i32| {
        let lease = Lease { position: Position::from_raw(from), ..lease.clone() };
        let mut commit = commit(&[lease], to);
        commit.documents.push(document("ann", &to.to_string(), to));
        commit.work = Some(Arc::new(Insert(work)));
        commit
    };
    store.commit(&with_work(0, 1, 1)).await.expect("committed");
    // Its own fault, the fence before it, and a document after it: each takes the whole back.
    let refused = store.commit(&with_work(1, 2, 3)).await;
    assert!(matches!(refused, Err(StoreError::Work { .. })), "{refused:?}");
    assert!(matches!(store.commit(&with_work(0, 2, 2)).await, Err(StoreError::Fenced { .. })));
    let mut stale = with_work(1, 2, 2);
    stale.documents[0].expected = Some(9);
    match store.commit(&stale).await {
        Err(StoreError::Stale { key, .. }) => assert_eq!(key, "ann"),
        other => panic!("it must be refused: {other:?}"),
    }
    let count: i64 = other.fetch_one("SELECT count(*) FROM public.mine").await.expect("a count").get(0);
    assert_eq!((count, body(&store, "ann").await.as_deref()), (1, Some("1")));
    store.commit(&with_work(1, 2, 2)).await.expect("and then it goes on");
    store.close().await;
    database.remove().await;
}
