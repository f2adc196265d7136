//! Callers who do not wait for the answer.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use super::{Fixture, Subject, kit::*};
use crate::store::{Outcome, ReadStream, Store};

/// Runs a call and drops it: at once, after so many polls, or after some time. Whether it came to its end.
pub(super) async fn dropped<T>(call: impl Future<Output = T>, dice: &mut Dice) -> Option<T> {
    let mut call = pin!(call);
    match dice.roll(3) {
        0 => None,
        1 => {
            let mut left = 1 + dice.roll(6);
            poll_fn(|context| {
                left -= 1;
                match call.as_mut().poll(context) {
                    Poll::Ready(value) => Poll::Ready(Some(value)),
                    Poll::Pending if left == 0 => Poll::Ready(None),
                    Poll::Pending => Poll::Pending,
                }
            })
            .await
        }
        _ => tokio::time::timeout(Duration::from_micros(dice.roll(4_000)), call).await.ok(),
    }
}

async fn commands_that_are_dropped(store: Store, number: u64, count: u64) -> u64 {
    let mut dice = Dice::new(500 + number);
    let mut given_up = 0;
    for command in 0..count {
        let stream = stream(&dice.roll(4).to_string());
        let text = format!("{number}.{command}");
        let append = keyed(anywhere(&stream, [&text, &text]), &text);
        let batch = [append.clone()];
        let first = dropped(store.port().append(&batch), &mut dice).await;
        given_up += u64::from(first.is_none());
        let again = send_one(&store, append).await;
        match (first, again) {
            (None, Outcome::Appended(receipt) | Outcome::Duplicate(receipt)) => assert_eq!(receipt.events, 2),
            (Some(first), Outcome::Duplicate(again)) => {
                assert_eq!(first.expect("the store is open"), [Outcome::Appended(again)]);
            }
            (first, again) => panic!("first {first:?}, and again {again:?}"),
        }
    }
    given_up
}

/// Appends dropped at any moment are stored whole or not at all; the same key tells which, and stores it once.
pub async fn dropped_appends_are_all_or_nothing<F: Fixture>(subject: &Subject<F>) {
    const CALLERS: u64 = 6;
    const COMMANDS: u64 = 60;
    let store = subject.open().await;
    let callers: Vec<_> =
        (0..CALLERS).map(|n| tokio::spawn(commands_that_are_dropped(store.clone(), n, COMMANDS))).collect();
    let mut given_up = 0;
    for caller in callers {
        given_up += caller.await.expect("a caller ends without a panic");
    }
    assert!(given_up > CALLERS * COMMANDS / 4, "only {given_up} calls were dropped");
    let all = log(&store, 1000).await;
    assert_eq!(all.len() as u64, CALLERS * COMMANDS * 2);
    let mut stored: Vec<_> = all.into_iter().map(|event| event.payload).collect();
    stored.sort();
    assert!(stored.chunks(2).all(|pair| pair[0] == pair[1]), "each command has its two events");
    stored.dedup();
    assert_eq!(stored.len() as u64, CALLERS * COMMANDS, "no command is stored twice");
}

/// Reads dropped half-way, more of them than there are connections, leave the store as it was.
pub async fn dropped_reads_leave_nothing_behind<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let ann = stream("ann");
    for version in 0..20 {
        stored(&store, at(&ann, version * 5, ["1", "2", "3", "4", "5"])).await;
    }
    let mut dice = Dice::new(3);
    for _ in 0..150 {
        let all = ReadStream::all(ann.clone());
        drop(dropped(try_read(&store, &all), &mut dice).await);
        drop(dropped(page(&store, crate::domain::Position::START, 1000), &mut dice).await);
        drop(dropped(store.port().last_position(), &mut dice).await);
    }
    assert_eq!(events(&store, &ann).await.len(), 100);
    assert_eq!(stored(&store, at(&ann, 100, ["x"])).await.version, 101, "nothing holds a lock");
}
