//! Closing a store, and opening it again.

use futures_util::future::join_all;

use super::{Fixture, Subject, kit::*};
use crate::{
    domain::Position,
    store::{Outcome, ReadLog, ReadStream, SnapshotRef, Store, StoreError},
};

async fn assert_closed(store: &Store) {
    #[track_caller]
    fn closed<T: std::fmt::Debug>(result: Result<T, StoreError>) {
        assert!(matches!(result, Err(StoreError::Closed)), "{result:?}");
    }
    let (port, ann) = (store.port(), stream("ann"));
    closed(port.append(&[anywhere(&ann, ["x"])]).await);
    closed(port.append(&[anywhere(&ann, [])]).await);
    closed(try_read(store, &ReadStream::all(ann.clone())).await);
    let nothing = ReadLog { after: Position::START, limit: 10 };
    closed(port.read_log(&nothing, &mut |_| std::ops::ControlFlow::Continue(())).await);
    closed(port.last_position().await);
    closed(port.find_key(&key("k")).await);
    let state = SnapshotRef { version: 1, position: Position::START, fingerprint: 1, state: b"{}" };
    closed(port.save_snapshot(&ann, state).await);
}

/// After `close`, which may be called twice, every method answers [`StoreError::Closed`].
pub async fn a_closed_store_says_so<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    stored(&store, anywhere(&stream("ann"), ["x"])).await;
    store.port().close().await;
    assert_closed(&store).await;
    store.port().close().await;
    assert_closed(&store).await;
    if F::DURABLE {
        assert_eq!(events(&other, &stream("ann")).await.len(), 1, "another handle is not closed with it");
    }
}

/// Appends under way when the store is closed are stored, or answer that it is closed, and never in between.
pub async fn closing_finishes_what_is_under_way<F: Fixture>(subject: &Subject<F>) {
    const CALLS: usize = 200;
    let store = subject.open().await;
    let call = |n: usize| {
        let store = store.clone();
        tokio::spawn(async move {
            let append = keyed(anywhere(&stream(&(n % 9).to_string()), ["x"]), n.to_string());
            store.port().append(&[append]).await
        })
    };
    let calls: Vec<_> = (0..CALLS).map(call).collect();
    tokio::task::yield_now().await;
    store.port().close().await;

    let mut acknowledged = Vec::new();
    for (number, result) in join_all(calls).await.into_iter().enumerate() {
        match result.expect("a call ends without a panic") {
            Ok(outcomes) => acknowledged.push((number, receipt(&outcomes[0]))),
            Err(StoreError::Closed) => {}
            Err(other) => panic!("a call while closing: {other:?}"),
        }
    }
    if !F::DURABLE {
        return;
    }
    let again = subject.open().await;
    assert_eq!(log(&again, 1000).await.len(), acknowledged.len(), "stored is what was acknowledged");
    for (number, receipt) in acknowledged {
        let append = keyed(anywhere(&stream(&(number % 9).to_string()), ["x"]), number.to_string());
        assert_eq!(send_one(&again, append).await, Outcome::Duplicate(receipt));
    }
}

/// Events, keys, snapshots and positions are found by the next process, which goes on from there.
pub async fn everything_is_there_after_opening_again<F: Fixture>(subject: &Subject<F>) {
    if !F::DURABLE {
        return;
    }
    let ann = stream("ann");
    let first = subject.open().await;
    let receipt = stored(&first, keyed(at(&ann, 0, ["1", "2"]), "k")).await;
    let state = SnapshotRef { version: 1, position: receipt.position, fingerprint: 7, state: b"one" };
    first.port().save_snapshot(&ann, state).await.expect("a snapshot can be saved");
    let before = log(&first, 10).await;
    first.port().close().await;

    let second = subject.open().await;
    assert_eq!(log(&second, 10).await, before);
    assert_eq!(second.port().last_position().await.expect("readable"), receipt.position);
    assert_eq!(second.port().find_key(&key("k")).await.expect("readable"), Some((ann.clone(), receipt)));
    assert_eq!(send_one(&second, keyed(at(&ann, 0, ["1"]), "k")).await, Outcome::Duplicate(receipt));
    assert_eq!(send_one(&second, at(&ann, 0, ["1"])).await, Outcome::Conflict { actual: 2 });
    let (snapshot, events) =
        read(&second, &ReadStream { snapshot: Some(7), ..ReadStream::all(ann.clone()) }).await;
    assert_eq!(snapshot, Some(seen_snapshot(state)));
    assert_eq!(events.len(), 1);
    let next = stored(&second, at(&ann, 2, ["3"])).await;
    assert!(next.version == 3 && next.position > receipt.position);
}

/// A store that can name its database gives one name to all handles on it, and another to every other database.
pub async fn a_database_has_one_name<F: Fixture>(subject: &Subject<F>) {
    let (store, again) = (subject.open().await, subject.open().await);
    let other = Subject::<F>::create().await;
    let elsewhere = other.open().await;
    let name = store.port().location();
    assert_eq!(name, again.port().location(), "two handles on one database");
    if name.is_some() {
        assert_ne!(name, elsewhere.port().location(), "two databases");
    }
    other.remove().await;
}
