use async_trait::async_trait;

use super::{Delivered, DeliveryCall, Middleware, NextDelivery};
use crate::{domain::HandlerFailure, log::Filter};

/// Delivers only events that a filter lets through; the others are left out, as if they were handled.
///
/// ```
/// use gesta::{log::Filter, middleware::Filtering};
///
/// // The mailer writes to nobody about tests.
/// let layer = Filtering::new(Filter::new().tenant("live")).handler("mailer");
/// # let _ = layer;
/// ```
#[derive(Debug)]
pub struct Filtering {
    filter: Filter,
    handler: Option<String>,
}

impl Filtering {
    /// For every handler.
    pub fn new(filter: Filter) -> Self {
        Self { filter, handler: None }
    }

    /// For the handler of this name alone.
    #[must_use]
    pub fn handler(self, name: impl Into<String>) -> Self {
        Self { handler: Some(name.into()), ..self }
    }
}

#[async_trait]
impl Middleware for Filtering {
    fn name(&self) -> &str {
        "filtering"
    }

    async fn delivery(
        &self,
        call: &DeliveryCall<'_>,
        next: NextDelivery<'_>,
    ) -> Result<Delivered, HandlerFailure> {
        let meant = self.handler.as_ref().is_none_or(|name| name == call.handler);
        if meant && !self.filter.matches(call.entry.as_log_event()) {
            return Ok(Delivered::Skipped);
        }
        next.run(call).await
    }
}
