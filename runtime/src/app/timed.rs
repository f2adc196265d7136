use std::{fmt, pin::pin};

use async_trait::async_trait;

use crate::{
    event_handler::HandlerDriver,
    store::StoreError,
    subscription::{Driver, Fires, Plan, Wheel, Work},
};

/// A handler whose streams have timers: they fire where its shards are.
pub(super) struct Timed {
    pub(super) handler: HandlerDriver,
    pub(super) wheel: Wheel,
    pub(super) fires: Box<dyn Fires>,
}

#[async_trait]
impl Driver for Timed {
    fn plan(&self) -> Plan {
        self.handler.plan()
    }

    async fn work(&self, work: Work) -> Result<(), StoreError> {
        let turning = self.wheel.begin(&work);
        let mut handling = pin!(self.handler.work(work));
        tokio::select! {
            result = &mut handling => return result,
            // It ends when it is asked to stop, as the other does.
            () = turning.turn(&*self.fires) => {}
        }
        handling.await
    }
}

impl fmt::Debug for Timed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timed").field("handler", &self.handler).field("wheel", &self.wheel).finish()
    }
}
