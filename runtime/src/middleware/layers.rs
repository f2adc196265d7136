use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;

use super::{
    CommandCall, Completed, Delivered, DeliveryCall, Innermost, Middleware, NextDelivery, ProposedCall,
    ProposedEvent, Refusal, run_innermost,
};
use crate::domain::HandlerFailure;

/// The layers of an application, the outermost first. Cheap to clone.
#[derive(Clone, Default)]
pub struct Layers(Arc<[Arc<dyn Middleware>]>);

impl Layers {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more, inside of those that are there.
    #[must_use]
    pub fn with(self, layer: impl Middleware) -> Self {
        let added: Arc<dyn Middleware> = Arc::new(layer);
        Self(self.0.iter().cloned().chain([added]).collect())
    }

    /// Whether there are none: then nobody need be asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sends a command through the layers.
    pub(crate) async fn command(
        &self,
        call: &mut CommandCall,
        innermost: &mut dyn Innermost,
    ) -> Result<Completed, Refusal> {
        run_innermost(&self.0, call, innermost).await
    }

    /// Shows the events of a command to every layer, the outermost first.
    pub(crate) fn events(
        &self,
        call: &ProposedCall<'_>,
        events: &[ProposedEvent<'_>],
    ) -> Result<(), Refusal> {
        self.0
            .iter()
            .try_for_each(|layer| layer.events(call, events).map_err(|refusal| refusal.by(layer.name())))
    }

    /// Sends an event to a handler through the layers; `handler` is what the handler does with it.
    ///
    /// # Errors
    /// What the handler or a layer has failed with.
    pub async fn deliver(
        &self,
        call: &DeliveryCall<'_>,
        handler: BoxFuture<'_, Result<(), HandlerFailure>>,
    ) -> Result<Delivered, HandlerFailure> {
        NextDelivery::new(&self.0, handler).run(call).await
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|layer| layer.name().to_owned())).finish()
    }
}
