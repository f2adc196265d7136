//! Layers around commands and around deliveries to event handlers: to refuse, to add metadata, to look at what became
//! of it and how long it took.
//!
//! Layers are given to the [`Builder`](crate::Builder) with [`layer`](crate::Builder::layer), the outermost first. Each
//! is called with what is on its way and with the rest of the way: [`NextCommand`] or [`NextDelivery`]. An application
//! without layers does nothing for them.
//!
//! ```
//! use gesta::middleware::{CommandCall, Completed, Middleware, NextCommand, Refusal, async_trait};
//!
//! /// Lets nobody in at night.
//! struct OfficeHours;
//!
//! #[async_trait]
//! impl Middleware for OfficeHours {
//!     fn name(&self) -> &str {
//!         "office hours"
//!     }
//!
//!     async fn command(&self, call: &mut CommandCall, next: NextCommand<'_>) -> Result<Completed, Refusal> {
//!         if call.meta().actor.is_none() {
//!             return Err(Refusal::new("nobody is in; say who asks"));
//!         }
//!         let completed = next.run(call).await?;
//!         println!("{} took {:?}", call.command_name(), completed.took());
//!         Ok(completed)
//!     }
//! }
//! # let _ = OfficeHours;
//! ```

mod authorize;
mod command;
mod delivery;
mod enrich;
mod filtering;
#[cfg(feature = "jsonschema")]
mod json_schema;
mod layers;
mod logging;
mod metrics;
mod proposed;
mod refusal;
mod validate;

pub use async_trait::async_trait;
pub use authorize::{Authorize, Request};
pub use command::{CommandCall, Completed, NextCommand};
pub(crate) use command::{Innermost, run_innermost};
pub use delivery::{Delivered, DeliveryCall, NextDelivery};
pub use enrich::Enrich;
pub use filtering::Filtering;
#[cfg(feature = "jsonschema")]
pub use json_schema::{JsonSchema, SchemaError};
pub use layers::Layers;
pub use logging::Logging;
pub use metrics::Metrics;
pub use proposed::{ProposedCall, ProposedEvent};
pub use refusal::Refusal;
pub use validate::Validate;

use crate::domain::HandlerFailure;

/// A layer around commands, deliveries, or both. What it does not say is let through.
#[async_trait]
pub trait Middleware: Send + Sync + 'static {
    /// Its name, for those who are refused by it.
    fn name(&self) -> &str;

    /// Around a command. What happens before `next.run(call)` happens before the aggregate is loaded; what comes back
    /// tells whether events were stored. Not calling `next` refuses the command, so an error says why.
    ///
    /// # Errors
    /// A [`Refusal`]: the command is not decided, and its caller is told which layer refused it and why. After
    /// `next.run(call)` it is too late to refuse: the command's own result stands.
    async fn command(&self, call: &mut CommandCall, next: NextCommand<'_>) -> Result<Completed, Refusal> {
        next.run(call).await
    }

    /// Looks at the events that a command is about to store; they cannot be changed. A command that is decided several
    /// times because of conflicts comes here as often.
    ///
    /// # Errors
    /// A [`Refusal`]: nothing is stored.
    fn events(&self, _call: &ProposedCall<'_>, _events: &[ProposedEvent<'_>]) -> Result<(), Refusal> {
        Ok(())
    }

    /// Around one attempt to deliver an event to a handler. [`Delivered::Skipped`] without calling `next` leaves the
    /// event out for this handler, as if it were handled.
    ///
    /// # Errors
    /// What the handler failed with, or a failure of the layer's own: a retryable one comes back, a permanent one ends in
    /// the dead letters. [`Refusal::permanent`] and [`Refusal::retryable`] make one that names the layer.
    async fn delivery(
        &self,
        call: &DeliveryCall<'_>,
        next: NextDelivery<'_>,
    ) -> Result<Delivered, HandlerFailure> {
        next.run(call).await
    }
}
