//! What stands beside events, listed and restored.

use std::sync::Arc;

use super::{
    Fixture, Subject,
    inspecting::{inspect, recorded, restore},
    kit::*,
};
use crate::{
    domain::{IdempotencyKey, Position, Receipt, Timestamp},
    store::{
        DeliveryFilter, DeliveryState, Expected, KeptKey, Outcome, ParkedDelivery, Part, ReadSide, Restoring,
        RestoringKeys, Store, StreamId,
    },
};

/// All keys, listed so many at a time, in the order of their texts.
async fn keys(store: &Store, most: u64) -> Vec<KeptKey> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = inspect(store).list_keys(after.as_deref(), most).await.expect("a page of keys");
        assert!(page.keys.len() as u64 <= most, "{page:?}");
        all.extend(page.keys);
        after = page.next;
        if after.is_none() {
            all.sort_by(|a, b| a.key.as_str().cmp(b.key.as_str()));
            return all;
        }
    }
}

async fn restore_keys(store: &Store, keys: &[KeptKey]) -> RestoringKeys {
    inspect(store).restore_keys(keys).await.expect("an answer")
}

fn kept(key: &str, stream: &StreamId, version: u64, events: usize) -> KeptKey {
    let receipt = Receipt { version, position: Position::from_raw(77), events };
    KeptKey { key: IdempotencyKey::new(key), stream: stream.clone(), receipt }
}

/// Every key is told once, whatever the size of a page, with its stream and its receipt.
pub async fn keys_are_listed<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    assert_eq!(keys(&store, 10).await, []);
    let mut expected = Vec::new();
    for n in 0..7_u64 {
        let (to, key) =
            (stream(&format!("s{}", n % 3)), if n == 0 { String::new() } else { format!("k/{n}/\u{fc}") });
        let append = match n % 3 {
            0 => anywhere(&to, []),
            1 => anywhere(&to, ["{}"]),
            _ => anywhere(&to, ["{}", "{}"]),
        };
        let receipt = stored(&store, keyed(append, &key)).await;
        expected.push(KeptKey { key: IdempotencyKey::new(key), stream: to, receipt });
    }
    // Of a stream without events, and without a key.
    let receipt = stored(&store, keyed(append(&stream("nothing"), Expected::Any, []), "k/7")).await;
    expected.push(KeptKey { key: IdempotencyKey::new("k/7"), stream: stream("nothing"), receipt });
    stored(&store, anywhere(&stream("s0"), ["{}"])).await;
    for most in 1..=9 {
        assert_eq!(keys(&store, most).await, expected, "pages of {most}");
    }
}

/// A key that is restored gives a receipt with the position of its event here, and stores nothing; restored again it
/// stays.
pub async fn keys_are_restored_by_their_events<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let (ann, nobody) = (stream("ann"), stream("nobody"));
    stored(&store, at(&stream("first"), 0, ["0"])).await;
    let events: Vec<_> = (1..=4).map(|version| recorded(&ann, version, "1")).collect();
    let Restoring::Stored(last) = restore(&store, &events).await else { panic!("a conflict") };
    let restored = [
        kept("two", &ann, 2, 2),
        kept("nothing", &ann, 3, 0),
        kept("four", &ann, 4, 1),
        kept("none/1", &nobody, 0, 0),
        kept("none/2", &nobody, 0, 0),
    ];
    assert_eq!(restore_keys(&store, &restored[..2]).await, RestoringKeys::Stored(2));
    assert_eq!(restore_keys(&store, &restored).await, RestoringKeys::Stored(3));
    assert_eq!(restore_keys(&other, &restored).await, RestoringKeys::Stored(0));
    for kept in &restored {
        let position = match kept.receipt.version {
            0 => Position::START,
            version => Position::from_raw(last.raw() - (4 - version)),
        };
        let expected = Outcome::Duplicate(Receipt { position, ..kept.receipt });
        let again = keyed(anywhere(&kept.stream, ["again"]), kept.key.as_str());
        assert_eq!(send_one(&other, again).await, expected, "{kept:?}");
    }
    assert_eq!(log(&other, 100).await.len(), 5);
    assert_eq!(receipt(&send_one(&other, at(&nobody, 0, ["1"])).await).version, 1);
    assert!(matches!(
        send_one(&other, keyed(anywhere(&nobody, ["1"]), "two")).await,
        Outcome::KeyReused { .. }
    ));
    for part in Part::ALL {
        let looked = inspect(&store).look_over(part, None, 100).await.expect("a look");
        assert_eq!(looked.damages, [], "{part:?}");
    }
}

/// A key that is kept for something else, or whose event is not there, is not restored, nor is any that comes with it.
pub async fn a_key_of_something_else_is_not_restored<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (ann, bob) = (stream("ann"), stream("bob"));
    let receipt = stored(&store, keyed(at(&ann, 0, ["1", "2"]), "k")).await;
    stored(&store, at(&bob, 0, ["1", "2"])).await;
    let known = Some((ann.clone(), receipt));
    let wrong = [
        (kept("k", &bob, 2, 2), known.clone()),
        (kept("k", &ann, 1, 2), known.clone()),
        (kept("k", &ann, 2, 1), known),
        (kept("new", &ann, 3, 1), None),
        (kept("new", &stream("nobody"), 1, 1), None),
    ];
    for (wrong, known) in wrong {
        let conflict = RestoringKeys::Conflict { key: wrong.key.clone(), kept: known };
        assert_eq!(restore_keys(&store, &[kept("fine", &bob, 1, 1), wrong]).await, conflict);
    }
    assert_eq!(keys(&store, 10).await.len(), 1);
    assert_eq!(restore_keys(&store, &[kept("k", &ann, 2, 2)]).await, RestoringKeys::Stored(0));
}

fn side(store: &Store) -> &dyn ReadSide {
    store.port().read_side().expect("a read side")
}

fn parked(n: u64, state: DeliveryState, errors: &[&str]) -> ParkedDelivery {
    let at = |seconds: i64| Timestamp::from_micros(1_700_000_000_000_007 + seconds * 1_000_000);
    let decided = n.is_multiple_of(2);
    ParkedDelivery {
        subscription: "mailer".into(),
        shard: 1,
        stream: stream("lane"),
        position: Position::from_raw(n),
        version: n + 3,
        event: "thing.happened".to_owned(),
        state,
        attempts: 4,
        parked_at: at(0),
        tried_at: decided.then(|| at(1)),
        due_at: (state == DeliveryState::Retrying).then(|| at(2)),
        errors: errors.iter().map(|&error| error.to_owned()).collect(),
        decided_by: decided.then(|| "ann".to_owned()),
        reason: decided.then(|| "\u{fc}".to_owned()),
    }
}

/// Deliveries are restored with everything that they had; one that is there is replaced.
pub async fn deliveries_are_restored_as_they_were<F: Fixture>(subject: &Subject<F>) {
    use DeliveryState::{Dead, Discarded, Permanent, Retrying, Waiting};
    let (store, other) = (subject.open().await, subject.open().await);
    let mut all = vec![
        parked(1, Discarded, &[]),
        parked(2, Retrying, &["one", "two"]),
        parked(3, Waiting, &["{}", "\"quoted\""]),
        parked(4, Dead, &["x"]),
        parked(5, Permanent, &["x"]),
    ];
    let list = async || side(&other).list_deliveries(&DeliveryFilter::default(), 10).await.expect("a list");
    inspect(&store).restore_deliveries(&all[1..]).await.expect("restored");
    assert_eq!(list().await, all[1..]);
    all[3] = parked(4, Waiting, &[]);
    inspect(&store).restore_deliveries(&all).await.expect("restored");
    assert_eq!(list().await, all);
    let due = side(&other).due_deliveries("mailer", &[1], 10).await.expect("what is due");
    assert_eq!(due, all[1..2], "the head, whose time is long past");
    assert_eq!(side(&other).parked_streams("mailer", &[0, 1]).await.expect("streams"), [stream("lane")]);
}

/// Each shard that is named is set to its place; the others, and deliveries, stay.
pub async fn shards_are_set_to_their_own_places<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let at = Position::from_raw;
    for name in ["mailer", "other"] {
        side(&store).declare(name, 3, at(5)).await.expect("declared");
    }
    inspect(&store).restore_deliveries(&[parked(4, DeliveryState::Dead, &[])]).await.expect("restored");
    inspect(&store).restore_shards("mailer", &[(0, at(9)), (2, at(0))]).await.expect("restored");
    inspect(&store).restore_shards("nobody", &[(0, at(9))]).await.expect("nothing to do");
    let known = side(&other).subscriptions(None).await.expect("subscriptions");
    let places: Vec<(Arc<str>, Vec<Position>)> = known
        .into_iter()
        .map(|known| (known.name, known.shards.iter().map(|shard| shard.position).collect()))
        .collect();
    assert_eq!(places, [("mailer".into(), vec![at(9), at(5), at(0)]), ("other".into(), vec![at(5); 3])]);
    assert_eq!(side(&other).list_deliveries(&DeliveryFilter::default(), 10).await.expect("a list").len(), 1);
}
