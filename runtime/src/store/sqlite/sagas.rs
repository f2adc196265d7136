//! How sagas stand.

use async_trait::async_trait;

use super::Sqlite;
use crate::store::{
    DueTimers, SagaFilter, SagaState, SagaStatus, Sagas, StoreError, StreamId, TakeSagas, TakenSagas,
    TimerState, Timers,
};

const fn unsupported() -> StoreError {
    StoreError::Unsupported { store: "this store", what: "keep sagas and timers yet" }
}

#[async_trait]
impl Sagas for Sqlite {
    async fn take_sagas(&self, _: TakeSagas<'_>) -> Result<TakenSagas, StoreError> {
        Err(unsupported())
    }

    async fn list_sagas(&self, _: &SagaFilter, _: u64) -> Result<Vec<SagaState>, StoreError> {
        Err(unsupported())
    }

    async fn count_sagas(&self) -> Result<Vec<(std::sync::Arc<str>, SagaStatus, u64)>, StoreError> {
        Err(unsupported())
    }
}

#[async_trait]
impl Timers for Sqlite {
    async fn due_timers(&self, _: &str, _: &[u16], _: u64) -> Result<DueTimers, StoreError> {
        Err(unsupported())
    }

    async fn timers_of(&self, _: &StreamId) -> Result<Vec<TimerState>, StoreError> {
        Err(unsupported())
    }
}
