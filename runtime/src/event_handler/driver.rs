use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::{
    board::Seat,
    call::{Call, Calls, World},
    gauges::{Gauges, Handlers},
    run::Run,
    tell::Told,
};
use crate::{
    domain::{DeliveryPolicy, EventHandler},
    log::Filter,
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
}

impl HandlerDriver {
    /// A handler in an application.
    pub(crate) fn new<H: EventHandler>(world: impl World<H>, handlers: &Handlers) -> Self {
        let (name, policy): (Arc<str>, _) = (H::NAME.into(), H::policy());
        let call = Calls::new(world);
        Self {
            gauges: handlers.add(&name, policy.breaker),
            seat: handlers.board.join(policy.priority, call.events()),
            call: Arc::new(call),
            told: Told::default(),
            name,
            policy,
        }
    }
}

#[async_trait]
impl Driver for HandlerDriver {
    fn plan(&self) -> Plan {
        let names = self.call.events();
        // Without any name a filter lets everything through, and a handler without reactions wants nothing.
        let none = if names.is_empty() { Filter::new().when(|_| false) } else { Filter::new() };
        let filter = names.into_iter().fold(none, Filter::event);
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
