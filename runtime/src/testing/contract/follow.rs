//! Short words for the checks of the read side.

use std::{future::Future, sync::Arc, time::Duration};

use uuid::Uuid;

use super::kit::stream;
use crate::{
    domain::{IndexKey, Indexed, Position},
    store::{
        Advance, Claim, Commit, DeliveryState, DeliveryWrite, Document, DocumentWrite, Find, Holding, Lease,
        ParkedDelivery, ReadSide, Store, StoreError,
    },
};

/// Longer than any check takes.
pub(super) const LONG: Duration = Duration::from_secs(3_600);

pub(super) fn side(store: &Store) -> &dyn ReadSide {
    store.port().read_side().expect("this contract is for stores with a read side")
}

pub(super) fn place(raw: u64) -> Position {
    Position::from_raw(raw)
}

pub(super) async fn declare(store: &Store, name: &str, shards: u16) {
    side(store).declare(name, shards, Position::START).await.expect("a subscription can be declared");
}

/// What a worker has of one subscription after asking.
pub(super) async fn claim(store: &Store, worker: Uuid, name: &str, ttl: Duration) -> Holding {
    let names = [Arc::from(name)];
    let claim = Claim { worker, subscriptions: &names, ttl };
    let mut holdings = side(store).claim(claim).await.expect("a worker can claim");
    assert_eq!(holdings.len(), 1, "one answer for each subscription");
    let holding = holdings.remove(0);
    assert_eq!(&*holding.subscription, name);
    assert!(holding.leases.iter().all(|lease| &*lease.subscription == name));
    assert!(holding.leases.is_sorted_by_key(|lease| lease.shard), "leases come in order");
    holding
}

/// The numbers of the shards in a worker's hands.
pub(super) fn shards(holding: &Holding) -> Vec<u16> {
    holding.leases.iter().map(|lease| lease.shard).collect()
}

/// A subscription with one shard, and its lease.
pub(super) async fn leased(store: &Store, name: &str) -> Lease {
    declare(store, name, 1).await;
    claim(store, Uuid::now_v7(), name, LONG).await.leases.remove(0)
}

pub(super) fn advance(lease: &Lease, to: u64) -> Advance {
    Advance {
        subscription: Arc::clone(&lease.subscription),
        shard: lease.shard,
        token: lease.token,
        from: lease.position,
        to: place(to),
    }
}

/// A commit that leaves the shard where it is.
pub(super) fn standing(lease: &Lease) -> Commit {
    Commit { advances: vec![advance(lease, lease.position.raw())], ..Commit::default() }
}

pub(super) async fn commit(store: &Store, commit: &Commit) {
    side(store).commit(commit).await.expect("a commit with a good lease is stored");
}

pub(super) async fn refused(store: &Store, commit: &Commit) -> StoreError {
    side(store).commit(commit).await.expect_err("this commit must be refused")
}

#[track_caller]
pub(super) fn is_fenced(error: &StoreError, name: &str, number: u16) {
    let fenced = matches!(error, StoreError::Fenced { subscription, shard } if subscription == name && *shard == number);
    assert!(fenced, "expected that shard {number} of {name} is refused, but it was {error:?}");
}

/// Stores documents without moving the shard.
pub(super) async fn write(store: &Store, lease: &Lease, documents: Vec<DocumentWrite>) {
    commit(store, &Commit { documents, ..standing(lease) }).await;
}

/// Stores deliveries without moving the shard.
pub(super) async fn deliver(store: &Store, lease: &Lease, deliveries: Vec<DeliveryWrite>) {
    commit(store, &Commit { deliveries, ..standing(lease) }).await;
}

/// A document without indexes.
pub(super) fn document(key: &str, body: &str, revision: u64) -> DocumentWrite {
    DocumentWrite {
        collection: "things@1".into(),
        key: key.to_owned(),
        body: Some(body.into()),
        indexes: vec![],
        revision,
        expected: None,
    }
}

/// A document that is expected at a revision.
pub(super) fn expecting(expected: u64, document: DocumentWrite) -> DocumentWrite {
    DocumentWrite { expected: Some(expected), ..document }
}

/// A deletion of a document.
pub(super) fn without_body(document: DocumentWrite) -> DocumentWrite {
    DocumentWrite { body: None, ..document }
}

pub(super) fn indexed(index: &'static str, value: &(impl Indexed + ?Sized)) -> (&'static str, IndexKey) {
    (index, value.index_key())
}

/// One document of the collection of these checks.
pub(super) async fn load(store: &Store, key: &str) -> Option<Document> {
    load_all(store, &[key]).await.remove(0)
}

pub(super) async fn load_all(store: &Store, keys: &[&str]) -> Vec<Option<Document>> {
    let documents = side(store).load_documents("things@1", keys).await.expect("documents can be loaded");
    assert_eq!(documents.len(), keys.len(), "one answer for each key");
    documents
}

/// All documents of a collection, by key.
pub(super) fn everything(collection: &str) -> Find {
    Find {
        collection: collection.into(),
        conditions: vec![],
        order: None,
        descending: false,
        after: None,
        limit: 1_000_000,
    }
}

/// The keys of what is found, in the order of the answer.
pub(super) async fn find(store: &Store, find: &Find) -> Vec<String> {
    let found = side(store).find_documents(find).await.expect("documents can be found");
    found.into_iter().map(|found| found.document.key).collect()
}

/// A delivery of an event of the stream `id`, in shard 0.
pub(super) fn park(lease: &Lease, id: &str, position: u64, state: DeliveryState) -> DeliveryWrite {
    let waits = state == DeliveryState::Waiting;
    DeliveryWrite::Park {
        subscription: Arc::clone(&lease.subscription),
        shard: lease.shard,
        stream: stream(id),
        position: place(position),
        version: position,
        event: "contract.happened".to_owned(),
        state,
        attempts: u32::from(!waits),
        retry_in: (state == DeliveryState::Retrying).then_some(Duration::ZERO),
        errors: if waits { vec![] } else { vec!["it failed".to_owned()] },
    }
}

pub(super) fn done(lease: &Lease, id: &str, position: u64) -> DeliveryWrite {
    let (subscription, stream) = (Arc::clone(&lease.subscription), stream(id));
    DeliveryWrite::Done { subscription, stream, position: place(position) }
}

pub(super) fn positions(deliveries: &[ParkedDelivery]) -> Vec<u64> {
    deliveries.iter().map(|delivery| delivery.position.raw()).collect()
}

/// The positions of the deliveries that are due in shard 0.
pub(super) async fn due(store: &Store, name: &str) -> Vec<u64> {
    let due = side(store).due_deliveries(name, &[0], 1_000).await.expect("deliveries can be asked for");
    positions(&due)
}

/// Every delivery of a subscription.
pub(super) async fn parked(store: &Store, name: &str) -> Vec<ParkedDelivery> {
    let filter = crate::store::DeliveryFilter { subscription: Some(name.to_owned()), ..Default::default() };
    side(store).list_deliveries(&filter, 1_000_000).await.expect("deliveries can be listed")
}

/// Asks again and again until the answer is there.
pub(super) async fn until<T, Asked: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> Asked,
) -> T {
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(std::time::Instant::now() < deadline, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
