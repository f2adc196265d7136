//! Another instance that begins at a step of one: with the same data, and the outputs of the steps before.

use super::{
    Saga, SagaError,
    any::Definition,
    event::{Forked, Started},
    load,
};
use crate::{
    domain::Meta,
    store::{Store, StreamId},
};

/// How the other instance starts, and with what beside it.
pub(super) async fn forked<S: Saga>(
    store: &Store,
    stream: &StreamId,
    step: &str,
    (actor, reason): (String, String),
) -> Result<(Started, Meta), SagaError> {
    let port = store.port().as_ref();
    let found = load::load(port, stream, S::STEPS).await?;
    let (mut progress, meta) = found.ok_or_else(|| SagaError::NotFound { stream: stream.clone() })?;
    let status = progress.status.name();
    let not_now = |reason: String| SagaError::NotNow { stream: stream.clone(), status, reason };
    let definition = Definition::of::<S>();
    load::fill_in_receipts(port, stream, &mut progress, &definition).await?;
    let until = S::STEPS.iter().position(|info| info.name == step);
    let until = until.ok_or_else(|| not_now(format!("it has no step `{step}`")))?;
    let mut steps = Vec::with_capacity(until);
    for (place, info) in S::STEPS.iter().enumerate().take(until) {
        let output = progress.outputs.get(place).and_then(|json| serde_json::from_slice(json).ok());
        let Some(output) = output.filter(|_| progress.steps[place].forward.done) else {
            return Err(not_now(format!("its step `{}` is not done", info.name)));
        };
        steps.push((info.name.to_owned(), output));
    }
    let data = serde_json::from_slice(&progress.data)
        .map_err(|error| SagaError::Unencodable { stream: stream.clone(), source: error.into() })?;
    let meta = Meta { actor: Some(actor.clone()), ..meta };
    let forked = Some(Forked { from: stream.id().to_owned(), steps, actor, reason });
    let (definition, fingerprint) = (definition.version, definition.fingerprint);
    Ok((Started { definition, fingerprint, data, forked, parent: None }, meta))
}
