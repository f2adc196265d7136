//! Runs a handler to its end, from a test that is not async itself.

use std::{future::Future, panic::resume_unwind, thread, time::Duration};

use tokio::{
    runtime::{Builder, Handle, RuntimeFlavor},
    time::timeout,
};

/// A handler that takes longer waits for something that will not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// The handler has not come to a decision.
pub(super) const STUCK: &str = "the handler has not decided within 10 seconds; if it waits for a task of this \
     test, the test keeps that task from running: write #[tokio::test(flavor = \"multi_thread\")]";

/// Waits for a future, on this thread if it can.
///
/// Inside a runtime it cannot: the thread must not be blocked twice. A second thread then uses that runtime if it
/// has threads left to turn its timers and sockets, or one of its own.
pub(super) fn drive<F>(future: F) -> Option<F::Output>
where
    F: Future<Output: Send> + Send,
{
    let Ok(handle) = Handle::try_current() else { return alone(future) };
    let elsewhere = || match handle.runtime_flavor() {
        RuntimeFlavor::CurrentThread => alone(future),
        _ => handle.block_on(async { timeout(PATIENCE, future).await.ok() }),
    };
    thread::scope(|scope| scope.spawn(elsewhere).join()).unwrap_or_else(|panic| resume_unwind(panic))
}

fn alone<F: Future>(future: F) -> Option<F::Output> {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime for a test");
    runtime.block_on(async { timeout(PATIENCE, future).await.ok() })
}
