//! The contract of the read side has teeth: stores with well-known mistakes fail it.
//!
//! Each mistake is made in a store that is right otherwise, and the check that is there for it must notice.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use gesta::{
    domain::{IdempotencyKey, Position, Receipt, Timestamp},
    store::{
        Append, Claim, Commit, Deliveries, DeliveryAction, DeliveryFilter, DeliveryWrite, Document,
        Documents, DueTimers, EventStore, Find, Found, Generation, Holding, Lease, LogVisitor, Memory,
        Outcome, ParkedDelivery, ReadLog, ReadSide, ReadStream, SagaFilter, SagaState, SagaStatus, Sagas,
        ShardState, Shards, SnapshotRef, Store, StoreError, StreamId, StreamVisitor, SubscriptionState,
        TakeSagas, TakenSagas, TimerState, Timers,
    },
    testing::contract::{self, Fixture, Subject},
};
use tokio::{sync::watch, task::yield_now};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// Whoever has had a lease may commit for ever.
    NoTokens,
    /// Whoever has the lease may commit from anywhere.
    NoPositions,
    /// Leases are looked at before the transaction and not in it.
    LeasesCheckedFirst,
    /// Documents are stored before the leases are checked.
    DocumentsFirst,
    /// Documents are stored one by one.
    DocumentByDocument,
    /// Nobody looks at the revision that a document is expected at.
    NoExpectations,
    /// Leases last much longer than they were given for.
    EndlessLeases,
    /// Leases have run out as soon as they are given.
    NoLeases,
    /// Whoever comes gets everything.
    NoShares,
    /// Pausing is noted, and stops nobody.
    PoliteRequests,
    /// Of the streams' heads the last comes first.
    HeadsReversed,
    /// Everything that waits is due.
    EverythingIsDue,
    /// What is known of a delivery is replaced by whoever comes.
    LastAttemptWins,
    /// What is given up may be decided about again.
    DecidedTwice,
    /// A page begins with the last of the page before.
    PagesOverlap,
    /// Documents of the same value come in any order.
    TiesReversed,
    /// Deletions are not remembered.
    ForgottenDeletions,
    /// Documents of an append are stored whatever becomes of it.
    DocumentsOfConflicts,
    /// Dropping a generation leaves its documents.
    HalfDropped,
}

/// A store that makes one mistake.
#[derive(Clone, Debug)]
struct Careless {
    mistake: Mistake,
    inner: Memory,
}

impl Careless {
    fn makes(&self, mistake: Mistake) -> bool {
        self.mistake == mistake
    }

    async fn shard(&self, subscription: &str, number: u16) -> Option<ShardState> {
        let states = self.inner.subscriptions(Some(subscription)).await.ok()?;
        states.into_iter().flat_map(|state| state.shards).find(|shard| shard.shard == number)
    }

    /// The commit as a store would see it that does not look at leases closely.
    async fn loosened(&self, mut commit: Commit) -> Commit {
        for advance in &mut commit.advances {
            let Some(shard) = self.shard(&advance.subscription, advance.shard).await else { continue };
            if self.makes(Mistake::NoTokens) {
                advance.token = shard.token;
            }
            if self.makes(Mistake::NoPositions) && advance.token == shard.token {
                advance.from = shard.position;
            }
        }
        commit
    }
}

#[async_trait]
impl ReadSide for Careless {
    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let mut commit = self.loosened(commit.clone()).await;
        match self.mistake {
            Mistake::LeasesCheckedFirst => {
                let leases = Commit { advances: commit.advances.clone(), ..Commit::default() };
                for advance in &mut commit.advances {
                    advance.to = advance.from;
                }
                // The shards are moved alone, and the rest is stored whenever it is stored.
                let rest = Commit { advances: vec![], ..commit };
                yield_now().await;
                let moved = self.inner.commit(&leases).await;
                self.inner.commit(&rest).await?;
                return moved;
            }
            Mistake::DocumentsFirst => {
                let documents = std::mem::take(&mut commit.documents);
                self.inner.commit(&Commit { documents, ..Commit::default() }).await?;
            }
            Mistake::DocumentByDocument => {
                for document in std::mem::take(&mut commit.documents) {
                    yield_now().await;
                    self.inner.commit(&Commit { documents: vec![document], ..Commit::default() }).await?;
                }
            }
            Mistake::NoExpectations => {
                commit.documents.iter_mut().for_each(|document| document.expected = None);
            }
            Mistake::ForgottenDeletions => {
                let deleted = commit.documents.iter_mut().filter(|document| document.body.is_none());
                deleted.for_each(|document| document.expected = None);
            }
            Mistake::LastAttemptWins => {
                let parked = commit.deliveries.iter().filter_map(|write| match write {
                    DeliveryWrite::Park { subscription, stream, position, .. } => {
                        let (subscription, stream) = (subscription.clone(), stream.clone());
                        Some(DeliveryWrite::Done { subscription, stream, position: *position })
                    }
                    DeliveryWrite::Done { .. } => None,
                });
                let deliveries = parked.collect();
                self.inner.commit(&Commit { deliveries, ..Commit::default() }).await?;
            }
            _ => {}
        }
        self.inner.commit(&commit).await
    }

    fn signals(&self) -> watch::Receiver<u64> {
        self.inner.signals()
    }

    fn shard_signals(&self) -> watch::Receiver<u64> {
        self.inner.shard_signals()
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.inner.now().await
    }
}

#[async_trait]
impl Shards for Careless {
    async fn declare(&self, subscription: &str, shards: u16, start: Position) -> Result<(), StoreError> {
        self.inner.declare(subscription, shards, start).await
    }

    async fn claim(&self, claim: Claim<'_>) -> Result<Vec<Holding>, StoreError> {
        let ttl = match self.mistake {
            Mistake::EndlessLeases => Duration::from_secs(3_600),
            Mistake::NoLeases => Duration::ZERO,
            _ => claim.ttl,
        };
        if self.makes(Mistake::NoShares) {
            for state in self.inner.subscriptions(None).await? {
                for owner in state.shards.iter().filter_map(|shard| shard.owner) {
                    if owner != claim.worker {
                        self.inner.leave(owner).await?;
                    }
                }
            }
        }
        self.inner.claim(Claim { ttl, ..claim }).await
    }

    async fn release(&self, worker: Uuid, leases: &[Lease]) -> Result<(), StoreError> {
        self.inner.release(worker, leases).await
    }

    async fn leave(&self, worker: Uuid) -> Result<(), StoreError> {
        self.inner.leave(worker).await
    }

    async fn subscriptions(&self, name: Option<&str>) -> Result<Vec<SubscriptionState>, StoreError> {
        self.inner.subscriptions(name).await
    }

    async fn set_paused(&self, subscription: &str, paused: bool) -> Result<bool, StoreError> {
        if self.makes(Mistake::PoliteRequests) {
            return Ok(!self.inner.subscriptions(Some(subscription)).await?.is_empty());
        }
        self.inner.set_paused(subscription, paused).await
    }

    async fn reset(&self, subscription: &str, position: Position) -> Result<bool, StoreError> {
        self.inner.reset(subscription, position).await
    }

    async fn remove(&self, subscription: &str) -> Result<bool, StoreError> {
        self.inner.remove(subscription).await
    }
}

#[async_trait]
impl Documents for Careless {
    async fn load_documents(
        &self,
        collection: &str,
        keys: &[&str],
    ) -> Result<Vec<Option<Document>>, StoreError> {
        self.inner.load_documents(collection, keys).await
    }

    async fn find_documents(&self, find: &Find) -> Result<Vec<Found>, StoreError> {
        let mut find = find.clone();
        if let (Mistake::PagesOverlap, Some((_, key))) = (self.mistake, &mut find.after) {
            // Only what comes after the value counts, and not the key.
            *key = if find.descending { "\u{10FFFF}".to_owned() } else { String::new() };
        }
        let mut found = self.inner.find_documents(&find).await?;
        if self.makes(Mistake::TiesReversed) && find.order.is_some() {
            found.reverse();
            found.sort_by(|a, b| if find.descending { b.place.cmp(&a.place) } else { a.place.cmp(&b.place) });
        }
        Ok(found)
    }

    async fn count_documents(&self, find: &Find) -> Result<u64, StoreError> {
        self.inner.count_documents(find).await
    }

    async fn declare_generation(&self, name: &str, version: u32) -> Result<Vec<Generation>, StoreError> {
        self.inner.declare_generation(name, version).await
    }

    async fn generations(&self, projection: &str) -> Result<Vec<Generation>, StoreError> {
        self.inner.generations(projection).await
    }

    async fn promote(&self, projection: &str, version: u32) -> Result<bool, StoreError> {
        self.inner.promote(projection, version).await
    }

    async fn drop_generation(&self, projection: &str, version: u32) -> Result<bool, StoreError> {
        let kept = Find {
            collection: gesta::store::generation_name(projection, version),
            conditions: vec![],
            order: None,
            descending: false,
            after: None,
            limit: 100,
        };
        let documents = self.inner.find_documents(&kept).await?;
        let dropped = self.inner.drop_generation(projection, version).await?;
        if self.makes(Mistake::HalfDropped) && dropped {
            let again = |found: Found| gesta::store::DocumentWrite {
                collection: kept.collection.clone(),
                key: found.document.key,
                body: found.document.body,
                indexes: vec![],
                revision: found.document.revision,
                expected: None,
            };
            let documents = documents.into_iter().map(again).collect();
            self.inner.commit(&Commit { documents, ..Commit::default() }).await?;
        }
        Ok(dropped)
    }

    async fn clear_collection(&self, collection: &str) -> Result<(), StoreError> {
        self.inner.clear_collection(collection).await
    }
}

#[async_trait]
impl Deliveries for Careless {
    async fn due_deliveries(
        &self,
        subscription: &str,
        shards: &[u16],
        limit: u64,
    ) -> Result<Vec<ParkedDelivery>, StoreError> {
        let mut due = self.inner.due_deliveries(subscription, shards, limit).await?;
        if self.makes(Mistake::HeadsReversed) {
            due.reverse();
        }
        if self.makes(Mistake::EverythingIsDue) {
            let states = vec![gesta::store::DeliveryState::Waiting];
            let subscription = Some(subscription.to_owned());
            let waiting = DeliveryFilter { subscription, states, ..DeliveryFilter::default() };
            due.extend(self.inner.list_deliveries(&waiting, limit).await?);
            due.dedup_by_key(|delivery| delivery.position);
        }
        Ok(due)
    }

    async fn parked_streams(&self, subscription: &str, shards: &[u16]) -> Result<Vec<StreamId>, StoreError> {
        self.inner.parked_streams(subscription, shards).await
    }

    async fn list_deliveries(
        &self,
        filter: &DeliveryFilter,
        limit: u64,
    ) -> Result<Vec<ParkedDelivery>, StoreError> {
        self.inner.list_deliveries(filter, limit).await
    }

    async fn decide_deliveries(
        &self,
        filter: &DeliveryFilter,
        action: &DeliveryAction,
        actor: &str,
        reason: &str,
    ) -> Result<u64, StoreError> {
        let decided = self.inner.decide_deliveries(filter, action, actor, reason).await?;
        let all = self.inner.list_deliveries(filter, 1_000).await?.len() as u64;
        Ok(if self.makes(Mistake::DecidedTwice) { all } else { decided })
    }
}

#[async_trait]
impl EventStore for Careless {
    async fn append(&self, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        match self.mistake {
            Mistake::DocumentsOfConflicts => {
                let bare = |append: &Append| Append { documents: vec![], ..append.clone() };
                let outcomes = self.inner.append(&batch.iter().map(bare).collect::<Vec<_>>()).await?;
                let documents = batch.iter().flat_map(|append| append.documents.clone()).collect();
                self.inner.commit(&Commit { documents, ..Commit::default() }).await?;
                Ok(outcomes)
            }
            Mistake::NoExpectations => {
                let mut batch = batch.to_vec();
                let documents = batch.iter_mut().flat_map(|append| &mut append.documents);
                documents.for_each(|document| document.expected = None);
                self.inner.append(&batch).await
            }
            _ => self.inner.append(batch).await,
        }
    }

    async fn read_stream(&self, read: &ReadStream, visit: StreamVisitor<'_>) -> Result<(), StoreError> {
        self.inner.read_stream(read, visit).await
    }

    async fn read_log(&self, read: &ReadLog, visit: LogVisitor<'_>) -> Result<Position, StoreError> {
        self.inner.read_log(read, visit).await
    }

    async fn last_position(&self) -> Result<Position, StoreError> {
        self.inner.last_position().await
    }

    async fn find_key(&self, key: &IdempotencyKey) -> Result<Option<(StreamId, Receipt)>, StoreError> {
        self.inner.find_key(key).await
    }

    async fn save_snapshot(&self, stream: &StreamId, snapshot: SnapshotRef<'_>) -> Result<(), StoreError> {
        self.inner.save_snapshot(stream, snapshot).await
    }

    fn read_side(&self) -> Option<&dyn ReadSide> {
        Some(self)
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

impl Fixture for Careless {
    const DURABLE: bool = false;

    async fn create() -> Self {
        Self { mistake: Mistake::NoTokens, inner: Memory::new() }
    }

    async fn open(&self) -> Store {
        Store::new(self.clone())
    }
}

macro_rules! mistakes_are_noticed {
    ($($name:ident: $mistake:ident fails $module:ident::$check:ident;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $name() {
                let careless = Careless { mistake: Mistake::$mistake, inner: Memory::new() };
                let subject = Subject::of(careless);
                let check = tokio::spawn(async move { contract::$module::$check(&subject).await });
                let noticed = check.await.is_err_and(|error| error.is_panic());
                assert!(noticed, "the check {} lets {:?} pass", stringify!($check), Mistake::$mistake);
            }
        )*
    };
}

mistakes_are_noticed! {
    no_tokens: NoTokens fails commits::another_token_is_refused;
    no_tokens_after_a_takeover: NoTokens fails leases::a_lease_that_has_run_out_is_taken;
    no_positions: NoPositions fails commits::another_position_is_refused;
    no_positions_in_a_race: NoPositions fails commits::one_of_many_commits_from_one_place_is_stored;
    leases_checked_first: LeasesCheckedFirst fails commits::one_lost_shard_refuses_everything;
    documents_first: DocumentsFirst fails commits::one_lost_shard_refuses_everything;
    documents_first_with_a_stale_token: DocumentsFirst fails commits::another_token_is_refused;
    document_by_document: DocumentByDocument fails commits::readers_see_a_commit_whole;
    no_expectations: NoExpectations fails commits::one_stale_document_refuses_everything;
    no_expectations_of_appends: NoExpectations fails inline::a_stale_document_is_a_conflict;
    no_expectations_in_a_race: NoExpectations fails inline::writers_of_one_document_take_turns;
    no_leases: NoLeases fails leases::a_lease_that_is_renewed_stays;
    no_shares: NoShares fails leases::shares_are_fair;
    polite_requests: PoliteRequests fails shards::a_paused_subscription_has_no_leases;
    heads_reversed: HeadsReversed fails deliveries::the_longest_due_comes_first;
    everything_is_due: EverythingIsDue fails deliveries::only_heads_are_due;
    last_attempt_wins: LastAttemptWins fails deliveries::only_the_next_attempt_replaces;
    last_attempt_wins_over_decisions: LastAttemptWins fails decisions::a_discarded_delivery_lets_the_others_pass;
    decided_twice: DecidedTwice fails decisions::decisions_reach_what_is_meant;
    pages_overlap: PagesOverlap fails finding::searches_find_what_there_is;
    ties_reversed: TiesReversed fails finding::searches_find_what_there_is;
    ties_reversed_in_pages: TiesReversed fails finding::pages_have_every_document_once;
    forgotten_deletions: ForgottenDeletions fails documents::a_deleted_document_may_be_remembered;
    documents_of_conflicts: DocumentsOfConflicts fails inline::a_conflict_writes_no_document;
    half_dropped: HalfDropped fails generations::a_generation_is_dropped_whole;
    endless_leases: EndlessLeases fails leases::a_lease_that_has_run_out_is_taken;
}

#[async_trait]
impl Sagas for Careless {
    async fn take_sagas(&self, take: TakeSagas<'_>) -> Result<TakenSagas, StoreError> {
        self.inner.take_sagas(take).await
    }

    async fn list_sagas(&self, filter: &SagaFilter, limit: u64) -> Result<Vec<SagaState>, StoreError> {
        self.inner.list_sagas(filter, limit).await
    }

    async fn count_sagas(&self) -> Result<Vec<(Arc<str>, SagaStatus, u64)>, StoreError> {
        self.inner.count_sagas().await
    }
    async fn oldest_sagas(&self) -> Result<Vec<(Arc<str>, gesta::domain::Timestamp)>, StoreError> {
        self.inner.oldest_sagas().await
    }
}

#[async_trait]
impl Timers for Careless {
    async fn due_timers(&self, category: &str, shards: &[u16], limit: u64) -> Result<DueTimers, StoreError> {
        self.inner.due_timers(category, shards, limit).await
    }

    async fn timers_of(&self, stream: &StreamId) -> Result<Vec<TimerState>, StoreError> {
        self.inner.timers_of(stream).await
    }
}
