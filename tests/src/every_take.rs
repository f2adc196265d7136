use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use gesta::store::{
    Append, EventStore, Outcome, ReadSide, Store, StoreError, Suspicion, TakeSagas, TakenSagas,
};

use crate::altered::{Alteration, Altered};

/// A store in which every time counts that an instance is taken without having come further, whether or not a lease was
/// lost with it.
#[derive(Debug, Default)]
pub struct EveryTake(Mutex<HashMap<String, u32>>);

impl EveryTake {
    /// Counts every time.
    pub fn of(store: Store) -> Store {
        Store::new(Altered::new(store, Self::default()))
    }

    fn counts<T>(&self, change: impl FnOnce(&mut HashMap<String, u32>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Alteration for EveryTake {
    async fn append(&self, inner: &dyn EventStore, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        let outcomes = inner.append(batch).await?;
        for (append, outcome) in batch.iter().zip(&outcomes) {
            let parts = [Some(append), append.together.as_deref()];
            let sagas = parts.into_iter().flatten().filter_map(|part| part.process.as_ref()?.saga.as_ref());
            if matches!(outcome, Outcome::Appended(_)) {
                self.counts(|counts| counts.retain(|id, _| sagas.clone().all(|saga| saga.id != *id)));
            }
        }
        Ok(outcomes)
    }

    async fn take_sagas(&self, inner: &dyn ReadSide, take: TakeSagas<'_>) -> Result<TakenSagas, StoreError> {
        let all = TakeSagas { limit: u64::MAX, suspicion: Suspicion::None, ..take };
        let mut found = inner.take_sagas(all).await?;
        self.counts(|counts| {
            let of = |id: &String| Suspicion::of(counts.get(id).copied().unwrap_or_default());
            found.taken.retain(|(id, _)| of(id) == take.suspicion);
            found.taken.truncate(usize::try_from(take.limit).unwrap_or(usize::MAX));
            for (id, taken) in &mut found.taken {
                let count = counts.entry(id.clone()).or_default();
                *count += 1;
                *taken = *count;
            }
        });
        Ok(found)
    }
}
