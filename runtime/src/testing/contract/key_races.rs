//! Idempotency keys, raced by concurrent calls on several handles.

use futures_util::future::join_all;

use super::{Fixture, Subject, kit::*};
use crate::store::{Append, Outcome, Store};

/// Sends all appends at once, in turn over these handles.
async fn race(stores: &[Store], appends: Vec<Append>) -> Vec<Outcome> {
    let start = |(number, append): (usize, Append)| {
        let store = stores[number % stores.len()].clone();
        tokio::spawn(async move { send_one(&store, append).await })
    };
    let racing: Vec<_> = appends.into_iter().enumerate().map(start).collect();
    join_all(racing).await.into_iter().map(|result| result.expect("a caller ends without a panic")).collect()
}

/// Of many concurrent calls with one key exactly one is stored, and all others get its receipt.
pub async fn one_of_many_calls_with_a_key_is_stored<F: Fixture>(subject: &Subject<F>) {
    let stores = [subject.open().await, subject.open().await];
    for round in 0..20 {
        let ann = stream(&format!("ann {round}"));
        let same = |n: usize| match n % 3 {
            0 => keyed(at(&ann, 0, ["1", "2"]), format!("k{round}")),
            _ => keyed(anywhere(&ann, ["1", "2"]), format!("k{round}")),
        };
        let outcomes = race(&stores, (0..12).map(same).collect()).await;

        let stored: Vec<_> =
            outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Appended(_))).collect();
        assert_eq!(stored.len(), 1, "round {round}: {outcomes:?}");
        let first = receipt(stored[0]);
        assert_eq!((first.version, first.events), (2, 2));
        for outcome in &outcomes {
            assert!(
                matches!(outcome, Outcome::Appended(r) | Outcome::Duplicate(r) if *r == first),
                "{outcome:?}"
            );
        }
        assert_eq!(events(&stores[1], &ann).await.len(), 2);
    }
}

/// Of two streams that race for a key one gets it, and the other is told which.
pub async fn one_of_two_streams_gets_a_key<F: Fixture>(subject: &Subject<F>) {
    let stores = [subject.open().await, subject.open().await];
    for round in 0..20 {
        let pair = [stream(&format!("ann {round}")), stream(&format!("bob {round}"))];
        let append = |n: usize| keyed(at(&pair[n % 2], 0, ["1"]), format!("k{round}"));
        let outcomes = race(&stores, (0..8).map(append).collect()).await;

        let won = outcomes.iter().position(|outcome| matches!(outcome, Outcome::Appended(_)));
        let won = won.expect("one append is stored") % 2;
        let first =
            receipt(outcomes.iter().find(|o| matches!(o, Outcome::Appended(_))).expect("it was found"));
        for (n, outcome) in outcomes.iter().enumerate() {
            match n % 2 == won {
                true => {
                    assert!(matches!(outcome, Outcome::Appended(r) | Outcome::Duplicate(r) if *r == first))
                }
                false => assert_eq!(*outcome, Outcome::KeyReused { first: pair[won].clone() }),
            }
        }
        assert_eq!(events(&stores[0], &pair[won]).await.len(), 1);
        assert!(events(&stores[0], &pair[1 - won]).await.is_empty());
    }
}

/// Many commands on few streams, each sent three times at once over two handles: each is stored once.
pub async fn retried_keys_store_once_each<F: Fixture>(subject: &Subject<F>) {
    const COMMANDS: usize = 120;
    let stores = [subject.open().await, subject.open().await];
    let command = |n: usize| {
        let number = n / 3;
        keyed(anywhere(&stream(&(number % 7).to_string()), [&number.to_string()]), number.to_string())
    };
    let outcomes = race(&stores, (0..COMMANDS * 3).map(command).collect()).await;

    for (number, same) in outcomes.chunks(3).enumerate() {
        let receipts: Vec<_> = same
            .iter()
            .map(|outcome| match outcome {
                Outcome::Appended(receipt) | Outcome::Duplicate(receipt) => *receipt,
                other => panic!("command {number}: {other:?}"),
            })
            .collect();
        assert!(receipts.windows(2).all(|pair| pair[0] == pair[1]), "command {number}: {same:?}");
        let stored = same.iter().filter(|outcome| matches!(outcome, Outcome::Appended(_))).count();
        assert_eq!(stored, 1, "command {number}: {same:?}");
    }
    let mut all: Vec<_> = log(&stores[0], 1000).await.into_iter().map(|event| event.payload).collect();
    all.sort();
    let mut expected: Vec<_> = (0..COMMANDS).map(|n| n.to_string().into_bytes()).collect();
    expected.sort();
    assert_eq!(all, expected);
}
