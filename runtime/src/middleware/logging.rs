use std::time::Instant;

use async_trait::async_trait;

use super::{
    CommandCall, Completed, Delivered, DeliveryCall, Middleware, NextCommand, NextDelivery, Refusal,
};
use crate::domain::HandlerFailure;

/// Writes a line about every command and every delivery: what, where, how long, and why not. It goes to `tracing`, with
/// the target `gesta::middleware::logging`; never what is inside of a command or an event.
#[derive(Clone, Copy, Debug, Default)]
pub struct Logging;

impl Logging {
    /// The layer.
    pub const fn new() -> Self {
        Self
    }
}

#[async_trait]
impl Middleware for Logging {
    fn name(&self) -> &str {
        "logging"
    }

    async fn command(&self, call: &mut CommandCall, next: NextCommand<'_>) -> Result<Completed, Refusal> {
        let (command, stream, begun) = (call.command_name(), call.stream().clone(), Instant::now());
        let result = next.run(call).await;
        let took = begun.elapsed();
        match &result {
            Ok(done) => match (done.receipt(), done.error()) {
                (Some(receipt), _) => {
                    tracing::info!(command, %stream, ?took, events = receipt.events, "executed");
                }
                (None, error) => tracing::warn!(command, %stream, ?took, error, "not executed"),
            },
            Err(refusal) => {
                let (layer, reason) = (refusal.layer(), refusal.reason());
                tracing::warn!(command, %stream, ?took, layer, reason, "refused");
            }
        }
        result
    }

    async fn delivery(
        &self,
        call: &DeliveryCall<'_>,
        next: NextDelivery<'_>,
    ) -> Result<Delivered, HandlerFailure> {
        let (handler, event, stream) = (call.handler, &call.entry.name, &call.entry.stream);
        let (attempt, begun) = (call.attempt, Instant::now());
        let result = next.run(call).await;
        let took = begun.elapsed();
        match &result {
            Ok(delivered) => tracing::info!(handler, event, %stream, attempt, ?took, ?delivered, "delivered"),
            Err(failure) => {
                tracing::warn!(handler, event, %stream, attempt, ?took, %failure, "not delivered")
            }
        }
        result
    }
}
