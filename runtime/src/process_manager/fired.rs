use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use super::{ProcessManager, names::Names};
use crate::{
    domain::{HandlerFailure, IdempotencyKey, Timestamp},
    log::LogEntry,
    store::{Append, Expected, NewEvent, ProcessWrites, StoreError, TimerState, TimerWrite},
    subscription::Fires,
};

/// That a deadline has come, as it stands in the log. Whether it counts is decided when it is read: only if it is still
/// set under this number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Fired {
    pub(super) deadline: String,
    pub(super) number: u64,
}

impl Fired {
    pub(super) fn read(entry: &LogEntry) -> Result<Self, HandlerFailure> {
        serde_json::from_slice(&entry.payload).map_err(HandlerFailure::permanent)
    }
}

/// Lets the deadlines of a process manager come.
pub(crate) struct FiresDeadlines<P>(PhantomData<fn() -> P>);

impl<P> FiresDeadlines<P> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<P: ProcessManager> Fires for FiresDeadlines<P> {
    fn fire(&self, timer: &TimerState, _: Timestamp) -> Result<Option<Append>, StoreError> {
        let TimerState { stream, name, armed, .. } = timer;
        let fired = Fired { deadline: name.to_string(), number: *armed };
        let payload = serde_json::to_vec(&fired).map_err(|error| StoreError::Unencodable {
            stream: stream.clone(),
            name: Names::<P>::FIRED,
            reason: error.to_string(),
        })?;
        let event = NewEvent { name: Names::<P>::FIRED, version: 1, payload };
        let mut append = Append::new(stream.clone(), Expected::Any, vec![event]);
        append.key =
            Some(IdempotencyKey::new(format!("{}/{}/{name}/{armed}", stream.category(), stream.id())));
        let disarm = TimerWrite::Disarm { name: name.clone(), armed: Some(*armed) };
        append.process = Some(Box::new(ProcessWrites { timers: vec![disarm], ..ProcessWrites::default() }));
        Ok(Some(append))
    }
}
