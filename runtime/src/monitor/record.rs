use super::MonitorEvent;
use crate::{
    domain::{Event, IdempotencyKey, Meta},
    store::{Append, Expected, NewEvent, Store, StoreError, StreamId},
};

/// The category of the streams that hold what the framework tells about itself.
pub const CATEGORY: &str = "gesta";

/// Stores events about a subscription in its stream, `gesta/<name>`. Each has a key of its own: what was told before is
/// not stored again.
///
/// # Errors
/// Those of [`EventStore::append`](crate::store::EventStore::append).
pub async fn record(
    store: &Store,
    subscription: &str,
    events: impl IntoIterator<Item = (IdempotencyKey, MonitorEvent, Meta)> + Send,
) -> Result<(), StoreError> {
    let stream = StreamId::new(CATEGORY, subscription);
    for (key, event, meta) in events {
        let append = Append { key: Some(key), meta, ..append_of(&stream, &event)? };
        // In a batch of one there is nothing that another append could hold back: appended or stored before.
        store.port().append(&[append]).await?;
    }
    Ok(())
}

/// An append that tells of something, to be stored together with it.
///
/// # Errors
/// [`StoreError::Unencodable`].
pub(crate) fn told_together(about: &str, event: &MonitorEvent, meta: Meta) -> Result<Append, StoreError> {
    Ok(Append { meta, ..append_of(&StreamId::new(CATEGORY, about), event)? })
}

fn append_of(stream: &StreamId, event: &MonitorEvent) -> Result<Append, StoreError> {
    Ok(Append::new(stream.clone(), Expected::Any, vec![encoded(stream, event)?]))
}

fn encoded(stream: &StreamId, event: &MonitorEvent) -> Result<NewEvent, StoreError> {
    let Some(found) = MonitorEvent::TYPES.get(event.index()) else {
        return Err(StoreError::Backend {
            what: format!("writing to {stream}"),
            source: "an event about the framework has no type".into(),
        });
    };
    let mut payload = Vec::new();
    event.encode(&mut payload).map_err(|error| StoreError::Unencodable {
        stream: stream.clone(),
        name: found.name,
        reason: error.to_string(),
    })?;
    Ok(NewEvent { name: found.name, version: found.version, payload })
}
