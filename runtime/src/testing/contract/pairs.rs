//! Pairs of appends by several writers at once.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use super::{Fixture, Subject, dropped::dropped, kit::*, process_kit::*};
use crate::{
    domain::Position,
    store::{Append, Outcome, Store},
};

/// Two streams in one order or the other.
fn either_way(a: Append, b: Append, turned: bool) -> Append {
    if turned { together(b, a) } else { together(a, b) }
}

/// Writers of the same pair of streams in either order get their turn: nobody waits for ever.
pub async fn pairs_in_either_order_take_turns<F: Fixture>(subject: &Subject<F>) {
    const WRITERS: u64 = 6;
    const ROUNDS: u64 = 25;
    let stores = [subject.open().await, subject.open().await];
    let write = |writer: u64| {
        let store = stores[(writer % 2) as usize].clone();
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let text = format!("{writer}.{round}");
                let (a, b) = (anywhere(&stream("a"), [&text]), anywhere(&stream("b"), [&text]));
                stored(&store, either_way(a, b, writer % 4 > 1)).await;
            }
        })
    };
    let writers = join_all((0..WRITERS).map(write));
    let ended = timeout(Duration::from_secs(60), writers).await.expect("no writer waits for ever");
    ended.into_iter().for_each(|writer| writer.expect("a writer ends"));
    let all = log(&stores[0], 1_000).await;
    assert_eq!(all.len() as u64, WRITERS * ROUNDS * 2);
    for pair in all.chunks(2) {
        assert_eq!(pair[0].payload, pair[1].payload, "one right behind the other");
    }
}

/// Writers that expect versions of overlapping streams: two streams of a pair are always at the same version.
pub async fn overlapping_pairs_are_all_or_nothing<F: Fixture>(subject: &Subject<F>) {
    const WRITERS: u64 = 6;
    const WANTED: u64 = 12;
    let stores = [subject.open().await, subject.open().await];
    let write = |writer: u64| {
        let store = stores[(writer % 2) as usize].clone();
        tokio::spawn(async move {
            let (mut done, mut version, mut dice) = (0, 0, Dice::new(writer));
            while done < WANTED {
                let (a, b) = (at(&stream("a"), version, ["x"]), at(&stream("b"), version, ["x"]));
                match send_one(&store, either_way(a, b, dice.roll(2) == 0)).await {
                    Outcome::Appended(receipt) => {
                        done += 1;
                        version = receipt.version;
                    }
                    Outcome::Conflict { actual } => version = actual,
                    Outcome::Apart { outcome, .. } => {
                        panic!("the streams were at different versions: {outcome:?}")
                    }
                    other => panic!("{other:?}"),
                }
            }
        })
    };
    let writers = join_all((0..WRITERS).map(write));
    let ended = timeout(Duration::from_secs(60), writers).await.expect("no writer waits for ever");
    ended.into_iter().for_each(|writer| writer.expect("a writer ends"));
    for id in ["a", "b"] {
        assert_eq!(events(&stores[0], &stream(id)).await.len() as u64, WRITERS * WANTED);
    }
}

/// Circles of three streams: (a, b), (b, c) and (c, a) at once.
pub async fn circles_of_pairs_take_turns<F: Fixture>(subject: &Subject<F>) {
    const ROUNDS: usize = 25;
    let stores = [subject.open().await, subject.open().await];
    let write = |writer: usize| {
        let store = stores[writer % 2].clone();
        tokio::spawn(async move {
            let names = ["a", "b", "c"];
            for _ in 0..ROUNDS {
                let [first, second] = [names[writer % 3], names[(writer + 1) % 3]].map(stream);
                stored(&store, together(anywhere(&first, ["x"]), anywhere(&second, ["x"]))).await;
            }
        })
    };
    let writers = join_all((0..6).map(write));
    let ended = timeout(Duration::from_secs(60), writers).await.expect("no writer waits for ever");
    ended.into_iter().for_each(|writer| writer.expect("a writer ends"));
    for id in ["a", "b", "c"] {
        assert_eq!(events(&stores[0], &stream(id)).await.len(), 4 * ROUNDS);
    }
}

/// Of many calls with one key, one stores its pair.
pub async fn one_of_many_pairs_with_a_key_is_stored<F: Fixture>(subject: &Subject<F>) {
    let stores = [subject.open().await, subject.open().await];
    for round in 0..10 {
        let call = |n: usize| {
            let store = stores[n % 2].clone();
            tokio::spawn(async move {
                let first = keyed(anywhere(&stream("a"), ["x"]), format!("k{round}"));
                send_one(&store, together(first, anywhere(&stream("b"), ["x"]))).await
            })
        };
        let outcomes = join_all((0..8).map(call)).await;
        let outcomes: Vec<_> = outcomes.into_iter().map(|outcome| outcome.expect("a call ends")).collect();
        let count = |kind: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| kind(outcome)).count();
        assert_eq!(count(|outcome| matches!(outcome, Outcome::Appended(_))), 1, "{outcomes:?}");
        assert_eq!(count(|outcome| matches!(outcome, Outcome::Duplicate(_))), 7, "{outcomes:?}");
    }
    assert_eq!(log(&stores[0], 100).await.len(), 20);
}

/// Whoever reads sees a pair whole or not at all.
pub async fn readers_see_both_or_neither<F: Fixture>(subject: &Subject<F>) {
    const PAIRS: u64 = 150;
    let (store, reader) = (subject.open().await, subject.open().await);
    let writer = tokio::spawn(async move {
        for n in 0..PAIRS {
            let (a, b) = (at(&stream("a"), n, ["x"]), at(&stream("b"), n, ["x"]));
            stored(&store, with_saga(running("b"), together(a, b))).await;
        }
    });
    while !writer.is_finished() {
        tokio::task::yield_now().await;
        let (all, _) = page(&reader, Position::START, 10_000).await;
        assert_eq!(all.len() % 2, 0, "the log ends between the two");
        let b = events(&reader, &stream("b")).await.len();
        let a = events(&reader, &stream("a")).await.len();
        assert!(a >= b && a * 2 >= all.len(), "what was seen stays: {a}, {b}, {}", all.len());
    }
    writer.await.expect("the writer ends");
    assert_eq!(log(&reader, 1_000).await.len() as u64, PAIRS * 2);
}

async fn pairs_that_are_dropped(store: Store, number: u64, count: u64) -> u64 {
    let mut dice = Dice::new(700 + number);
    let mut given_up = 0;
    for command in 0..count {
        let text = format!("{number}.{command}");
        let (a, b) = (stream(&dice.roll(3).to_string()), stream(&format!("other {}", dice.roll(3))));
        let first = with_saga(running(&text), keyed(anywhere(&a, [&text]), &text));
        let pair = together(first, anywhere(&b, [&text]));
        let batch = [pair.clone()];
        let first = dropped(store.port().append(&batch), &mut dice).await;
        given_up += u64::from(first.is_none());
        match (first, send_one(&store, pair).await) {
            (None, Outcome::Appended(_) | Outcome::Duplicate(_)) => {}
            (Some(first), Outcome::Duplicate(again)) => {
                assert_eq!(first.expect("the store is open"), [Outcome::Appended(again)]);
            }
            (first, again) => panic!("first {first:?}, and again {again:?}"),
        }
    }
    given_up
}

/// Pairs dropped at any moment are stored whole or not at all, with what stands beside them.
pub async fn dropped_pairs_are_all_or_nothing<F: Fixture>(subject: &Subject<F>) {
    const CALLERS: u64 = 4;
    const COMMANDS: u64 = 40;
    let store = subject.open().await;
    let callers: Vec<_> =
        (0..CALLERS).map(|n| tokio::spawn(pairs_that_are_dropped(store.clone(), n, COMMANDS))).collect();
    let mut given_up = 0;
    for caller in callers {
        given_up += caller.await.expect("a caller ends without a panic");
    }
    assert!(given_up > CALLERS * COMMANDS / 4, "only {given_up} calls were dropped");
    let all = log(&store, 1_000).await;
    assert_eq!(all.len() as u64, CALLERS * COMMANDS * 2);
    let mut stored: Vec<_> = all.into_iter().map(|event| event.payload).collect();
    stored.sort();
    assert!(stored.chunks(2).all(|pair| pair[0] == pair[1]), "each command has both events");
    assert_eq!(list(&store, &crate::store::SagaFilter::default()).await.len() as u64, CALLERS * COMMANDS);
}
