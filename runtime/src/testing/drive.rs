//! Runs a handler to its end, from a test that is not async itself.

use std::{future::Future, panic::resume_unwind, thread, time::Duration};

use tokio::{
    runtime::{Builder, Handle},
    time::timeout,
};

/// A handler that takes longer waits for something that will not come.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The handler has not come to a decision.
pub(super) const STUCK: &str = "the handler has not decided within 10 seconds; if it waits for a task of this \
     test, the test keeps that task from running: write #[tokio::test(flavor = \"multi_thread\")]";

/// Waits for a future with a runtime of its own; `None` when it takes too long.
///
/// A thread that runs a runtime already may not wait in a second one, so there a thread is added. The runtime is
/// always a new one: that of the test cannot be counted on, because its thread is waiting here.
pub(super) fn drive<F>(future: F, patience: Duration) -> Option<F::Output>
where
    F: Future<Output: Send> + Send,
{
    if Handle::try_current().is_err() {
        return alone(future, patience);
    }
    thread::scope(|scope| scope.spawn(|| alone(future, patience)).join())
        .unwrap_or_else(|panic| resume_unwind(panic))
}

fn alone<F: Future>(future: F, patience: Duration) -> Option<F::Output> {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime for a test");
    runtime.block_on(async { timeout(patience, future).await.ok() })
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    #[test]
    fn a_future_that_does_not_end_is_given_up() {
        assert_eq!(drive(pending::<()>(), SHORT), None);
        assert_eq!(drive(ready(1), SHORT), Some(1));
    }

    #[tokio::test]
    async fn the_only_thread_of_a_runtime_waits_for_another() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        tokio::spawn(async { sender.send(1) });
        assert_eq!(drive(receiver, SHORT), None, "its task cannot run meanwhile, and the test must not hang");
        assert_eq!(drive(async { tokio::time::sleep(SHORT / 20).await }, PATIENCE), Some(()));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_runtime_with_threads_goes_on_meanwhile() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        tokio::spawn(async { sender.send(1) });
        assert_eq!(drive(receiver, PATIENCE), Some(Ok(1)));
    }

    #[tokio::test]
    #[should_panic(expected = "of the handler")]
    async fn a_panic_is_handed_on() {
        drive(async { panic!("of the handler") }, PATIENCE).unwrap_or(())
    }
}
