//! How instances of sagas stand.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use async_trait::async_trait;

use super::{Memory, State};
use crate::{
    domain::Timestamp,
    store::{
        ProcessWrites, SagaFilter, SagaState, SagaStatus, SagaWrite, Sagas, StoreError, Suspicion, TakeSagas,
        TakenSagas,
        resolve::{Roster, fits, stands, taken_anew, until},
    },
};

/// The instances of all sagas.
#[derive(Default)]
pub(super) struct SagaBook(BTreeMap<Arc<str>, Instances>);

/// The instances of one saga.
#[derive(Default)]
struct Instances {
    states: BTreeMap<String, SagaState>,
    /// Those that are due at some time.
    due: BTreeSet<(Timestamp, String)>,
    /// How many leases of its shard were lost when an instance was taken last, since it has come further.
    seen: HashMap<String, u64>,
}

impl SagaBook {
    pub(super) fn write(&mut self, writes: &ProcessWrites, now: Timestamp) {
        if let Some(write) = &writes.saga {
            self.0.entry(Arc::clone(&write.saga)).or_default().write(write, now);
        }
        for (saga, id) in &writes.wakes {
            if let Some(instances) = self.0.get_mut(saga) {
                instances.wake(id, now);
            }
        }
    }

    /// The definitions of those instances of a saga that are due at some time.
    pub(super) fn definitions_to_look_at(&self, saga: &str) -> impl Iterator<Item = (u16, u64)> {
        let instances = self.0.get(saga).into_iter();
        instances
            .flat_map(|all| all.due.iter().filter_map(|(_, id)| all.states.get(id)))
            .map(|it| it.definition)
    }

    fn all(&self) -> impl Iterator<Item = &SagaState> {
        self.0.values().flat_map(|instances| instances.states.values())
    }
}

impl Instances {
    fn write(&mut self, write: &SagaWrite, now: Timestamp) {
        let known = self.states.get(&write.id);
        let state = stands(write, known, now);
        self.seen.remove(&write.id);
        self.put(state);
    }

    fn wake(&mut self, id: &str, now: Timestamp) {
        if let Some(state) = self.states.get(id)
            && state.status.is_active()
            && state.due_at.is_none_or(|due| due > now)
        {
            let woken = SagaState { due_at: Some(now), ..state.clone() };
            self.put(woken);
        }
    }

    fn put(&mut self, state: SagaState) {
        let id = state.id.clone();
        if let Some(due) = self.states.get(&id).and_then(|known| known.due_at) {
            self.due.remove(&(due, id.clone()));
        }
        self.due.extend(state.due_at.map(|due| (due, id.clone())));
        self.states.insert(id, state);
    }

    /// Those in some shards that are due by a time, the longest due first.
    fn due_by<'s>(&'s self, now: Timestamp, shards: &'s [u16]) -> impl Iterator<Item = &'s SagaState> {
        let due = self.due.iter().take_while(move |(due, _)| *due <= now);
        due.filter_map(|(_, id)| self.states.get(id)).filter(|state| shards.contains(&state.shard))
    }

    /// When the next one in some shards is due after a time.
    fn next_after(&self, now: Timestamp, shards: &[u16]) -> Option<Timestamp> {
        let after = (Timestamp::from_micros(now.as_micros().checked_add(1)?), String::new());
        let mut later = self.due.range(after..);
        let own = |id| self.states.get(id).is_some_and(|state| shards.contains(&state.shard));
        later.find(|(_, id)| own(id)).map(|(due, _)| *due)
    }

    fn take(&mut self, take: TakeSagas<'_>, roster: Option<&Roster>, now: Timestamp) -> TakenSagas {
        let wanted = |state: &&SagaState| {
            Suspicion::of(state.taken) == take.suspicion && !take.running.contains(&state.id)
        };
        let limit = usize::try_from(take.limit).unwrap_or(usize::MAX);
        let due = self.due_by(now, take.shards).filter(wanted).take(limit);
        let ids: Vec<String> = due.map(|state| state.id.clone()).collect();
        let next = self.next_after(now, take.shards).map(|due| until(due, now));
        let mut count = |id: String| {
            let Some(state) = self.states.get_mut(&id) else { return (id, 0) };
            let place = roster.and_then(|roster| roster.shards.get(usize::from(state.shard)));
            let lost = place.map_or(0, |place| place.lost);
            let (taken, lost) = taken_anew(state.taken, self.seen.get(&id).copied(), lost);
            state.taken = taken;
            self.seen.insert(id.clone(), lost);
            (id, taken)
        };
        TakenSagas { taken: ids.into_iter().map(&mut count).collect(), next }
    }
}

#[async_trait]
impl Sagas for Memory {
    async fn take_sagas(&self, take: TakeSagas<'_>) -> Result<TakenSagas, StoreError> {
        let mut state = self.open()?;
        let now = self.clock.now();
        let State { sagas, subscriptions, .. } = &mut *state;
        let roster = subscriptions.get(take.subscription);
        let instances = sagas.0.get_mut(take.saga);
        Ok(instances.map_or_else(TakenSagas::default, |instances| instances.take(take, roster, now)))
    }

    async fn list_sagas(&self, filter: &SagaFilter, limit: u64) -> Result<Vec<SagaState>, StoreError> {
        let state = self.open()?;
        let fitting = state.sagas.all().filter(|state| fits(state, filter));
        Ok(fitting.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn count_sagas(&self) -> Result<Vec<(Arc<str>, SagaStatus, u64)>, StoreError> {
        let state = self.open()?;
        let mut counts = BTreeMap::new();
        for instance in state.sagas.all() {
            *counts.entry((Arc::clone(&instance.saga), instance.status)).or_insert(0) += 1;
        }
        Ok(counts.into_iter().map(|((saga, status), count)| (saga, status, count)).collect())
    }

    async fn oldest_sagas(&self) -> Result<Vec<(Arc<str>, Timestamp)>, StoreError> {
        let state = self.open()?;
        let mut oldest = BTreeMap::new();
        for instance in state.sagas.all().filter(|instance| !instance.status.has_ended()) {
            let first = oldest.entry(Arc::clone(&instance.saga)).or_insert(instance.started_at);
            *first = (*first).min(instance.started_at);
        }
        Ok(oldest.into_iter().collect())
    }
}
