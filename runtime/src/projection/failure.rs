use std::{any::Any, panic::AssertUnwindSafe, panic::catch_unwind, sync::Arc};

use crate::{
    domain::Position,
    log::LogEntry,
    store::{BoxError, StoreError},
};

/// Why a projection cannot go on beyond an event.
#[derive(Debug)]
pub(super) struct Failure {
    /// The place of the event.
    pub(super) position: Position,
    pub(super) source: BoxError,
}

impl Failure {
    pub(super) fn new(entry: &LogEntry, source: BoxError) -> Self {
        Self { position: entry.position, source }
    }

    /// The same, with what is known of the event.
    pub(super) fn told(self, subscription: &Arc<str>, events: &[Arc<LogEntry>]) -> StoreError {
        let Self { position, source } = self;
        match events.iter().find(|entry| entry.position == position) {
            Some(entry) => StoreError::Stuck {
                projection: Arc::clone(subscription),
                stream: entry.stream.clone(),
                version: entry.version,
                position,
                event: entry.name.as_str().into(),
                source,
            },
            None => StoreError::Backend { what: format!("folding `{subscription}` at {position}"), source },
        }
    }
}

/// Calls what an application has written. A panic is an error like others.
pub(super) fn guard<T>(call: impl FnOnce() -> Result<T, BoxError>) -> Result<T, BoxError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| Err(Box::new(Panicked(text(&*panic)))))
}

#[derive(Debug, thiserror::Error)]
#[error("it panicked: {0}")]
struct Panicked(String);

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a text").to_owned()
}
