//! The rules about instances of sagas, and about when something is due.

use std::time::Duration;

use super::later;
use crate::{
    domain::Timestamp,
    store::{Due, SagaFilter, SagaState, SagaWrite, storable},
};

/// The moment that is meant; the end of time for what lies beyond it.
pub(crate) fn due_at(due: Due, now: Timestamp) -> Timestamp {
    match due {
        Due::In(after) => later(now, after),
        Due::At(time) => time,
    }
}

/// How long it is until then; nothing where that is past.
pub(crate) fn until(then: Timestamp, now: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(then.as_micros().saturating_sub(now.as_micros())).unwrap_or_default())
}

/// How an instance stands once this is written.
pub(crate) fn stands(write: &SagaWrite, known: Option<&SagaState>, now: Timestamp) -> SagaState {
    SagaState {
        saga: write.saga.clone(),
        id: write.id.clone(),
        shard: known.map_or(write.shard, |known| known.shard),
        status: write.status,
        step: write.step.clone(),
        attempts: write.attempts,
        taken: 0,
        due_at: write.due.filter(|_| write.status.is_active()).map(|due| due_at(due, now)),
        error: write.error.as_deref().map(storable),
        definition: write.definition,
        started_at: known.map_or(now, |known| known.started_at),
        updated_at: now,
    }
}

/// How often an instance was taken anew, and how many leases of its shard were lost by now, once it is taken again.
/// `seen` is how many those were when it was taken last, if it was since it has come further.
pub(crate) fn taken_anew(taken: u32, seen: Option<u64>, lost: u64) -> (u32, u64) {
    let anew = seen.is_some_and(|seen| seen < lost);
    (taken.saturating_add(u32::from(anew)), lost.max(seen.unwrap_or_default()))
}

/// Whether an instance is meant.
pub(crate) fn fits(state: &SagaState, filter: &SagaFilter) -> bool {
    let SagaFilter { saga, id, status, step, error, started_before, updated_before, after } = filter;
    saga.as_ref().is_none_or(|wanted| **wanted == *state.saga)
        && id.as_ref().is_none_or(|wanted| *wanted == state.id)
        && (status.is_empty() || status.contains(&state.status))
        && step.as_ref().is_none_or(|wanted| Some(wanted) == state.step.as_ref())
        && error.as_ref().is_none_or(|text| state.error.as_ref().is_some_and(|error| error.contains(text)))
        && started_before.is_none_or(|before| state.started_at < before)
        && updated_before.is_none_or(|before| state.updated_at < before)
        && after.as_ref().is_none_or(|(saga, id)| (&*state.saga, &*state.id) > (saga, id))
}
