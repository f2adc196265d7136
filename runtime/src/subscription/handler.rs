use std::{fmt, future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};

use super::{Stop, worker::message};
use crate::{execute::Cause, log::LogEntry, store::BoxError};

/// What is called with the events of a subscription in code.
#[derive(Clone)]
pub(super) struct Handler(Arc<Call>);

type Call = dyn Fn(Arc<LogEntry>) -> BoxFuture<'static, Result<(), BoxError>> + Send + Sync;

/// The first pause between two attempts, and the longest.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What has become of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Handled,
    /// The attempts are used up.
    Failed,
    /// Somebody asked to stop before it was handled.
    Stopped,
}

impl Handler {
    pub(super) fn new<F, Fut, E>(handler: F) -> Self
    where
        F: Fn(Arc<LogEntry>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError>,
    {
        Self(Arc::new(move |event| {
            let handled = handler(event);
            async move { handled.await.map_err(Into::into) }.boxed()
        }))
    }

    /// Calls the handler until it succeeds, as often as is allowed, with pauses that double. Every failure is told.
    pub(super) async fn deliver(
        &self,
        event: &Arc<LogEntry>,
        attempts: u32,
        stop: &Stop,
        mut failed: impl FnMut(BoxError),
    ) -> Outcome {
        let mut pause = PAUSE;
        for attempt in 1.. {
            match self.call(event).await {
                Ok(()) => return Outcome::Handled,
                Err(error) => failed(error),
            }
            if attempt >= attempts {
                break;
            }
            tokio::select! {
                () = stop.asked() => return Outcome::Stopped,
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
        Outcome::Failed
    }

    /// One attempt. Commands that it sends follow from the event.
    async fn call(&self, event: &Arc<LogEntry>) -> Result<(), BoxError> {
        let cause = Cause::event(&event.stream, event.version, &event.meta().unwrap_or_default());
        // The closure itself may panic as well as its future.
        let attempt = async { (self.0)(Arc::clone(event)).await };
        match cause.during(AssertUnwindSafe(attempt).catch_unwind()).await {
            Ok(handled) => handled,
            Err(panic) => Err(format!("it panicked: {}", message(&*panic)).into()),
        }
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handler")
    }
}
