//! Runs a handler to its end, from a test that is not async itself.

use std::{future::Future, panic::resume_unwind, thread, time::Duration};

use tokio::{
    runtime::{Builder, Handle},
    time::timeout,
};

/// A handler that takes longer waits for something that will not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// The handler has not come to a decision.
pub(super) const STUCK: &str = "the handler has not decided within 10 seconds; if it waits for a task of this \
     test, the test keeps that task from running: write #[tokio::test(flavor = \"multi_thread\")]";

/// Waits for a future with a runtime of its own; `None` when it takes too long.
///
/// A thread that runs a runtime already may not wait in a second one, so there a thread is added. The runtime is
/// always a new one: that of the test cannot be counted on, because its thread is waiting here.
pub(super) fn drive<F>(future: F) -> Option<F::Output>
where
    F: Future<Output: Send> + Send,
{
    if Handle::try_current().is_err() {
        return alone(future);
    }
    thread::scope(|scope| scope.spawn(|| alone(future)).join()).unwrap_or_else(|panic| resume_unwind(panic))
}

fn alone<F: Future>(future: F) -> Option<F::Output> {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime for a test");
    runtime.block_on(async { timeout(PATIENCE, future).await.ok() })
}
