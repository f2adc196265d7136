use std::sync::atomic::{AtomicBool, Ordering};

/// Whether other processes write to the same streams: a conflict was met.
///
/// It only decides whether a command that is not `Clone` is preceded by a look at the store. Such a command can be
/// decided once, so it should not be spent on a state that is out of date; others are simply decided again.
#[derive(Debug, Default)]
pub(super) struct Rivals(AtomicBool);

impl Rivals {
    pub(super) fn met(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn expected(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
