use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::{
    board::Seat,
    call::{Call, Calls, World},
    gauges::{Gauges, Handlers},
    marks::Marks,
    run::Run,
    tell::Told,
};
use crate::{
    domain::{DeliveryPolicy, EventHandler},
    monitor::Statistics,
    store::StoreError,
    subscription::{Driver, Plan, Work},
};

/// Delivers events to one handler.
pub(crate) struct HandlerDriver {
    pub(super) name: Arc<str>,
    pub(super) policy: DeliveryPolicy,
    pub(super) call: Arc<dyn Call>,
    pub(super) gauges: Arc<Gauges>,
    pub(super) seat: Seat,
    pub(super) told: Told,
    pub(super) statistics: Statistics,
    pub(super) marks: Marks,
}

impl HandlerDriver {
    /// A handler in an application.
    pub(crate) fn new<H: EventHandler>(world: impl World<H>, handlers: &Handlers) -> Self {
        Self::of(H::NAME.into(), H::policy(), Calls::new(world, handlers.layers.clone()), handlers)
    }

    /// Whatever can be called with events.
    pub(crate) fn of(name: Arc<str>, policy: DeliveryPolicy, call: impl Call, handlers: &Handlers) -> Self {
        Self {
            gauges: handlers.add(&name, policy.breaker),
            seat: handlers.board.join(policy.priority, call.events()),
            call: Arc::new(call),
            told: Told::default(),
            statistics: handlers.statistics.clone(),
            marks: Marks::default(),
            name,
            policy,
        }
    }
}

#[async_trait]
impl Driver for HandlerDriver {
    fn plan(&self) -> Plan {
        let filter = self.call.filter();
        Plan { name: self.name.clone(), shards: self.policy.shards, start: self.policy.start, filter }
    }

    async fn work(&self, work: Work) -> Result<(), StoreError> {
        let result = Run::begin(self, work).await?.work().await;
        self.gauges.show(0, 0);
        result
    }
}

impl fmt::Debug for HandlerDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandlerDriver").field("name", &self.name).field("policy", &self.policy).finish()
    }
}
