//! The order of the log while many write and one follows.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures_util::future::join_all;
use tokio::task::JoinHandle;

use super::{Fixture, Subject, kit::*};
use crate::{
    domain::Position,
    store::{Outcome, Store},
};

const WRITERS: u64 = 8;
const STREAMS: u64 = 5;

/// Reads on from the last position that it was given until told that nothing will come, and then to the end.
fn follow(store: Store, done: Arc<AtomicBool>) -> JoinHandle<Vec<Seen>> {
    tokio::spawn(async move {
        let mut dice = Dice::new(1);
        let (mut seen, mut after) = (Vec::new(), Position::START);
        loop {
            let finished = done.load(Ordering::Acquire);
            let (events, next) = page(&store, after, 1 + dice.roll(64)).await;
            if finished && events.is_empty() {
                return seen;
            }
            seen.extend(events);
            after = next;
            tokio::task::yield_now().await;
        }
    })
}

/// Appends batches to the hot streams, and returns where its events must be: position to payload.
fn write(store: Store, number: u64, rounds: u64, batch: u64) -> JoinHandle<BTreeMap<Position, String>> {
    tokio::spawn(async move {
        let mut dice = Dice::new(100 + number);
        let mut acknowledged = BTreeMap::new();
        for round in 0..rounds {
            let appends: Vec<_> = (0..batch)
                .map(|n| {
                    let stream = stream(&dice.roll(STREAMS).to_string());
                    let payload = format!("{number}.{round}.{n}");
                    // A guess at the version conflicts most of the time, and stores nothing then.
                    if dice.roll(4) == 0 {
                        at(&stream, dice.roll(40), [&payload])
                    } else {
                        anywhere(&stream, [&payload])
                    }
                })
                .collect();
            for (append, outcome) in appends.iter().zip(send(&store, &appends).await) {
                if let Outcome::Appended(receipt) = outcome {
                    let payload = String::from_utf8_lossy(&append.events[0].payload).into_owned();
                    acknowledged.insert(receipt.position, payload);
                }
            }
        }
        acknowledged
    })
}

async fn writers_and_a_follower<F: Fixture>(subject: &Subject<F>, rounds: u64, batch: u64) {
    let writing = [subject.open().await, subject.open().await];
    let (near, far) = (writing[0].clone(), subject.open().await);
    let done = Arc::new(AtomicBool::new(false));
    let followers = [follow(near, Arc::clone(&done)), follow(far, Arc::clone(&done))];
    let writers = (0..WRITERS).map(|n| write(writing[n as usize % 2].clone(), n, rounds, batch));
    let mut acknowledged = BTreeMap::new();
    for result in join_all(writers.collect::<Vec<_>>()).await {
        acknowledged.extend(result.expect("a writer ends without a panic"));
    }
    done.store(true, Ordering::Release);

    for (name, follower) in ["near", "far"].into_iter().zip(followers) {
        let seen = follower.await.expect("a follower ends without a panic");
        check_order(&seen);
        let found: BTreeMap<_, _> = seen
            .iter()
            .map(|event| (event.position, String::from_utf8_lossy(&event.payload).into_owned()))
            .collect();
        let missed: Vec<_> =
            acknowledged.iter().filter(|(position, _)| !found.contains_key(position)).collect();
        assert!(
            missed.is_empty(),
            "the {name} follower missed {} events, first {:?}",
            missed.len(),
            missed[0]
        );
        assert_eq!(found, acknowledged, "the {name} follower saw what nobody was told of");
    }
    let mut stored = 0;
    for number in 0..STREAMS {
        stored += events(&writing[0], &stream(&number.to_string())).await.len();
    }
    assert_eq!(stored, acknowledged.len(), "the streams together are the log");
}

/// Eight writers over five hot streams with batches and conflicts on two handles, two followers.
pub async fn a_follower_misses_nothing_and_sees_streams_in_order<F: Fixture>(subject: &Subject<F>) {
    writers_and_a_follower(subject, 40, 6).await;
}

/// The same with one append per call, so that many small transactions race.
pub async fn a_follower_of_single_appends_misses_nothing<F: Fixture>(subject: &Subject<F>) {
    writers_and_a_follower(subject, 120, 1).await;
}
