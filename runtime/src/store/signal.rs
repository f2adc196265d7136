use std::sync::Arc;

use tokio::sync::watch;

/// Wakes those who wait for new events, or for shards. A ring that is missed costs time and nothing else: everybody who waits looks
/// for himself from time to time.
#[derive(Clone, Debug)]
pub struct Signal {
    rings: Arc<watch::Sender<u64>>,
}

impl Signal {
    /// One that has not rung.
    pub fn new() -> Self {
        Self { rings: Arc::new(watch::Sender::new(0)) }
    }

    /// Something may have been appended, or given back.
    pub fn ring(&self) {
        self.rings.send_modify(|rings| *rings = rings.wrapping_add(1));
    }

    /// Changes with every ring; many rings in a row may be seen as one.
    pub fn listen(&self) -> watch::Receiver<u64> {
        self.rings.subscribe()
    }
}

impl Default for Signal {
    fn default() -> Self {
        Self::new()
    }
}
