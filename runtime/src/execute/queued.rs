use std::sync::Arc;

use tokio::sync::oneshot;

use super::{
    ExecuteError,
    appender::{Appender, Busy},
    batch::{Job, Ticket},
    gate::Pass,
    slot::{Known, Slot},
    snapshot::{self, Snapshot},
};
use crate::{
    domain::Aggregate,
    store::{Append, Outcome, StoreError},
};

/// An append on its way into the store.
pub(super) struct Queued {
    outcome: oneshot::Receiver<Result<Outcome, StoreError>>,
    /// To be kept once the append is stored.
    pub(super) snapshot: Option<Snapshot>,
}

/// Queues an append that was decided on a state, and changes the state by its events: the next turn decides on what
/// will be stored by then.
pub(super) fn submit<A: Aggregate, E>(
    appender: &Arc<Appender>,
    slot: Arc<Slot<A>>,
    pass: &Arc<Pass>,
    known: &mut Known<A>,
    append: Append,
    events: &[A::Event],
) -> Result<Queued, ExecuteError<E>> {
    let (ticket, outcome) = Ticket::new(known.chain.clone(), slot, pass.clone());
    appender.submit(Job { append, ticket }).map_err(|Busy| ExecuteError::Busy)?;
    known.change(|loaded| {
        for event in events {
            loaded.state.apply(event);
            loaded.version += 1;
        }
    });
    Ok(Queued { outcome, snapshot: snapshot::take_if_due(&mut known.loaded) })
}

impl Queued {
    /// Waits until the store has answered.
    pub(super) async fn outcome(self) -> Result<Outcome, StoreError> {
        self.outcome.await.unwrap_or_else(|_| {
            Err(StoreError::OutcomeUnknown {
                streams: "a stream".into(),
                source: "the task that stores appends has ended".into(),
            })
        })
    }
}
