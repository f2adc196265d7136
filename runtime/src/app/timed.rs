use std::{fmt, pin::pin};

use async_trait::async_trait;
use futures_util::future::join_all;

use crate::{
    event_handler::HandlerDriver,
    store::StoreError,
    subscription::{Driver, Fires, Plan, Wheel, Work},
};

/// A handler whose streams have timers: they fire where its shards are.
pub(super) struct Timed {
    pub(super) handler: HandlerDriver,
    pub(super) timers: Vec<(Wheel, Box<dyn Fires>)>,
}

#[async_trait]
impl Driver for Timed {
    fn plan(&self) -> Plan {
        self.handler.plan()
    }

    async fn work(&self, work: Work) -> Result<(), StoreError> {
        let begun = self.timers.iter().map(|(wheel, fires)| (wheel.begin(&work), fires));
        let turning = join_all(begun.map(|(turning, fires)| turning.turn(&**fires)).collect::<Vec<_>>());
        let mut handling = pin!(self.handler.work(work));
        tokio::select! {
            result = &mut handling => return result,
            // They end when they are asked to stop, as the handler does.
            _ = turning => {}
        }
        handling.await
    }
}

impl fmt::Debug for Timed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timed").field("handler", &self.handler).finish_non_exhaustive()
    }
}
