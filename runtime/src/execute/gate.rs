use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::store::StoreError;

/// Lets commands in until it is closed, and knows when the last one has left.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    empty: Notify,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    inside: usize,
}

/// A command on its way. Kept by whoever works for it, and left when the last of them drops it.
#[derive(Debug)]
pub(super) struct Pass(Arc<Gate>);

impl Gate {
    pub(super) fn enter(self: &Arc<Self>) -> Result<Arc<Pass>, StoreError> {
        let mut state = self.lock();
        if state.closed {
            return Err(StoreError::Closed);
        }
        state.inside += 1;
        Ok(Arc::new(Pass(self.clone())))
    }

    /// Lets nobody in any more, and waits until everybody has left.
    pub(super) async fn close(&self) {
        loop {
            let empty = self.empty.notified();
            {
                let mut state = self.lock();
                state.closed = true;
                if state.inside == 0 {
                    return;
                }
            }
            empty.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.inside -= 1;
        if state.inside == 0 {
            self.0.empty.notify_waiters();
        }
    }
}
