use crate::{
    domain::{Event, HandlerFailure, IdempotencyKey, Meta},
    store::{Append, Expected, NewEvent, Outcome, Store, StoreError, StreamId},
};

/// An event that a plugin wants to be stored.
#[derive(Debug)]
pub(super) struct Emission {
    stream: StreamId,
    event: NewEvent,
}

impl Emission {
    pub(super) fn new<E: Event>(stream: StreamId, event: &E) -> Result<Self, HandlerFailure> {
        let Some(found) = E::TYPES.get(event.index()) else {
            return Err(HandlerFailure::permanent("`Event::index` is beyond `Event::TYPES`"));
        };
        let mut payload = Vec::with_capacity(128);
        event.encode(&mut payload).map_err(|error| {
            HandlerFailure::permanent(StoreError::of_encoding(&stream, found.name, error))
        })?;
        Ok(Self { stream, event: NewEvent { name: found.name, version: found.version, payload } })
    }
}

/// Stores what a plugin has emitted: each event under a key of its own, so that it is stored once.
pub(super) async fn store_all(
    store: &Store,
    key: &IdempotencyKey,
    meta: &Meta,
    emissions: Vec<Emission>,
) -> Result<(), HandlerFailure> {
    for (number, Emission { stream, event }) in emissions.into_iter().enumerate() {
        let append = Append {
            stream,
            expected: Expected::Any,
            key: Some(IdempotencyKey::new(format!("{key}/{number}"))),
            meta: meta.clone(),
            events: vec![event],
            documents: Vec::new(),
            process: None,
            together: None,
        };
        let outcomes = store.port().append(&[append]).await.map_err(|error| match error.is_retryable() {
            true => HandlerFailure::retryable(error),
            false => HandlerFailure::permanent(error),
        })?;
        if let Some(Outcome::KeyReused { first }) = outcomes.into_iter().next() {
            let what =
                format!("the same event was emitted to {first} before: a plugin's events keep their order");
            return Err(HandlerFailure::permanent(what));
        }
    }
    Ok(())
}
