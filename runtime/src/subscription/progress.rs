use std::{error::Error, sync::Arc};

use tokio::sync::watch;

use super::status::Troubles;
use crate::domain::Position;

/// How far a subscription has come in this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Local {
    /// Which time it is worked on; what an older one says does not count.
    pub(super) run: u64,
    /// Whether all shards are in this process, so that nobody else need be asked.
    pub(super) whole: bool,
    /// Up to where the shards of this process are done, and that is in the store. None while nobody works on it.
    pub(super) position: Option<Position>,
}

/// The furthest position that somebody waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wanted(pub(super) Position);

/// Tells those who wait in this process how far a subscription has come, as soon as it is committed.
#[derive(Clone, Debug)]
pub struct ProgressSender {
    pub(super) run: u64,
    pub(super) send: watch::Sender<Local>,
    pub(super) troubles: Arc<Troubles>,
}

impl ProgressSender {
    /// All shards of this process are done up to here, and that is in the store.
    pub fn committed(&self, position: Position) {
        self.send.send_if_modified(|local| {
            let changed = local.run == self.run && local.position < Some(position);
            if changed {
                local.position = Some(position);
            }
            changed
        });
    }

    /// Reports something that went wrong and is tried again by the driver itself: it is logged, and shown by
    /// [`App::subscriptions`](crate::App::subscriptions) until the subscription has come further.
    pub fn failed(&self, error: &(dyn Error + 'static)) {
        self.troubles.note(error, self.send.borrow().position);
    }
}
