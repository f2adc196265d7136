use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::Context,
};

use futures_util::future::BoxFuture;
use tokio::{runtime::Handle, sync::oneshot};

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
    lane: Ride,
    /// To be kept once the append is stored.
    pub(super) snapshot: Option<Snapshot>,
}

/// Queues an append that was decided on a state, which its events have changed already: the next turn decides on what
/// will be stored by then.
pub(super) fn submit<A: Aggregate, E>(
    appender: &Arc<Appender>,
    slot: Arc<Slot<A>>,
    pass: &Arc<Pass>,
    known: &mut Known<A>,
    append: Append,
) -> Result<Queued, ExecuteError<E>> {
    let (ticket, outcome) = Ticket::new(known.chain.clone(), slot, pass.clone());
    let lane = Ride(appender.submit(Job { append, ticket }).map_err(|Busy| ExecuteError::Busy)?);
    Ok(Queued { outcome, lane, snapshot: snapshot::take_if_due(&mut known.loaded) })
}

/// Queues an append that rests on no state in memory.
pub(super) fn submit_alone(
    appender: &Arc<Appender>,
    pass: Arc<Pass>,
    append: Append,
) -> Result<Queued, StoreError> {
    let (ticket, outcome) = Ticket::new(Arc::default(), Arc::new(()), pass);
    let lane = appender.submit(Job { append, ticket }).map_err(|Busy| StoreError::Unavailable {
        what: "appending",
        source: "too many appends are waiting already".into(),
    })?;
    Ok(Queued { outcome, lane: Ride(lane), snapshot: None })
}

impl Queued {
    /// Waits until the store has answered.
    pub(super) async fn outcome(mut self) -> Result<Outcome, StoreError> {
        let outcome = poll_fn(|context| {
            self.lane.advance(context);
            Pin::new(&mut self.outcome).poll(context)
        });
        outcome.await.unwrap_or_else(|_| {
            Err(StoreError::OutcomeUnknown {
                streams: "a stream".into(),
                source: "the task that stores appends has ended".into(),
            })
        })
    }
}

/// The lane that a command has opened. The command drives it itself until it has its own outcome, which saves a
/// lonely command the way to another task and back. After that, or when the command is dropped, the lane goes on as
/// a task of its own.
struct Ride(Option<BoxFuture<'static, ()>>);

impl Ride {
    fn advance(&mut self, context: &mut Context<'_>) {
        if self.0.as_mut().is_some_and(|lane| lane.as_mut().poll(context).is_ready()) {
            self.0 = None;
        }
    }
}

impl Drop for Ride {
    fn drop(&mut self) {
        // Without a runtime there is nothing that could go on; the lane closes as it is dropped.
        if let (Some(lane), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(lane);
        }
    }
}
