use std::sync::{Mutex, PoisonError};

use tokio::{sync::oneshot, task::JoinHandle};

use crate::{
    monitor::{Alarm, Statistics},
    store::Store,
};

/// Stores the events that tell of handlers which have crossed a threshold. Dropped, it ends by itself.
#[derive(Debug)]
pub(super) struct Watch(Mutex<Option<(oneshot::Sender<()>, JoinHandle<()>)>>);

impl Watch {
    /// Begins.
    pub(super) fn begin(store: &Store, statistics: &Statistics) -> Self {
        let (end, ends) = oneshot::channel();
        let task = tokio::spawn(watch(store.clone(), statistics.clone(), ends));
        Self(Mutex::new(Some((end, task))))
    }

    /// Tells what is still to be told, and ends.
    pub(super) async fn end(&self) {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((end, task)) = running {
            drop(end);
            // It has nothing to say, and does not panic.
            let _ = task.await;
        }
    }
}

async fn watch(store: Store, statistics: Statistics, mut ends: oneshot::Receiver<()>) {
    loop {
        tokio::select! {
            alarm = statistics.alarm() => tell(alarm, &store).await,
            _ = &mut ends => break,
        }
    }
    while let Some(alarm) = statistics.alarm_now() {
        tell(alarm, &store).await;
    }
}

/// Nobody waits for it: what cannot be stored is at least in the traces.
async fn tell(alarm: Alarm, store: &Store) {
    let what = alarm.clone();
    if let Err(error) = alarm.record(store).await {
        tracing::warn!(?what, %error, "cannot store an event about a handler");
    }
}
