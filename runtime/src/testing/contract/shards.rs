//! Subscriptions: where their shards are, and what somebody from outside does with them.

use uuid::Uuid;

use super::{Fixture, Subject, follow::*};
use crate::{
    domain::Position,
    store::{Commit, DeliveryState, Store, StoreError, SubscriptionState},
};

async fn states(store: &Store, name: Option<&str>) -> Vec<SubscriptionState> {
    side(store).subscriptions(name).await.expect("subscriptions can be listed")
}

async fn state(store: &Store, name: &str) -> SubscriptionState {
    states(store, Some(name)).await.pop().expect("there is such a subscription")
}

fn at(state: &SubscriptionState) -> Vec<u64> {
    state.shards.iter().map(|shard| shard.position.raw()).collect()
}

/// All shards begin at the start of the first declaration; later ones change nothing.
pub async fn a_subscription_begins_where_it_was_declared<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    assert_eq!(states(&store, None).await, []);
    assert_eq!(states(&store, Some("a")).await, []);
    side(&store).declare("a", 4, place(7)).await.expect("a declaration");
    let greatest = Position::from_raw((1 << 53) - 1);
    for (shards, start) in [(8, place(9)), (1, Position::START), (4, greatest)] {
        side(&store).declare("a", shards, start).await.expect("a declaration again");
    }
    side(&store).declare("b", 1, greatest).await.expect("a declaration");

    let other = subject.open().await;
    let seen = state(&other, "a").await;
    assert_eq!((&*seen.name, seen.paused, at(&seen)), ("a", false, vec![7; 4]));
    assert_eq!(seen.shards.iter().map(|shard| shard.shard).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(seen.shards.iter().all(|shard| shard.owner.is_none()));
    assert_eq!(state(&other, "b").await.position(), greatest);
}

/// Subscriptions are listed by their names, of which every one that has no NUL is kept exactly.
pub async fn subscriptions_are_listed_by_name<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let long = "x".repeat(600);
    let mut names =
        ["b", "a", "A", "é", "", "a b", "'; DROP TABLE x; --", "a%", "balance@2", "\u{10FFFF}", &long];
    for name in names {
        declare(&store, name, 2).await;
    }
    names.sort_unstable();
    let listed = states(&store, None).await;
    assert_eq!(listed.iter().map(|state| &*state.name).collect::<Vec<_>>(), names);
    for name in names {
        assert_eq!(states(&store, Some(name)).await.len(), 1, "{name:?}");
    }
    assert_eq!(states(&store, Some("c")).await, []);
    let refused = side(&store).declare("a\0b", 1, Position::START).await;
    assert!(matches!(refused, Err(StoreError::InvalidName { .. })), "{refused:?}");
}

/// While it is paused there are no leases, and nothing is committed; afterwards it goes on where it was.
pub async fn a_paused_subscription_has_no_leases<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let worker = Uuid::now_v7();
    declare(&store, "s", 2).await;
    declare(&store, "other", 1).await;
    assert!(!side(&other).set_paused("unknown", true).await.expect("an answer"));
    let before = claim(&store, worker, "s", LONG).await.leases;
    assert!(side(&other).set_paused("s", true).await.expect("an answer"));

    let refusal = refused(&store, &standing(&before[0])).await;
    is_fenced(&refusal, "s", 0);
    let paused = claim(&store, worker, "s", LONG).await;
    assert_eq!((paused.paused, paused.shards, shards(&paused)), (true, 2, vec![]));
    assert!(state(&other, "s").await.paused);
    assert_eq!(claim(&store, worker, "other", LONG).await.leases.len(), 1);

    assert!(side(&other).set_paused("s", false).await.expect("an answer"));
    let after = claim(&store, worker, "s", LONG).await;
    assert_eq!((after.paused, shards(&after)), (false, vec![0, 1]));
    assert!(after.leases.iter().zip(&before).all(|(after, before)| after.token > before.token));
    is_fenced(&refused(&store, &standing(&before[1])).await, "s", 1);
    commit(&store, &standing(&after.leases[0])).await;
}

/// A reset moves all shards, forward or back, takes the leases away and forgets the deliveries.
pub async fn a_reset_moves_all_shards<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    let (lease, neighbour) = (leased(&store, "s").await, leased(&store, "neighbour").await);
    let deliveries =
        vec![park(&lease, "ann", 3, DeliveryState::Dead), park(&lease, "ann", 4, DeliveryState::Waiting)];
    commit(&store, &Commit { advances: vec![advance(&lease, 10)], deliveries, ..Commit::default() }).await;
    deliver(&store, &neighbour, vec![park(&neighbour, "ann", 3, DeliveryState::Dead)]).await;
    assert!(!side(&other).reset("unknown", place(1)).await.expect("an answer"));

    assert!(side(&other).reset("s", place(2)).await.expect("an answer"));
    let now = state(&store, "s").await;
    assert_eq!((at(&now), now.shards[0].owner), (vec![2], None));
    assert_eq!(parked(&store, "s").await, []);
    assert_eq!(parked(&store, "neighbour").await.len(), 1, "those of others stay");
    for (from, to) in [(10, 12), (2, 3)] {
        let lease = crate::store::Lease { position: place(from), ..lease.clone() };
        let commit = Commit { advances: vec![advance(&lease, to)], ..Commit::default() };
        is_fenced(&refused(&store, &commit).await, "s", 0);
    }
    let again = leased(&store, "s").await;
    assert!(again.token > lease.token && again.position == place(2));
    commit(&store, &standing(&neighbour)).await;
}

/// A removed subscription is gone with its deliveries, and may be declared anew.
pub async fn a_removed_subscription_is_gone<F: Fixture>(subject: &Subject<F>) {
    let store = subject.open().await;
    let (lease, neighbour) = (leased(&store, "s").await, leased(&store, "neighbour").await);
    deliver(&store, &lease, vec![park(&lease, "ann", 3, DeliveryState::Discarded)]).await;
    assert!(side(&store).remove("s").await.expect("an answer"));
    assert!(!side(&store).remove("s").await.expect("an answer"));

    assert_eq!(states(&store, None).await.len(), 1);
    assert_eq!(parked(&store, "s").await, []);
    is_fenced(&refused(&store, &standing(&lease)).await, "s", 0);
    side(&store).declare("s", 3, place(5)).await.expect("a declaration anew");
    assert_eq!(at(&state(&store, "s").await), [5, 5, 5]);
    commit(&store, &standing(&neighbour)).await;
}
