//! Generations of projections: one of them is live, and a newer one takes its place at once.

use futures_util::future::join_all;

use super::{Fixture, Subject, follow::*};
use crate::store::{DocumentWrite, GenerationState, Store, StoreError, generation_name};
use GenerationState::{Building, Live, Superseded};

type Standing = Vec<(u32, GenerationState)>;

async fn declared(store: &Store, projection: &str, version: u32) -> Standing {
    let all =
        side(store).declare_generation(projection, version).await.expect("a generation can be declared");
    all.iter().map(|generation| (generation.version, generation.state)).collect()
}

async fn standing_of(store: &Store, projection: &str) -> Standing {
    let all = side(store).generations(projection).await.expect("generations can be listed");
    all.iter().map(|generation| (generation.version, generation.state)).collect()
}

async fn promote(store: &Store, version: u32) -> bool {
    side(store).promote("balance", version).await.expect("an answer")
}

/// The first generation is live at once and later ones are built, whatever their version; declaring one again
/// changes nothing.
pub async fn the_first_generation_is_live<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    assert_eq!(standing_of(&store, "balance").await, []);
    let before = side(&store).now().await.expect("the time");
    assert_eq!(declared(&store, "balance", 2).await, [(2, Live)]);
    let after = side(&store).now().await.expect("the time");
    let first = side(&other).generations("balance").await.expect("generations").remove(0);
    assert!(
        before <= first.declared_at && first.declared_at <= after,
        "{before} {} {after}",
        first.declared_at
    );

    assert_eq!(declared(&other, "balance", 2).await, [(2, Live)]);
    assert_eq!(declared(&other, "balance", u32::MAX).await, [(2, Live), (u32::MAX, Building)]);
    assert_eq!(declared(&other, "balance", 1).await, [(1, Building), (2, Live), (u32::MAX, Building)]);
    assert_eq!(declared(&store, "other", 5).await, [(5, Live)]);
    assert_eq!(side(&store).generations("balance").await.expect("generations")[1], first);
    let refused = side(&store).declare_generation("a\0b", 1).await;
    assert!(matches!(refused, Err(StoreError::InvalidName { .. })), "{refused:?}");
}

/// A generation that is built takes the place of an older one, and never that of a newer one.
pub async fn a_newer_generation_takes_the_place<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    for version in [2, 1, 3, 4] {
        declared(&store, "balance", version).await;
    }
    assert!(!promote(&store, 1).await, "a newer one is live");
    assert!(!promote(&store, 2).await, "it is live");
    assert!(!promote(&store, 9).await, "it does not exist");
    assert!(promote(&store, 4).await);
    assert_eq!(
        standing_of(&other, "balance").await,
        [(1, Building), (2, Superseded), (3, Building), (4, Live)]
    );
    for version in [1, 2, 3, 4] {
        assert!(!promote(&other, version).await, "version {version}");
    }
    assert_eq!(declared(&other, "balance", 2).await[1], (2, Superseded));
    assert!(!side(&store).promote("unknown", 1).await.expect("an answer"));
}

/// A generation that is not live can be dropped, with its documents, its subscription and their deliveries.
pub async fn a_generation_is_dropped_whole<F: Fixture>(subject: &Subject<F>) {
    let (store, other) = (subject.open().await, subject.open().await);
    for version in [1, 2, 3] {
        declared(&store, "balance", version).await;
        let name = generation_name("balance", version);
        let lease = leased(&store, &name).await;
        let indexes = vec![indexed("n", &version)];
        write(&store, &lease, vec![DocumentWrite { collection: name, indexes, ..document("a", "1", 1) }])
            .await;
        deliver(&store, &lease, vec![park(&lease, "ann", 1, crate::store::DeliveryState::Dead)]).await;
    }
    assert!(promote(&store, 2).await);
    let drop = async |version| side(&other).drop_generation("balance", version).await.expect("an answer");
    assert!(!drop(2).await, "it is live");
    assert!(drop(1).await);
    assert!(!drop(1).await, "it is gone");
    assert!(!drop(9).await);
    assert_eq!(standing_of(&store, "balance").await, [(2, Live), (3, Building)]);
    for (name, left) in [("balance@1", 0), ("balance@2", 1), ("balance@3", 1)] {
        assert_eq!(find(&store, &everything(name)).await.len(), left, "documents of {name}");
        assert_eq!(parked(&store, name).await.len(), left, "deliveries of {name}");
        let states = side(&store).subscriptions(Some(name)).await.expect("subscriptions");
        assert_eq!(states.len(), left, "the subscription {name}");
    }
    assert_eq!(declared(&store, "balance", 1).await[0], (1, Building), "it may come back");
}

/// Many processes start at once: one generation is live, and one wins the place.
pub async fn one_generation_is_live<F: Fixture>(subject: &Subject<F>) {
    let stores = [subject.open().await, subject.open().await];
    let start = |n: u32| {
        let store = stores[n as usize % 2].clone();
        tokio::spawn(async move {
            declared(&store, "balance", n % 4 + 1).await;
            promote(&store, n % 4 + 1).await
        })
    };
    let ended = join_all((0..12).map(start)).await;
    let promoted = ended.into_iter().filter(|result| *result.as_ref().expect("a process ends")).count();
    let standing = standing_of(&stores[0], "balance").await;
    assert_eq!(standing.len(), 4);
    assert_eq!(standing[3], (4, Live), "the newest was promoted by whoever came last: {standing:?}");
    assert_eq!(standing.iter().filter(|(_, state)| *state == Live).count(), 1);
    let superseded = standing.iter().filter(|(_, state)| *state == Superseded).count();
    // Each promotion puts one in the place of another. The first one was never promoted.
    assert_eq!(superseded, promoted, "{standing:?}");
}
