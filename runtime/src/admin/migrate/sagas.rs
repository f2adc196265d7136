//! How the instances of sagas stand. What they have done is in their streams.

use std::sync::Arc;

use super::{MigrateError, append_all, side};
use crate::store::{Append, Due, Expected, ProcessWrites, SagaFilter, SagaState, SagaWrite, Store};

/// So many instances are copied at once.
const PAGE: u64 = 500;

/// Lists in the target the instances of the source: when they are due stays the same moment. What is there already is
/// replaced.
pub(super) async fn copy(from: &Store, to: &Store) -> Result<(), MigrateError> {
    let mut source = Instances::of(from);
    while let Some(page) = source.next().await? {
        append_all(to, page.iter().map(append).collect()).await?;
    }
    Ok(())
}

/// Refuses any difference between the instances of both: how many there are, and how many have not ended.
pub(super) async fn compare(from: &Store, to: &Store) -> Result<(u64, u64), MigrateError> {
    let (mut source, mut target) = (Instances::of(from), Instances::of(to));
    let (mut count, mut unfinished) = (0, 0);
    loop {
        let (wanted, found) = (source.next().await?, target.next().await?);
        if wanted.is_none() && found.is_none() {
            return Ok((count, unfinished));
        }
        let (wanted, found) = (wanted.unwrap_or_default(), found.unwrap_or_default());
        for index in 0..wanted.len().max(found.len()) {
            let (wanted, found) = (wanted.get(index).map(standing), found.get(index).map(standing));
            if wanted != found {
                return Err(different(wanted.as_ref(), found.as_ref()));
            }
            count += 1;
            unfinished += u64::from(wanted.is_some_and(|wanted| !wanted.status.has_ended()));
        }
    }
}

fn append(state: &SagaState) -> Append {
    let mut append = Append::new(state.stream(), Expected::Any, Vec::new());
    let saga = standing(state);
    append.process = Some(Box::new(ProcessWrites { saga: Some(saga), ..ProcessWrites::default() }));
    append
}

/// What both must have the same. When it was stored, and how often it was taken anew, begins again.
fn standing(state: &SagaState) -> SagaWrite {
    SagaWrite {
        saga: Arc::clone(&state.saga),
        id: state.id.clone(),
        shard: state.shard,
        status: state.status,
        step: state.step.clone(),
        attempts: state.attempts,
        due: state.due_at.filter(|_| state.status.is_active()).map(Due::At),
        error: state.error.clone(),
        definition: state.definition,
    }
}

fn different(wanted: Option<&SagaWrite>, found: Option<&SagaWrite>) -> MigrateError {
    let what = wanted.or(found).map(|saga| format!("the saga `{}` {}", saga.saga, saga.id));
    let difference = match (wanted, found) {
        (_, None) => "the copy does not list it".to_owned(),
        (None, _) => "the source does not list it".to_owned(),
        (Some(wanted), Some(found)) => format!("it is {wanted:?}, and the copy has {found:?}"),
    };
    MigrateError::DifferentBeside { what: what.unwrap_or_default(), difference }
}

/// All instances of a store, page by page.
struct Instances<'s> {
    store: &'s Store,
    filter: SagaFilter,
    ended: bool,
}

impl<'s> Instances<'s> {
    fn of(store: &'s Store) -> Self {
        Self { store, filter: SagaFilter::default(), ended: false }
    }

    async fn next(&mut self) -> Result<Option<Vec<SagaState>>, MigrateError> {
        if self.ended {
            return Ok(None);
        }
        let page = side(self.store)?.list_sagas(&self.filter, PAGE).await?;
        self.ended = (page.len() as u64) < PAGE;
        self.filter.after = page.last().map(|state| (state.saga.to_string(), state.id.clone()));
        Ok(Some(page))
    }
}
