//! How the sagas of a store stand.

use std::{collections::BTreeMap, time::Duration};

use super::SagaNumbers;
use crate::store::{SagaFilter, SagaStatus, Store, StoreError};

/// The reasons of so many parked instances are looked at.
const MOST: u64 = 1_000;

/// By the name of the saga; none for a store that keeps no sagas.
pub(super) async fn of(store: &Store) -> Result<BTreeMap<String, SagaNumbers>, StoreError> {
    let mut sagas: BTreeMap<String, SagaNumbers> = BTreeMap::new();
    let Some(port) = store.port().read_side() else { return Ok(sagas) };
    for (saga, status, count) in port.count_sagas().await? {
        let numbers = sagas.entry(saga.to_string()).or_default();
        numbers.started += count;
        *place(numbers, status) += count;
    }
    let now = port.now().await?;
    for (saga, started_at) in port.oldest_sagas().await? {
        let micros = now.as_micros().saturating_sub(started_at.as_micros());
        let age = Duration::from_micros(u64::try_from(micros).unwrap_or(0));
        sagas.entry(saga.to_string()).or_default().oldest = Some(age);
    }
    if sagas.values().any(|numbers| numbers.parked > 0) {
        let filter = SagaFilter { status: vec![SagaStatus::Parked], ..SagaFilter::default() };
        for state in port.list_sagas(&filter, MOST).await? {
            let reasons = &mut sagas.entry(state.saga.to_string()).or_default().parked_by_reason;
            *reasons.entry(state.error.unwrap_or_default()).or_default() += 1;
        }
    }
    Ok(sagas)
}

const fn place(numbers: &mut SagaNumbers, status: SagaStatus) -> &mut u64 {
    match status {
        SagaStatus::Running => &mut numbers.running,
        SagaStatus::Compensating => &mut numbers.compensating,
        SagaStatus::Parked => &mut numbers.parked,
        SagaStatus::Completed => &mut numbers.completed,
        SagaStatus::Compensated => &mut numbers.compensated,
        SagaStatus::Abandoned => &mut numbers.abandoned,
    }
}
