//! Short words for the checks of what runs over time.

use std::time::Duration;

use uuid::Uuid;

use super::{
    follow::{claim, declare, side, until},
    kit::*,
};
use crate::{
    domain::Timestamp,
    store::{
        Append, Due, Fence, Lease, Outcome, ProcessWrites, SagaFilter, SagaState, SagaStatus, SagaWrite,
        Store, StreamId, Suspicion, TakeSagas, TakenSagas, TimerState, TimerWrite,
    },
};

/// An hour: no check waits so long.
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

/// A time in the past, so many microseconds after 1970.
pub(super) fn past(micros: i64) -> Due {
    Due::At(Timestamp::from_micros(micros))
}

/// Two appends of which both are stored or neither.
pub(super) fn together(append: Append, other: Append) -> Append {
    Append { together: Some(Box::new(other)), ..append }
}

/// The same append with more beside its events.
pub(super) fn beside(mut append: Append, change: impl FnOnce(&mut ProcessWrites)) -> Append {
    change(append.process.get_or_insert_default());
    append
}

/// The same append under a lease.
pub(super) fn under(lease: &Lease, append: Append) -> Append {
    let Lease { subscription, shard, token, .. } = lease;
    let fence = Fence { subscription: subscription.clone(), shard: *shard, token: *token };
    beside(append, |process| process.fence = Some(fence))
}

/// The same append with an instance.
pub(super) fn with_saga(write: SagaWrite, append: Append) -> Append {
    beside(append, |process| process.saga = Some(write))
}

/// The same append that wakes instances of `order`.
pub(super) fn waking<const N: usize>(ids: [&str; N], append: Append) -> Append {
    let wakes = ids.map(|id| ("order".into(), id.to_owned()));
    beside(append, |process| process.wakes = wakes.into())
}

/// The same append with changes of its stream's timers.
pub(super) fn with_timers<const N: usize>(timers: [TimerWrite; N], append: Append) -> Append {
    beside(append, |process| process.timers = timers.into())
}

/// An instance of `order` in shard 0 that is due at once.
pub(super) fn running(id: &str) -> SagaWrite {
    SagaWrite {
        saga: "order".into(),
        id: id.to_owned(),
        shard: 0,
        status: SagaStatus::Running,
        step: None,
        attempts: 0,
        due: Some(Due::In(Duration::ZERO)),
        error: None,
        definition: (1, 7),
    }
}

/// The same in another status.
pub(super) fn being(status: SagaStatus, write: SagaWrite) -> SagaWrite {
    SagaWrite { status, ..write }
}

/// The same with another time.
pub(super) fn due_at(due: Due, write: SagaWrite) -> SagaWrite {
    SagaWrite { due: Some(due), ..write }
}

/// Stores how an instance stands, with an event of its stream.
pub(super) async fn stand(store: &Store, write: SagaWrite) {
    let stream = StreamId::new(&write.saga, &write.id);
    stored(store, with_saga(write, anywhere(&stream, ["x"]))).await;
}

/// Wakes instances of `order`, from a stream of no matter.
pub(super) async fn wake<const N: usize>(store: &Store, ids: [&str; N]) {
    stored(store, waking(ids, anywhere(&stream("alarm"), []))).await;
}

/// The question for all that is due in shard 0 of `order`.
pub(super) fn all_due() -> TakeSagas<'static> {
    TakeSagas {
        saga: "order",
        subscription: "order",
        shards: &[0],
        running: &[],
        limit: 1_000,
        suspicion: Suspicion::None,
    }
}

pub(super) async fn taken(store: &Store, take: TakeSagas<'_>) -> TakenSagas {
    side(store).take_sagas(take).await.expect("instances can be taken")
}

/// The shard goes to a new worker for a moment: whoever had it has not given it back.
pub(super) async fn lose_the_lease(store: &Store) {
    declare(store, "order", 1).await;
    let worker = Uuid::now_v7();
    let taken = async || {
        let holding = claim(store, worker, "order", Duration::from_millis(1)).await;
        (!holding.leases.is_empty()).then_some(())
    };
    until("the lease has run out", taken).await;
}

/// The instances that are taken, and how often that was done anew.
pub(super) async fn take(store: &Store, take: TakeSagas<'_>) -> Vec<(String, u32)> {
    taken(store, take).await.taken
}

/// The same without how often.
pub(super) async fn take_ids(store: &Store, question: TakeSagas<'_>) -> Vec<String> {
    take(store, question).await.into_iter().map(|(id, _)| id).collect()
}

pub(super) async fn list(store: &Store, filter: &SagaFilter) -> Vec<SagaState> {
    side(store).list_sagas(filter, 1_000_000).await.expect("instances can be listed")
}

/// How an instance of `order` stands.
pub(super) async fn instance(store: &Store, id: &str) -> Option<SagaState> {
    let filter = SagaFilter { saga: Some("order".into()), id: Some(id.to_owned()), ..SagaFilter::default() };
    let mut found = list(store, &filter).await;
    assert!(found.len() <= 1, "an instance is there once");
    found.pop()
}

/// A timer of shard 0.
pub(super) fn arm(name: &str, armed: u64, due: Due) -> TimerWrite {
    TimerWrite::Arm { name: name.into(), armed, shard: 0, due }
}

pub(super) fn disarm(name: &str, armed: Option<u64>) -> TimerWrite {
    TimerWrite::Disarm { name: name.into(), armed }
}

pub(super) async fn timers(store: &Store, stream: &StreamId) -> Vec<TimerState> {
    side(store).timers_of(stream).await.expect("the timers of a stream can be read")
}

/// The names and numbers of a stream's timers.
pub(super) async fn timer_names(store: &Store, stream: &StreamId) -> Vec<(String, u64)> {
    timers(store, stream).await.into_iter().map(|timer| (timer.name.to_string(), timer.armed)).collect()
}

/// The time by the clock of the database.
pub(super) async fn clock(store: &Store) -> Timestamp {
    side(store).now().await.expect("the clock can be read")
}

/// That an append was refused because of another one.
#[track_caller]
pub(super) fn is_apart(outcome: &Outcome, other: &StreamId, why: &Outcome) {
    let expected = Outcome::Apart { stream: other.clone(), outcome: Box::new(why.clone()) };
    assert_eq!(*outcome, expected);
}

#[track_caller]
pub(super) fn is_stored(outcome: &Outcome) {
    receipt(outcome);
}

pub(super) const fn conflict(actual: u64) -> Outcome {
    Outcome::Conflict { actual }
}

pub(super) fn fenced(subscription: &str, shard: u16) -> Outcome {
    Outcome::Fenced { subscription: subscription.to_owned(), shard }
}
