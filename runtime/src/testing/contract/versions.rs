//! Versions without gaps, appends whole or not at all, conflicts without errors.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{join, join_all};

use super::{Fixture, Subject, kit::*};
use crate::store::{Append, Expected, NewEvent, Outcome};

/// The first event of a stream has version 1, the next 2, and so on; receipts tell where the stream ends.
pub async fn versions_count_from_one_without_gaps<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    let first = stored(&store, at(&ann, 0, ["1", "2", "3"])).await;
    let other = stored(&store, at(&bob, 0, ["1"])).await;
    let second = stored(&store, at(&ann, 3, ["4", "5"])).await;

    assert_eq!((first.version, first.events), (3, 3));
    assert_eq!((other.version, other.events), (1, 1));
    assert_eq!((second.version, second.events), (5, 2));
    let seen = events(&store, &ann).await;
    assert_eq!(payloads(&store, &ann).await, ["1", "2", "3", "4", "5"]);
    assert_eq!(seen[2].position, first.position, "a receipt has the position of the stream's last event");
    assert_eq!(seen[4].position, second.position);
    assert!(first.position < other.position && other.position < second.position);
}

/// An append to a stream at another version stores nothing, makes no stream and fails nothing else.
pub async fn a_wrong_expectation_is_a_conflict_and_stores_nothing<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, nobody) = (stream("ann"), stream("nobody"));
    let first = stored(&store, at(&ann, 0, ["1", "2"])).await;

    for wrong in [0, 1, 3, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX] {
        let outcome = send_one(&store, at(&ann, wrong, ["x"])).await;
        assert_eq!(outcome, Outcome::Conflict { actual: 2 }, "{wrong} was expected");
        let outcome = send_one(&store, at(&nobody, wrong.max(1), ["x"])).await;
        assert_eq!(outcome, Outcome::Conflict { actual: 0 }, "{wrong} was expected of no stream");
    }
    assert_eq!(store.port().last_position().await.expect("readable"), first.position);
    assert_eq!(payloads(&store, &ann).await, ["1", "2"]);
    assert!(events(&store, &nobody).await.is_empty());
    assert_eq!(stored(&store, at(&ann, 2, ["3"])).await.version, 3, "a conflict leaves the stream usable");
    assert_eq!(stored(&store, at(&nobody, 0, ["1"])).await.version, 1);
}

/// `Expected::Any` never conflicts, on a new stream and on one with events.
pub async fn any_version_appends_where_the_stream_ends<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = stream("ann");
    for version in 1..=3 {
        assert_eq!(stored(&store, anywhere(&ann, ["x"])).await.version, version);
    }
    assert_eq!(events(&store, &ann).await.len(), 3);
}

/// An append without events and without a key stores nothing and tells whether the stream is as expected.
pub async fn an_append_without_events_asks<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, nobody) = (stream("ann"), stream("nobody"));
    let first = stored(&store, at(&ann, 0, ["1", "2"])).await;

    for question in [at(&ann, 2, []), anywhere(&ann, [])] {
        let answer = stored(&store, question).await;
        assert_eq!((answer.version, answer.position, answer.events), (2, first.position, 0));
    }
    for question in [at(&nobody, 0, []), anywhere(&nobody, [])] {
        let answer = stored(&store, question).await;
        assert_eq!((answer.version, answer.position.raw(), answer.events), (0, 0, 0));
    }
    assert_eq!(send_one(&store, at(&ann, 1, [])).await, Outcome::Conflict { actual: 2 });
    assert_eq!(send_one(&store, at(&nobody, 1, [])).await, Outcome::Conflict { actual: 0 });
    assert_eq!(log(&store, 10).await.len(), 2, "questions store nothing");
    assert_eq!(stored(&store, at(&nobody, 0, ["1"])).await.version, 1, "a question makes no stream");
}

/// While appends of five events are being stored, no reader ever sees a part of one.
pub async fn readers_see_an_append_whole_or_not_at_all<F: Fixture>(subject: &Subject<F>) {
    let (writer, reader) = (subject.open().await, subject.open().await);
    let ann = stream("ann");
    let done = AtomicBool::new(false);
    let write = async {
        for round in 0..60 {
            stored(&writer, at(&ann, round * 5, ["1", "2", "3", "4", "5"])).await;
            tokio::task::yield_now().await;
        }
        done.store(true, Ordering::Release);
    };
    let follow = async {
        while !done.load(Ordering::Acquire) {
            assert_eq!(events(&reader, &ann).await.len() % 5, 0, "the stream shows a part of an append");
            assert_eq!(log(&reader, 1000).await.len() % 5, 0, "the log shows a part of an append");
            tokio::task::yield_now().await;
        }
    };
    join(write, follow).await;
    assert_eq!(events(&reader, &ann).await.len(), 300);
}

/// Writers who reload after each conflict store each of their events once, in one sequence.
pub async fn writers_of_one_stream_take_turns<F: Fixture>(subject: &Subject<F>) {
    const EACH: u64 = 10;
    let stores = [subject.open().await, subject.open().await];
    let ann = stream("ann");
    let writer = |number: usize| {
        let (store, ann) = (stores[number % 2].clone(), ann.clone());
        tokio::spawn(async move {
            let mut version = 0;
            for event in 0..EACH {
                version = loop {
                    match send_one(&store, at(&ann, version, [&format!("{number}.{event}")])).await {
                        Outcome::Conflict { actual } => {
                            assert_ne!(actual, version, "a conflict tells another version than was expected");
                            version = actual;
                        }
                        outcome => break receipt(&outcome).version,
                    }
                };
            }
        })
    };
    for result in join_all((0..8).map(writer)).await {
        result.expect("a writer ends without a panic");
    }
    let mut stored = payloads(&stores[0], &ann).await;
    assert_eq!(stored.len() as u64, 8 * EACH);
    stored.sort();
    stored.dedup();
    assert_eq!(stored.len() as u64, 8 * EACH, "no event is stored twice");
}

/// Thousands of events in one append are one append.
pub async fn a_long_append_is_stored_whole<F: Fixture>(subject: &Subject<F>) {
    const MANY: usize = 3_333;
    let store = subject.open().await;
    let ann = stream("ann");
    let event = |n: usize| NewEvent { name: "contract.happened", version: 1, payload: n.to_string().into() };
    let long = Append { events: (0..MANY).map(event).collect(), ..append(&ann, Expected::Version(0), []) };

    let receipt = stored(&store, long.clone()).await;
    assert_eq!((receipt.version, receipt.events), (MANY as u64, MANY));
    assert_eq!(send_one(&store, long).await, Outcome::Conflict { actual: MANY as u64 });
    let expected: Vec<_> = (0..MANY).map(|n| n.to_string()).collect();
    assert_eq!(payloads(&store, &ann).await, expected);
}
