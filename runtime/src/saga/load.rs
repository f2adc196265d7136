//! An instance out of the store.

use std::ops::ControlFlow;

use super::{
    Completed, Outputs, SagaOutcome, StepInfo,
    any::Definition,
    event::{Receipts, SagaEvent},
    progress::Progress,
};
use crate::{
    codec::{decode_meta, encode_json},
    domain::{IdempotencyKey, Meta, Receipt},
    store::{EventStore, Item, ReadSide, ReadStream, Store, StoreError, StreamId},
};

/// The part of a store that sagas need.
///
/// # Errors
/// [`StoreError::Unsupported`] where it has none.
pub(super) fn side(store: &Store) -> Result<&dyn ReadSide, StoreError> {
    store.port().read_side().ok_or(StoreError::Unsupported { store: "this store", what: "run sagas" })
}

/// How far an instance has come, and with what metadata it was started; `None` if it was not.
///
/// # Errors
/// What the store fails with, and events that cannot be read.
pub(crate) async fn load(
    store: &dyn EventStore,
    stream: &StreamId,
    steps: &[StepInfo],
) -> Result<Option<(Progress, Meta)>, StoreError> {
    let (mut found, mut wrong): (Option<(Progress, Meta)>, _) = (None, None);
    let mut visit = |item: Item<'_>| {
        let Item::Event(event) = item else { return ControlFlow::Continue(()) };
        match (SagaEvent::read(stream, event), &mut found) {
            (Ok(SagaEvent::Started(started)), None) => {
                let meta = decode_meta(event.meta).unwrap_or_default();
                found = Some((Progress::started(&started, steps), meta));
            }
            (Ok(event), Some((progress, _))) => progress.apply(&event, steps),
            (Ok(_), None) => {}
            (Err(error), _) => {
                wrong = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    };
    store.read_stream(&ReadStream::all(stream.clone()), &mut visit).await?;
    match wrong {
        Some(error) => Err(error),
        None => Ok(found),
    }
}

/// Fills in the outputs of the command steps that are done: the receipts stand where the keys are kept.
///
/// # Errors
/// What the store fails with.
pub(crate) async fn fill_in_receipts(
    store: &dyn EventStore,
    stream: &StreamId,
    progress: &mut Progress,
    definition: &Definition,
) -> Result<(), StoreError> {
    for (step, info) in definition.steps.iter().enumerate() {
        let Some(receipts) = progress.steps[step].receipts else { continue };
        if !progress.steps[step].children.is_empty() {
            fill_in_children(store, stream, progress, step).await?;
            continue;
        }
        if progress.outputs.get(step).is_some() {
            continue;
        }
        let mut found = Vec::new();
        for key in keys(stream, info.name, receipts) {
            let receipt = store.find_key(&key).await?.map(|(_, receipt)| receipt);
            found.push(receipt.ok_or_else(|| {
                StoreError::Backend {
                    what: format!("reading the receipts of {stream}"),
                    source: format!(
                        "the key `{key}` is gone, so the output of the step `{}` is lost",
                        info.name
                    )
                    .into(),
                }
            })?);
        }
        set_output(&mut progress.outputs, step, receipts, &found)?;
    }
    Ok(())
}

/// The output of a step whose children did not all complete: those that did.
async fn fill_in_children(
    store: &dyn EventStore,
    stream: &StreamId,
    progress: &mut Progress,
    step: usize,
) -> Result<(), StoreError> {
    if progress.outputs.get(step).is_some() {
        return Ok(());
    }
    let mut completed = Vec::new();
    for child in progress.steps[step].children.clone() {
        let Some((category, id)) = child.split_once('/') else { continue };
        if outcome(store, &StreamId::new(category, id)).await? == Some(SagaOutcome::Completed) {
            completed.push(Completed { id: id.to_owned() });
        }
    }
    let mut json = Vec::new();
    encode_json(&completed, &mut json).map_err(|error| StoreError::Backend {
        what: format!("reading the children of {stream}"),
        source: error.into(),
    })?;
    progress.outputs.set(step, json);
    Ok(())
}

/// The output of a command step.
///
/// # Errors
/// None that can be: a receipt is JSON.
pub(crate) fn set_output(
    outputs: &mut Outputs,
    step: usize,
    receipts: Receipts,
    found: &[Receipt],
) -> Result<(), StoreError> {
    let mut json = Vec::new();
    match receipts {
        Receipts::One | Receipts::Some => encode_json(&found.first(), &mut json),
        Receipts::None => encode_json(&None::<Receipt>, &mut json),
        Receipts::Many(_) => encode_json(found, &mut json),
    }
    .map_err(|error| StoreError::Backend { what: "writing a receipt".into(), source: error.into() })?;
    outputs.set(step, json);
    Ok(())
}

fn keys(stream: &StreamId, step: &str, receipts: Receipts) -> Vec<IdempotencyKey> {
    match receipts {
        Receipts::One | Receipts::Some => vec![key(stream, step, None)],
        Receipts::None => Vec::new(),
        Receipts::Many(count) => (0..count).map(|index| key(stream, step, Some(index))).collect(),
    }
}

/// The key of a step, or of one of its commands: the same in every process and for every attempt.
pub(crate) fn key(stream: &StreamId, step: &str, index: Option<u32>) -> IdempotencyKey {
    let (category, id) = (stream.category(), stream.id());
    IdempotencyKey::new(match index {
        None => format!("{category}/{id}/{step}"),
        Some(index) => format!("{category}/{id}/{step}/{index}"),
    })
}

/// What has become of an instance, whatever its saga: this needs no definition. `None` while it has not ended.
///
/// # Errors
/// What the store fails with, and events that cannot be read.
pub(crate) async fn outcome(
    store: &dyn EventStore,
    stream: &StreamId,
) -> Result<Option<SagaOutcome>, StoreError> {
    let outcome = load(store, stream, &[]).await?.and_then(|(progress, _)| SagaOutcome::of(&progress));
    Ok(outcome.filter(|outcome| !matches!(outcome, SagaOutcome::Parked { .. })))
}
