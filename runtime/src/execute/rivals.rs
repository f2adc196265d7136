use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How many executors there are in this process.
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Whether others may write to the same streams, as far as is known: another executor lives in this process, or a
/// conflict was met.
///
/// It only decides whether a command that is not `Clone` is preceded by a look at the store. Such a command can be
/// decided once, so it should not be spent on a state that is out of date; others are simply decided again.
#[derive(Debug)]
pub(super) struct Rivals {
    met: AtomicBool,
}

impl Rivals {
    pub(super) fn new() -> Self {
        LIVE.fetch_add(1, Ordering::Relaxed);
        Self { met: AtomicBool::new(false) }
    }

    pub(super) fn met(&self) {
        self.met.store(true, Ordering::Relaxed);
    }

    pub(super) fn expected(&self) -> bool {
        self.met.load(Ordering::Relaxed) || LIVE.load(Ordering::Relaxed) > 1
    }
}

impl Drop for Rivals {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::Relaxed);
    }
}
