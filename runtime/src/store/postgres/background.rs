use std::{
    future::Future,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{runtime::Handle, task::JoinHandle};

/// A task that begins when it is needed first, and ends with the store.
#[derive(Debug, Default)]
pub(super) struct Background {
    /// Asked on every append, so it is no more than a number in memory.
    begun: AtomicBool,
    task: Mutex<Task>,
}

#[derive(Debug, Default)]
struct Task {
    running: Option<JoinHandle<()>>,
    ended: bool,
}

impl Background {
    /// Begins it, unless it was begun before or has to end. Without a runtime nothing happens; the next call may have
    /// one.
    pub(super) fn ensure<F>(&self, work: impl FnOnce() -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        if self.begun.load(Ordering::Relaxed) {
            return;
        }
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let (false, None, Ok(runtime)) = (task.ended, &task.running, Handle::try_current()) {
            task.running = Some(runtime.spawn(work()));
            self.begun.store(true, Ordering::Relaxed);
        }
    }

    /// Ends it for good, wherever it is, and waits until it has let go of what it holds.
    pub(super) async fn end(&self) {
        let running = {
            let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
            task.ended = true;
            task.running.take()
        };
        if let Some(running) = running {
            running.abort();
            // It was told to end; how it did does not matter.
            let _ = running.await;
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &task.running {
            running.abort();
        }
    }
}
