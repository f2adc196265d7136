//! What those who start and await instances and the one who runs them tell each other inside a process.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::{SagaOutcome, progress::Progress};
use crate::{domain::Meta, store::StreamId};

/// An instance that was just started, or is to be looked at, in this process.
pub(crate) struct Hint {
    pub(crate) stream: StreamId,
    /// How far it has come and with what it was started, where that is known.
    pub(crate) known: Option<(Progress, Meta)>,
}

/// The sagas of one type in one application. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Post(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    runner: Option<mpsc::UnboundedSender<Hint>>,
    /// Instances that were told to the runner: their first event need not be told by the log.
    told: HashSet<Uuid>,
    waiting: HashMap<Uuid, watch::Sender<Option<SagaOutcome>>>,
    /// At so many, those for whom nobody waits any more are taken out.
    tidy_at: usize,
}

/// So many instances wait for the runner at most; the others are found in the store.
const MOST_TOLD: usize = 10_000;

impl Post {
    /// The runner takes hints from now on.
    pub(crate) fn open(&self) -> mpsc::UnboundedReceiver<Hint> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let mut state = self.lock();
        state.told.clear();
        state.runner = Some(sender);
        receiver
    }

    /// The runner takes no more.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.runner = None;
        state.told.clear();
    }

    /// Tells the runner of an instance, if there is one.
    pub(crate) fn tell(&self, hint: Hint) {
        let mut state = self.lock();
        if state.told.len() >= MOST_TOLD {
            return;
        }
        let key = hint.stream.key();
        if state.runner.as_ref().is_some_and(|runner| runner.send(hint).is_ok()) {
            state.told.insert(key);
        }
    }

    /// Lets the runner look at an instance that it may have, if there is one.
    pub(crate) fn look_at(&self, stream: &StreamId) {
        if let Some(runner) = &self.lock().runner {
            // Without a runner somebody else looks.
            let _ = runner.send(Hint { stream: stream.clone(), known: None });
        }
    }

    /// Whether the runner was told of an instance, which the log tells now.
    pub(crate) fn was_told(&self, stream: &StreamId) -> bool {
        self.lock().told.remove(&stream.key())
    }

    /// Changes when an instance has come to an outcome.
    pub(crate) fn wait(&self, stream: &StreamId) -> watch::Receiver<Option<SagaOutcome>> {
        let mut state = self.lock();
        if state.waiting.len() >= state.tidy_at {
            state.waiting.retain(|_, waiting| waiting.receiver_count() > 0);
            state.tidy_at = 2 * state.waiting.len() + 64;
        }
        state.waiting.entry(stream.key()).or_insert_with(|| watch::Sender::new(None)).subscribe()
    }

    /// Tells those who wait what has become of an instance.
    pub(crate) fn announce(&self, stream: &StreamId, outcome: SagaOutcome) {
        if let Some(waiting) = self.lock().waiting.remove(&stream.key()) {
            waiting.send_replace(Some(outcome));
        }
    }

    /// Lets those who wait look for themselves: the log tells that an instance has come to an outcome.
    pub(crate) fn woke(&self, stream: &StreamId) {
        // The sender goes, which they notice.
        drop(self.lock().waiting.remove(&stream.key()));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Post").field("waiting", &self.lock().waiting.len()).finish_non_exhaustive()
    }
}
