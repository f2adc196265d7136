use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::Mutex;

use super::{inline::InlineDocument, load::LoadedState};
use crate::domain::{Aggregate, Misfit};

/// The place of one aggregate in memory. Commands take turns, in the order in which they came.
#[derive(Debug)]
pub(super) struct Slot<A> {
    pub(super) turn: Mutex<Turn<A>>,
}

impl<A> Default for Slot<A> {
    fn default() -> Self {
        Self { turn: Mutex::new(Turn { known: None }) }
    }
}

/// What the command whose turn it is knows.
#[derive(Debug)]
pub(super) struct Turn<A> {
    known: Option<Known<A>>,
}

/// A state in memory: as the store has it, or as it will be once the queued appends of its chain are stored.
#[derive(Debug)]
pub(super) struct Known<A> {
    pub(super) loaded: LoadedState<A>,
    pub(super) chain: Arc<Chain>,
    /// Read in this turn, hence true to the store: nothing was queued on it yet.
    pub(super) fresh: bool,
    /// A change of the state has begun and not ended: it panicked, or an event did not fit; or what it was changed by
    /// will not be stored.
    torn: bool,
    /// The inline documents of the stream that belong to the state, by their collection.
    pub(super) documents: Vec<(Arc<str>, Box<dyn InlineDocument>)>,
}

impl<A> Turn<A> {
    /// The state of the turns before, unless there is none or an append that it rests on was not stored.
    pub(super) fn resume(&mut self) -> Option<Known<A>> {
        let known = self.known.take().filter(|known| !known.torn && !known.chain.is_broken())?;
        Some(Known { fresh: false, ..known })
    }

    /// Begins the turn on a state.
    pub(super) fn begin(&mut self, known: Known<A>) -> &mut Known<A> {
        self.known.insert(known)
    }
}

impl<A> Known<A> {
    /// A state that nothing was queued on, `fresh` if it was read just now.
    pub(super) fn new(loaded: LoadedState<A>, fresh: bool) -> Self {
        Self { loaded, chain: Arc::default(), fresh, torn: false, documents: Vec::new() }
    }

    /// What it has become is not what will be stored: it is never used again.
    pub(super) fn tear(&mut self) {
        self.torn = true;
    }
}

impl<A: Aggregate> Known<A> {
    /// Changes the state by events that are about to be stored. If one of them does not fit, or the change panics, the
    /// state is never used again: the error tells which, by its place among them.
    pub(super) fn fold(&mut self, events: &[A::Event]) -> Result<(), (usize, Misfit)> {
        self.torn = true;
        for (place, event) in events.iter().enumerate() {
            A::fold(&mut self.loaded.state, event).map_err(|misfit| (place, misfit))?;
            self.loaded.version += 1;
        }
        self.torn = false;
        Ok(())
    }
}

/// Ties together the appends that were decided one on top of the other. Once one is not stored, no later one may be:
/// it was decided on a state that never was, even where the version happens to fit again.
#[derive(Debug, Default)]
pub(super) struct Chain(AtomicBool);

impl Chain {
    pub(super) fn is_broken(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    pub(super) fn break_off(&self) {
        self.0.store(true, Ordering::Release);
    }
}
