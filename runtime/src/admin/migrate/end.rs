//! What stands beside the events.

use std::{collections::BTreeMap, sync::Arc};

use super::MigrateError;
use crate::{
    domain::Position,
    store::{
        Append, DeliveryFilter, Expected, Find, Outcome, ProcessWrites, ReadSide, SagaFilter, SagaWrite,
        Store, StoreError, SubscriptionState,
    },
};

/// So many sagas are looked at together.
const PAGE: u64 = 500;

/// Refuses what could not go on in a copy, and a target that is in use.
pub(super) async fn check(from: &Store, to: &Store) -> Result<(), MigrateError> {
    let same = Arc::ptr_eq(from.port(), to.port())
        || from.port().location().is_some_and(|location| to.port().location() == Some(location));
    if same {
        return Err(MigrateError::SameStore);
    }
    if let Some(fleet) = to.port().fleet() {
        let running = fleet.survey(&[]).await?.running;
        if !running.is_empty() {
            let releases: Vec<_> = running.iter().map(|running| running.member.release.as_str()).collect();
            return Err(MigrateError::TargetInUse { releases: releases.join(", ") });
        }
    }
    let what = unfinished(side(from)?).await?;
    if what.is_empty() { Ok(()) } else { Err(MigrateError::Unfinished { what }) }
}

async fn unfinished(side: &dyn ReadSide) -> Result<Vec<String>, MigrateError> {
    let mut what = Vec::new();
    for (saga, status, count) in side.count_sagas().await? {
        if !status.has_ended() && count > 0 {
            what.push(format!("{count} of the saga `{saga}` {}", status.name()));
        }
    }
    let parked = side.list_deliveries(&DeliveryFilter::default(), 1).await?;
    if let Some(delivery) = parked.first() {
        what.push(format!("`{}` has deliveries that are parked", delivery.subscription));
    }
    // Process managers and schedules keep what they are at in documents, in collections called like their
    // subscriptions.
    for found in side.subscriptions(None).await? {
        let keeps = &*found.name == "schedule" || found.name.starts_with("process.");
        if keeps && side.count_documents(&everything(&found.name)).await? > 0 {
            what.push(format!("`{}` has instances", found.name));
        }
    }
    Ok(what)
}

fn everything(collection: &Arc<str>) -> Find {
    let collection = Arc::clone(collection);
    Find { collection, conditions: Vec::new(), order: None, descending: false, after: None, limit: 1 }
}

/// The subscriptions that go on: not those of projections, whose documents are made anew.
pub(super) async fn subscriptions(from: &Store) -> Result<Vec<SubscriptionState>, MigrateError> {
    let mut found = side(from)?.subscriptions(None).await?;
    found.retain(|found| !is_generation(&found.name));
    Ok(found)
}

/// `balance@2`
fn is_generation(name: &str) -> bool {
    name.rsplit_once('@').is_some_and(|(_, version)| version.parse::<u32>().is_ok())
}

/// Declares the subscriptions where they have come to. Where shards have come to different places, all of them go on at
/// the first.
pub(super) async fn go_on(
    to: &Store,
    subscriptions: &[SubscriptionState],
    places: &BTreeMap<Position, Position>,
) -> Result<Vec<String>, MigrateError> {
    let side = side(to)?;
    let mut names = Vec::new();
    for found in subscriptions {
        let place = places.get(&found.position()).copied().unwrap_or_default();
        let shards = u16::try_from(found.shards.len()).unwrap_or(u16::MAX);
        side.declare(&found.name, shards, place).await?;
        side.reset(&found.name, place).await?;
        if found.paused {
            side.set_paused(&found.name, true).await?;
        }
        names.push(found.name.to_string());
    }
    Ok(names)
}

/// Lists the sagas that have ended in the target as well.
pub(super) async fn copy_sagas(from: &Store, to: &Store) -> Result<u64, MigrateError> {
    let (mut filter, mut count) = (SagaFilter::default(), 0);
    loop {
        let page = side(from)?.list_sagas(&filter, PAGE).await?;
        let mut batch = Vec::new();
        for state in &page {
            let mut append = Append::new(state.stream(), Expected::Any, Vec::new());
            append.process = Some(Box::new(ProcessWrites {
                saga: Some(SagaWrite {
                    saga: Arc::clone(&state.saga),
                    id: state.id.clone(),
                    shard: state.shard,
                    status: state.status,
                    step: state.step.clone(),
                    attempts: state.attempts,
                    due: None,
                    error: state.error.clone(),
                    definition: state.definition,
                }),
                ..ProcessWrites::default()
            }));
            batch.push(append);
        }
        if batch.is_empty() {
            return Ok(count);
        }
        for (append, outcome) in batch.iter().zip(to.port().append(&batch).await?) {
            if !matches!(outcome, Outcome::Appended(_)) {
                return Err(MigrateError::Refused {
                    stream: append.stream.clone(),
                    outcome: Box::new(outcome),
                });
            }
        }
        count += page.len() as u64;
        filter.after = page.last().map(|state| (state.saga.to_string(), state.id.clone()));
    }
}

fn side(store: &Store) -> Result<&dyn ReadSide, MigrateError> {
    let unsupported = StoreError::Unsupported { store: "this store", what: "be copied" };
    store.port().read_side().ok_or(MigrateError::Store(unsupported))
}
