use std::{fmt, sync::Arc};

use async_trait::async_trait;
use gesta::{
    domain::{IdempotencyKey, Position, Receipt, Timestamp},
    store::{
        Append, Claim, Commit, Deliveries, DeliveryAction, DeliveryFilter, Document, Documents, DueTimers,
        EventStore, Find, Found, Generation, Holding, Lease, LogVisitor, Outcome, ParkedDelivery, ReadLog,
        ReadSide, ReadStream, SagaFilter, SagaState, SagaStatus, Sagas, Shards, SnapshotRef, Store,
        StoreError, StreamId, StreamVisitor, SubscriptionState, TakeSagas, TakenSagas, TimerState, Timers,
    },
};
use tokio::sync::watch;

/// What is different in a store that is right otherwise.
#[async_trait]
pub trait Alteration: fmt::Debug + Send + Sync + 'static {
    /// Commits in its own way.
    async fn commit(&self, inner: &dyn ReadSide, commit: &Commit) -> Result<(), StoreError> {
        inner.commit(commit).await
    }

    /// Appends in its own way.
    async fn append(&self, inner: &dyn EventStore, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        inner.append(batch).await
    }

    /// Takes sagas in its own way.
    async fn take_sagas(&self, inner: &dyn ReadSide, take: TakeSagas<'_>) -> Result<TakenSagas, StoreError> {
        inner.take_sagas(take).await
    }

    /// Finds timers in its own way.
    async fn due_timers(
        &self,
        inner: &dyn ReadSide,
        category: &str,
        shards: &[u16],
        limit: u64,
    ) -> Result<DueTimers, StoreError> {
        inner.due_timers(category, shards, limit).await
    }
}

/// A store that does something in another way.
#[derive(Debug)]
pub struct Altered {
    store: Store,
    alteration: Box<dyn Alteration>,
}

impl Altered {
    /// A store with an alteration.
    pub fn new(store: Store, alteration: impl Alteration) -> Self {
        Self { store, alteration: Box::new(alteration) }
    }

    fn inner(&self) -> &dyn ReadSide {
        self.store.port().read_side().expect("a store with a read side")
    }
}

#[async_trait]
impl ReadSide for Altered {
    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        self.alteration.commit(self.inner(), commit).await
    }

    fn runs_sql(&self) -> bool {
        self.inner().runs_sql()
    }

    fn hears_others(&self) -> bool {
        self.inner().hears_others()
    }

    fn signals(&self) -> watch::Receiver<u64> {
        self.inner().signals()
    }

    fn shard_signals(&self) -> watch::Receiver<u64> {
        self.inner().shard_signals()
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.inner().now().await
    }
}

#[async_trait]
impl EventStore for Altered {
    async fn append(&self, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        self.alteration.append(self.store.port().as_ref(), batch).await
    }

    async fn read_stream(&self, read: &ReadStream, visit: StreamVisitor<'_>) -> Result<(), StoreError> {
        self.store.port().read_stream(read, visit).await
    }

    async fn read_log(&self, read: &ReadLog, visit: LogVisitor<'_>) -> Result<Position, StoreError> {
        self.store.port().read_log(read, visit).await
    }

    async fn last_position(&self) -> Result<Position, StoreError> {
        self.store.port().last_position().await
    }

    async fn find_key(&self, key: &IdempotencyKey) -> Result<Option<(StreamId, Receipt)>, StoreError> {
        self.store.port().find_key(key).await
    }

    async fn save_snapshot(&self, stream: &StreamId, snapshot: SnapshotRef<'_>) -> Result<(), StoreError> {
        self.store.port().save_snapshot(stream, snapshot).await
    }

    fn read_side(&self) -> Option<&dyn ReadSide> {
        Some(self)
    }

    fn location(&self) -> Option<String> {
        self.store.port().location()
    }

    async fn close(&self) {
        self.store.port().close().await;
    }
}

#[async_trait]
impl Shards for Altered {
    async fn declare(&self, subscription: &str, shards: u16, start: Position) -> Result<(), StoreError> {
        self.inner().declare(subscription, shards, start).await
    }

    async fn claim(&self, claim: Claim<'_>) -> Result<Vec<Holding>, StoreError> {
        self.inner().claim(claim).await
    }

    async fn release(&self, worker: uuid::Uuid, leases: &[Lease]) -> Result<(), StoreError> {
        self.inner().release(worker, leases).await
    }

    async fn leave(&self, worker: uuid::Uuid) -> Result<(), StoreError> {
        self.inner().leave(worker).await
    }

    async fn subscriptions(&self, name: Option<&str>) -> Result<Vec<SubscriptionState>, StoreError> {
        self.inner().subscriptions(name).await
    }

    async fn set_paused(&self, subscription: &str, paused: bool) -> Result<bool, StoreError> {
        self.inner().set_paused(subscription, paused).await
    }

    async fn reset(&self, subscription: &str, position: Position) -> Result<bool, StoreError> {
        self.inner().reset(subscription, position).await
    }

    async fn remove(&self, subscription: &str) -> Result<bool, StoreError> {
        self.inner().remove(subscription).await
    }
}

#[async_trait]
impl Documents for Altered {
    async fn load_documents(
        &self,
        collection: &str,
        keys: &[&str],
    ) -> Result<Vec<Option<Document>>, StoreError> {
        self.inner().load_documents(collection, keys).await
    }

    async fn find_documents(&self, find: &Find) -> Result<Vec<Found>, StoreError> {
        self.inner().find_documents(find).await
    }

    async fn count_documents(&self, find: &Find) -> Result<u64, StoreError> {
        self.inner().count_documents(find).await
    }

    async fn declare_generation(
        &self,
        projection: &str,
        version: u32,
    ) -> Result<Vec<Generation>, StoreError> {
        self.inner().declare_generation(projection, version).await
    }

    async fn generations(&self, projection: &str) -> Result<Vec<Generation>, StoreError> {
        self.inner().generations(projection).await
    }

    async fn promote(&self, projection: &str, version: u32) -> Result<bool, StoreError> {
        self.inner().promote(projection, version).await
    }

    async fn drop_generation(&self, projection: &str, version: u32) -> Result<bool, StoreError> {
        self.inner().drop_generation(projection, version).await
    }

    async fn clear_collection(&self, collection: &str) -> Result<(), StoreError> {
        self.inner().clear_collection(collection).await
    }
}

#[async_trait]
impl Deliveries for Altered {
    async fn due_deliveries(
        &self,
        subscription: &str,
        shards: &[u16],
        limit: u64,
    ) -> Result<Vec<ParkedDelivery>, StoreError> {
        self.inner().due_deliveries(subscription, shards, limit).await
    }

    async fn parked_streams(&self, subscription: &str, shards: &[u16]) -> Result<Vec<StreamId>, StoreError> {
        self.inner().parked_streams(subscription, shards).await
    }

    async fn list_deliveries(
        &self,
        filter: &DeliveryFilter,
        limit: u64,
    ) -> Result<Vec<ParkedDelivery>, StoreError> {
        self.inner().list_deliveries(filter, limit).await
    }

    async fn decide_deliveries(
        &self,
        filter: &DeliveryFilter,
        action: &DeliveryAction,
        actor: &str,
        reason: &str,
    ) -> Result<u64, StoreError> {
        self.inner().decide_deliveries(filter, action, actor, reason).await
    }
}

#[async_trait]
impl Sagas for Altered {
    async fn take_sagas(&self, take: TakeSagas<'_>) -> Result<TakenSagas, StoreError> {
        self.alteration.take_sagas(self.inner(), take).await
    }

    async fn list_sagas(&self, filter: &SagaFilter, limit: u64) -> Result<Vec<SagaState>, StoreError> {
        self.inner().list_sagas(filter, limit).await
    }

    async fn count_sagas(&self) -> Result<Vec<(Arc<str>, SagaStatus, u64)>, StoreError> {
        self.inner().count_sagas().await
    }
    async fn oldest_sagas(&self) -> Result<Vec<(Arc<str>, gesta::domain::Timestamp)>, StoreError> {
        self.inner().oldest_sagas().await
    }
}

#[async_trait]
impl Timers for Altered {
    async fn due_timers(&self, category: &str, shards: &[u16], limit: u64) -> Result<DueTimers, StoreError> {
        self.alteration.due_timers(self.inner(), category, shards, limit).await
    }

    async fn timers_of(&self, stream: &StreamId) -> Result<Vec<TimerState>, StoreError> {
        self.inner().timers_of(stream).await
    }
}
