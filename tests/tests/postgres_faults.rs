//! Databases that crash under load, and connections that are cut: what was acknowledged is stored exactly once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use gesta::{
    domain::Receipt,
    store::{Append, Expected, Outcome, Postgres, StoreError},
};
use gesta_tests::{Proxy, Server, append, keyed, one};
use sqlx::{Connection, Executor, PgConnection, Row};

/// Whatever is lost of it, the same key in the end gives a receipt.
async fn until_acknowledged(store: &Postgres, append: Append, lost: &AtomicUsize) -> Receipt {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        match one(store, append.clone()).await {
            Ok(Outcome::Appended(receipt) | Outcome::Duplicate(receipt)) => return receipt,
            Ok(other) => panic!("{other:?}"),
            Err(error) => {
                assert!(error.is_retryable(), "{error:?}");
                assert!(Instant::now() < patience, "the store does not recover: {error}");
                lost.fetch_add(
                    usize::from(matches!(error, StoreError::OutcomeUnknown { .. })),
                    Ordering::SeqCst,
                );
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }
}

const CALLERS: usize = 12;

/// Appends with keys from many tasks until told to stop, and checks that each is stored exactly once.
async fn appends_under_fire(
    store: &Postgres,
    checked: &str,
    fire: impl AsyncFnOnce(&AtomicUsize) -> (),
) -> (usize, usize) {
    let (stop, lost, done) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let caller = |number: usize| {
        let (store, stop, lost, done) = (store.clone(), stop.clone(), lost.clone(), done.clone());
        tokio::spawn(async move {
            let mut receipts = Vec::new();
            while !stop.load(Ordering::SeqCst) {
                let text = format!("{number}.{}", receipts.len());
                let id = (number % 5).to_string();
                let append = keyed(append(&id, Expected::Any, [text.as_str()]), &text);
                receipts.push((id, until_acknowledged(&store, append, &lost).await, text));
                done.fetch_add(1, Ordering::SeqCst);
            }
            receipts
        })
    };
    let callers: Vec<_> = (0..CALLERS).map(caller).collect();
    fire(&done).await;
    stop.store(true, Ordering::SeqCst);
    let mut acknowledged = Vec::new();
    for caller in callers {
        acknowledged.extend(caller.await.expect("a caller ends without a panic"));
    }

    let mut connection = PgConnection::connect(checked).await.expect("a connection");
    let select = "SELECT s.id, e.version, e.position, convert_from(e.payload, 'UTF8') FROM gesta.events e \
                  JOIN gesta.streams s USING (stream_id)";
    let rows = connection.fetch_all(select).await.expect("events");
    let mut stored: Vec<(String, i64, i64, String)> =
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect();
    let place = |receipt: Receipt| (receipt.version.cast_signed(), receipt.position.raw().cast_signed());
    let mut told: Vec<_> = acknowledged
        .into_iter()
        .map(|(id, receipt, text)| (id, place(receipt).0, place(receipt).1, text))
        .collect();
    stored.sort();
    told.sort();
    assert!(stored == told, "{} acknowledged, {} stored", told.len(), stored.len());
    (told.len(), lost.load(Ordering::SeqCst))
}

/// Waits until so many more appends were acknowledged: the store works again.
async fn progress(done: &AtomicUsize, more: usize) {
    let goal = done.load(Ordering::SeqCst) + more;
    while done.load(Ordering::SeqCst) < goal {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_under_load_loses_and_doubles_nothing() {
    let server = Server::start("");
    let store = Postgres::connect(&server.url()).await.expect("a store");
    let (stored, lost) = appends_under_fire(&store, &server.url(), async |done| {
        for _ in 0..3 {
            progress(done, 100).await;
            tokio::task::block_in_place(|| server.restart_immediate());
        }
        progress(done, 100).await;
    })
    .await;
    println!("{stored} stored, {lost} answers lost");
    assert!(lost > 0, "no append was under way when the server crashed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_terminated_lose_and_double_nothing() {
    let server = Server::start("");
    let store = Postgres::connect(&server.url()).await.expect("a store");
    let mut killer = PgConnection::connect(&server.url()).await.expect("a connection");
    let terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gesta'";
    let (stored, lost) = appends_under_fire(&store, &server.url(), async |done| {
        for _ in 0..20 {
            progress(done, 10).await;
            killer.execute(terminate).await.expect("terminated");
        }
        progress(done, 10).await;
    })
    .await;
    println!("{stored} stored, {lost} answers lost");
    assert!(lost > 0, "no append was under way when a connection was terminated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_lose_and_double_nothing() {
    let server = Server::start("");
    let proxy = Proxy::to(server.port()).await;
    let store = Postgres::connect(&server.url_at(proxy.port())).await.expect("a store");
    let (stored, lost) = appends_under_fire(&store, &server.url(), async |done| {
        for round in 0..20 {
            progress(done, 10).await;
            if round % 2 == 0 { proxy.cut() } else { proxy.lose_answers(2) }
        }
        progress(done, 10).await;
    })
    .await;
    println!("{stored} stored, {lost} answers lost");
    assert!(lost > 0, "no append was under way when a connection was cut");
}
