//! Appends per second with and without telling other processes of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gesta::store::{Expected, Postgres, ReadSide};
use gesta_tests::{Database, Kind, append, one};

const CALLERS: u64 = 16;

async fn rate(store: &Postgres, round: u64) -> f64 {
    let done = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let callers = (0..CALLERS).map(|caller| {
        let (store, done) = (store.clone(), done.clone());
        tokio::spawn(async move {
            while begun.elapsed() < Duration::from_secs(2) {
                let id = format!("{round}.{caller}");
                one(&store, append(&id, Expected::Any, [r#"{"cents":5}"#])).await.expect("appended");
                done.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.expect("a caller ends without a panic");
    }
    done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64()
}

pub async fn run(rounds: u64) {
    let database = Database::new(Kind::Postgres).await;
    let telling = Postgres::connect(database.url()).await.expect("a store");
    let silent = Postgres::options().notifications(false).connect(database.url()).await.expect("a store");
    let other = Postgres::connect(database.url()).await.expect("a store");
    let signals = other.signals();
    let (mut told, mut untold) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        told.push(rate(&telling, 2 * round).await);
        untold.push(rate(&silent, 2 * round + 1).await);
    }
    drop(signals);
    println!("{:>20}: {:>9.0} appends/s", "told to others", super::median(told));
    println!("{:>20}: {:>9.0} appends/s", "told to nobody", super::median(untold));
    for store in [telling, silent, other] {
        gesta::store::EventStore::close(&store).await;
    }
    database.remove().await;
}
