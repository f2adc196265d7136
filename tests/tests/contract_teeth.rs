//! The contract has teeth: stores with well-known mistakes fail it.
//!
//! Each mistake is made in a store that is right otherwise, and the check that is there for it must notice.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    ops::ControlFlow,
    path::Path,
    sync::Arc,
};

use async_trait::async_trait;
use gesta::{
    domain::{IdempotencyKey, Position, Receipt},
    store::{
        Append, EventRef, EventStore, Expected, Item, LogEventRef, LogVisitor, Memory, NewEvent, Outcome,
        ReadLog, ReadStream, SnapshotRef, Store, StoreError, StreamId, StreamVisitor,
    },
    testing::contract::{self, Fixture, Subject},
};
use tokio::{sync::Mutex, task::yield_now};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    /// Positions become visible in another order than they are given, and readers go on from the greatest.
    LateCommits,
    /// The log is sorted by something that is not the order within a stream.
    SwappedNeighbours,
    /// Readers go on from the end of the log instead of the last event that they were given.
    CheckpointAtTheEnd,
    /// Keys are not kept.
    ForgottenKeys,
    /// Keys are looked up before the append and kept after it.
    KeysCheckedFirst,
    /// Receipts are given before anything is stored.
    EarlyReceipts,
    /// Events are stored one by one.
    EventByEvent,
    /// Appends of a batch do not know of each other.
    NoChains,
    /// Whoever writes last wins.
    NoExpectations,
    /// Payloads are kept as text.
    PayloadsAsText,
    /// The state of any shape is given to every reader.
    AnySnapshot,
    /// `close` does nothing.
    NeverClosed,
    /// All databases have one name.
    OneName,
}

/// A store that makes one mistake.
#[derive(Clone, Debug)]
struct Naive {
    mistake: Mistake,
    inner: Memory,
    /// Where receipts come from that are given too early.
    shadow: Memory,
    hidden: Arc<Mutex<BTreeSet<Position>>>,
    keys: Arc<Mutex<HashMap<IdempotencyKey, (StreamId, Receipt)>>>,
    fingerprint: Arc<Mutex<Option<u64>>>,
}

impl Naive {
    fn new(mistake: Mistake) -> Self {
        Self {
            mistake,
            inner: Memory::new(),
            shadow: Memory::new(),
            hidden: Arc::default(),
            keys: Arc::default(),
            fingerprint: Arc::default(),
        }
    }

    async fn append_late(&self, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        let mut hidden = self.hidden.lock().await;
        let outcomes = self.inner.append(batch).await?;
        let mine: Vec<Position> = outcomes
            .iter()
            .filter_map(|outcome| match outcome {
                Outcome::Appended(receipt) if receipt.position.raw() % 2 == 0 => Some(receipt.position),
                _ => None,
            })
            .collect();
        hidden.extend(&mine);
        drop(hidden);
        for _ in 0..20 {
            yield_now().await;
        }
        let mut hidden = self.hidden.lock().await;
        hidden.retain(|position| !mine.contains(position));
        Ok(outcomes)
    }

    async fn append_after_looking(&self, append: &Append) -> Result<Outcome, StoreError> {
        let Some(key) = append.key.clone() else { return self.append_plainly(append).await };
        let known = self.keys.lock().await.get(&key).cloned();
        match known {
            Some((stream, receipt)) if stream == append.stream => Ok(Outcome::Duplicate(receipt)),
            Some((first, _)) => Ok(Outcome::KeyReused { first }),
            None => {
                yield_now().await;
                let outcome = self.append_plainly(append).await?;
                if let Outcome::Appended(receipt) = outcome {
                    self.keys.lock().await.insert(key, (append.stream.clone(), receipt));
                }
                Ok(outcome)
            }
        }
    }

    async fn append_plainly(&self, append: &Append) -> Result<Outcome, StoreError> {
        Ok(self.inner.append(&[Append { key: None, ..append.clone() }]).await?.remove(0))
    }

    async fn append_event_by_event(&self, append: &Append) -> Result<Outcome, StoreError> {
        let mut outcome = self.inner.append(&[Append { events: vec![], ..append.clone() }]).await?.remove(0);
        for event in &append.events {
            yield_now().await;
            let one =
                Append { expected: Expected::Any, key: None, events: vec![event.clone()], ..append.clone() };
            if let Outcome::Appended(_) = outcome {
                outcome = self.inner.append(&[one]).await?.remove(0);
            }
        }
        Ok(outcome)
    }
}

#[async_trait]
impl EventStore for Naive {
    async fn append(&self, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        let changed = |change: fn(Append) -> Append| batch.iter().cloned().map(change).collect::<Vec<_>>();
        match self.mistake {
            Mistake::LateCommits => self.append_late(batch).await,
            Mistake::ForgottenKeys => {
                self.inner.append(&changed(|append| Append { key: None, ..append })).await
            }
            Mistake::NoExpectations => {
                self.inner.append(&changed(|append| Append { expected: Expected::Any, ..append })).await
            }
            Mistake::PayloadsAsText => {
                let text = |event: NewEvent| {
                    let payload = String::from_utf8_lossy(&event.payload).into_owned().into();
                    NewEvent { payload, ..event }
                };
                let change = |append: &Append| {
                    let events = append.events.iter().cloned().map(text).collect();
                    Append { events, ..append.clone() }
                };
                self.inner.append(&batch.iter().map(change).collect::<Vec<_>>()).await
            }
            Mistake::EarlyReceipts => {
                let (inner, later) = (self.inner.clone(), batch.to_vec());
                let outcomes = self.shadow.append(batch).await?;
                tokio::spawn(async move {
                    yield_now().await;
                    inner.append(&later).await
                });
                Ok(outcomes)
            }
            Mistake::KeysCheckedFirst | Mistake::EventByEvent | Mistake::NoChains => {
                let mut outcomes = Vec::new();
                for append in batch {
                    outcomes.push(match self.mistake {
                        Mistake::KeysCheckedFirst => self.append_after_looking(append).await?,
                        Mistake::EventByEvent => self.append_event_by_event(append).await?,
                        _ => self.inner.append(std::slice::from_ref(append)).await?.remove(0),
                    });
                }
                Ok(outcomes)
            }
            _ => self.inner.append(batch).await,
        }
    }

    async fn read_stream(&self, read: &ReadStream, visit: StreamVisitor<'_>) -> Result<(), StoreError> {
        let snapshot = match (self.mistake, read.snapshot) {
            (Mistake::AnySnapshot, Some(_)) => *self.fingerprint.lock().await,
            (_, asked) => asked,
        };
        let mut visit = |item: Item<'_>| match item {
            Item::Snapshot(state) => visit(Item::Snapshot(state)),
            Item::Event(event) => visit(Item::Event(event)),
        };
        self.inner.read_stream(&ReadStream { snapshot, ..read.clone() }, &mut visit).await
    }

    async fn read_log(&self, read: &ReadLog, visit: LogVisitor<'_>) -> Result<Position, StoreError> {
        let hidden = self.hidden.lock().await;
        let mut last = read.after;
        let mut waiting: Option<(StreamId, Position, u64, Vec<u8>)> = None;
        let swap = self.mistake == Mistake::SwappedNeighbours;
        let mut see = |event: LogEventRef<'_>| {
            if hidden.contains(&event.event.position) {
                return ControlFlow::Continue(());
            }
            last = event.event.position;
            if swap && waiting.is_none() && event.event.position.raw() % 2 == 1 {
                let EventRef { position, version, payload, .. } = event.event;
                waiting = Some((event.stream.clone(), position, version, payload.to_vec()));
                return ControlFlow::Continue(());
            }
            let flow = visit(event);
            match waiting.take() {
                Some((stream, position, version, payload)) if flow.is_continue() => {
                    let event = EventRef { position, version, payload: &payload, ..event.event };
                    visit(LogEventRef { stream: &stream, event })
                }
                _ => flow,
            }
        };
        self.inner.read_log(read, &mut see).await?;
        if self.mistake == Mistake::CheckpointAtTheEnd { self.inner.last_position().await } else { Ok(last) }
    }

    async fn last_position(&self) -> Result<Position, StoreError> {
        self.inner.last_position().await
    }

    async fn find_key(&self, key: &IdempotencyKey) -> Result<Option<(StreamId, Receipt)>, StoreError> {
        self.inner.find_key(key).await
    }

    async fn save_snapshot(&self, stream: &StreamId, snapshot: SnapshotRef<'_>) -> Result<(), StoreError> {
        *self.fingerprint.lock().await = Some(snapshot.fingerprint);
        self.inner.save_snapshot(stream, snapshot).await
    }

    fn location(&self) -> Option<String> {
        if self.mistake == Mistake::OneName { Some("naive".to_owned()) } else { self.inner.location() }
    }

    async fn close(&self) {
        if self.mistake != Mistake::NeverClosed {
            self.inner.close().await;
        }
    }
}

impl Fixture for Naive {
    const DURABLE: bool = false;

    async fn create() -> Self {
        Self::new(Mistake::OneName)
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
                let subject = Subject::of(Naive::new(Mistake::$mistake));
                let check = tokio::spawn(async move { contract::$module::$check(&subject).await });
                let noticed = check.await.is_err_and(|error| error.is_panic());
                assert!(noticed, "the check {} lets {:?} pass", stringify!($check), Mistake::$mistake);
            }
        )*
    };
}

mistakes_are_noticed! {
    late_commits_of_batches: LateCommits fails log_order::a_follower_misses_nothing_and_sees_streams_in_order;
    late_commits_of_single_appends: LateCommits fails log_order::a_follower_of_single_appends_misses_nothing;
    swapped_neighbours: SwappedNeighbours fails log_order::a_follower_misses_nothing_and_sees_streams_in_order;
    swapped_neighbours_at_rest: SwappedNeighbours fails log::every_page_size_gives_the_same_log;
    a_checkpoint_at_the_end: CheckpointAtTheEnd fails log_order::a_follower_misses_nothing_and_sees_streams_in_order;
    forgotten_keys: ForgottenKeys fails keys::a_key_given_again_returns_the_first_receipt;
    forgotten_keys_of_others: ForgottenKeys fails keys::a_key_is_refused_for_another_stream;
    forgotten_keys_of_dropped_appends: ForgottenKeys fails dropped::dropped_appends_are_all_or_nothing;
    keys_checked_first_by_many: KeysCheckedFirst fails key_races::one_of_many_calls_with_a_key_is_stored;
    keys_checked_first_by_two: KeysCheckedFirst fails key_races::one_of_two_streams_gets_a_key;
    keys_checked_first_by_retries: KeysCheckedFirst fails key_races::retried_keys_store_once_each;
    early_receipts: EarlyReceipts fails log::what_is_acknowledged_is_in_the_log;
    event_by_event_while_others_read: EventByEvent fails versions::readers_see_an_append_whole_or_not_at_all;
    event_by_event_and_dropped: EventByEvent fails dropped::dropped_appends_are_all_or_nothing;
    no_chains_after_a_conflict: NoChains fails chains::a_conflict_breaks_the_rest_of_its_stream_only;
    no_chains_after_a_repeated_key: NoChains fails chains::a_repeated_key_breaks_the_rest_of_its_stream;
    no_chains_after_a_reused_key: NoChains fails chains::a_reused_key_breaks_the_rest_of_its_stream;
    no_expectations: NoExpectations fails versions::a_wrong_expectation_is_a_conflict_and_stores_nothing;
    payloads_as_text: PayloadsAsText fails content::payloads_are_kept_byte_for_byte;
    any_snapshot: AnySnapshot fails snapshots::a_snapshot_of_another_shape_is_not_visited;
    never_closed: NeverClosed fails lifetime::a_closed_store_says_so;
    one_name: OneName fails lifetime::a_database_has_one_name;
}

/// A check that nobody runs is none: every public function of the contract stands in its macro.
#[test]
fn every_check_of_the_contract_is_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src/testing/contract");
    let listed = fs::read_to_string(folder.join("macros.rs")).unwrap();
    let mut checks = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        for name in source.split("\npub async fn ").skip(1).filter_map(|rest| rest.split('<').next()) {
            checks += 1;
            assert!(
                listed.contains(&format!(" {name}\n")),
                "{name} of {} is not in macros.rs",
                path.display()
            );
        }
    }
    assert!(checks >= 50, "only {checks} checks were found");
}
