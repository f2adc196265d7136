use async_trait::async_trait;
use gesta::{
    domain::{IdempotencyKey, Position, Receipt},
    store::{
        Append, EventStore, Fleet, Inspect, KeptKey, KeyPage, LogVisitor, LookedOver, Outcome,
        ParkedDelivery, Part, ReadLog, ReadSide, ReadStream, RecordedEvent, Repair, Restoring, RestoringKeys,
        Size, SnapshotRef, Store, StoreError, StoredSnapshot, StreamFilter, StreamId, StreamPage,
        StreamVisitor, Tally, TypeTally,
    },
};
use uuid::Uuid;

/// What a store does not keep of what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgets {
    /// The last key of each page that is restored.
    Keys,
    /// The last delivery of each page that is restored.
    Deliveries,
    /// The places of shards.
    Shards,
    /// How instances of sagas stand.
    Sagas,
    /// Timers.
    Timers,
    /// Documents beside events.
    Documents,
}

impl Forgets {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Keys, Self::Deliveries, Self::Shards, Self::Sagas, Self::Timers, Self::Documents];
}

/// A store that says that it has kept everything, and has not.
#[derive(Debug)]
pub struct Forgetful {
    store: Store,
    forgets: Forgets,
}

impl Forgetful {
    /// A store that forgets something.
    pub fn new(store: Store, forgets: Forgets) -> Self {
        Self { store, forgets }
    }

    fn inner(&self) -> &dyn Inspect {
        self.store.port().inspect().expect("a store that can tell what there is")
    }

    /// All but the last, if it forgets this.
    fn kept<'l, T>(&self, list: &'l [T], what: Forgets) -> &'l [T] {
        if self.forgets == what { &list[..list.len().saturating_sub(1)] } else { list }
    }
}

#[async_trait]
impl EventStore for Forgetful {
    async fn append(&self, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        let mut batch = batch.to_vec();
        for append in &mut batch {
            if self.forgets == Forgets::Documents {
                append.documents.clear();
            }
            if let Some(process) = &mut append.process {
                match self.forgets {
                    Forgets::Sagas => process.saga = None,
                    Forgets::Timers => process.timers.clear(),
                    _ => {}
                }
            }
        }
        self.store.port().append(&batch).await
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
        self.store.port().read_side()
    }

    fn fleet(&self) -> Option<&dyn Fleet> {
        self.store.port().fleet()
    }

    fn inspect(&self) -> Option<&dyn Inspect> {
        Some(self)
    }

    async fn close(&self) {
        self.store.port().close().await;
    }
}

#[async_trait]
impl Inspect for Forgetful {
    async fn list_streams(
        &self,
        filter: &StreamFilter,
        after: Option<Uuid>,
        most: u64,
    ) -> Result<StreamPage, StoreError> {
        self.inner().list_streams(filter, after, most).await
    }

    async fn tally(&self, after: Position, most: u64) -> Result<Tally, StoreError> {
        self.inner().tally(after, most).await
    }

    async fn count_streams(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.inner().count_streams().await
    }

    async fn extent(&self, part: Part) -> Result<u64, StoreError> {
        self.inner().extent(part).await
    }

    async fn sample(&self, most: u64) -> Result<Vec<TypeTally>, StoreError> {
        self.inner().sample(most).await
    }

    async fn list_snapshots(
        &self,
        after: Option<Uuid>,
        most: u64,
    ) -> Result<Vec<StoredSnapshot>, StoreError> {
        self.inner().list_snapshots(after, most).await
    }

    async fn sizes(&self) -> Result<Vec<Size>, StoreError> {
        self.inner().sizes().await
    }

    async fn look_over(&self, part: Part, after: Option<&[u8]>, most: u64) -> Result<LookedOver, StoreError> {
        self.inner().look_over(part, after, most).await
    }

    async fn repair(&self, repair: &Repair) -> Result<bool, StoreError> {
        self.inner().repair(repair).await
    }

    async fn restore(&self, events: &[RecordedEvent]) -> Result<Restoring, StoreError> {
        self.inner().restore(events).await
    }

    async fn list_keys(&self, after: Option<&[u8]>, most: u64) -> Result<KeyPage, StoreError> {
        self.inner().list_keys(after, most).await
    }

    async fn restore_keys(&self, keys: &[KeptKey]) -> Result<RestoringKeys, StoreError> {
        self.inner().restore_keys(self.kept(keys, Forgets::Keys)).await
    }

    async fn restore_shards(
        &self,
        subscription: &str,
        positions: &[(u16, Position)],
    ) -> Result<(), StoreError> {
        self.inner().restore_shards(subscription, self.kept(positions, Forgets::Shards)).await
    }

    async fn restore_deliveries(&self, deliveries: &[ParkedDelivery]) -> Result<(), StoreError> {
        self.inner().restore_deliveries(self.kept(deliveries, Forgets::Deliveries)).await
    }
}
