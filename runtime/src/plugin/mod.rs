//! Handlers that are registered while the application runs, for platforms that load behaviour by configuration.
//!
//! A [`Plugin`] says which events it wants by a filter that may be anything, and comes before or after others by its
//! priority. For one event the plugins run one after the other; later ones see the results of earlier ones, and each may
//! end the chain or emit further events. All of them follow the log in one durable subscription, [`SUBSCRIPTION`]: at
//! least once, each stream in its order.
//!
//! A plugin that fails or takes too long is tried [`ATTEMPTS`] times in all, while the events of that stream wait. Then it
//! is told by an event `gesta.dead_lettered` and by its [`PluginStatus`], and the chain goes on without it: nobody is held
//! up for ever. That is the end of it: nothing of it is parked, so [`App::dead_letters`](crate::App::dead_letters) does not
//! have it. What must not be lost is for an event handler.
//!
//! A process runs the plugins that were registered in it. Where several share a store, each registers the same ones.
//!
//! ```
//! use gesta::{
//!     domain::HandlerFailure,
//!     log::{Filter, LogEntry},
//!     plugin::{Plugin, PluginContext, PluginOutcome, async_trait},
//! };
//!
//! /// Counts the words of notes, for those who come after it.
//! struct Words;
//!
//! #[async_trait]
//! impl Plugin for Words {
//!     fn name(&self) -> &str {
//!         "words"
//!     }
//!
//!     fn filter(&self) -> Filter {
//!         Filter::new().event("note.written")
//!     }
//!
//!     fn priority(&self) -> i32 {
//!         10
//!     }
//!
//!     async fn handle(
//!         &self,
//!         event: &LogEntry,
//!         _context: &mut PluginContext,
//!     ) -> Result<PluginOutcome, HandlerFailure> {
//!         let note = event.json().map_err(HandlerFailure::permanent)?;
//!         let words = note["text"].as_str().unwrap_or_default().split_whitespace().count();
//!         Ok(PluginOutcome::Continue(words.into()))
//!     }
//! }
//! # let _ = Words;
//! ```

mod chain;
mod closure;
mod context;
mod emission;
mod entry;
mod host;

use std::time::Duration;

pub use async_trait::async_trait;
pub use closure::PluginFn;
pub use context::PluginContext;
pub use entry::PluginStatus;
pub(crate) use host::Host;
use serde_json::Value;

use crate::{
    domain::HandlerFailure,
    log::{Filter, LogEntry},
};

/// The name of the subscription in which all plugins follow the log.
pub const SUBSCRIPTION: &str = "plugins";

/// How often a plugin is tried with an event in all.
pub const ATTEMPTS: u32 = 3;

/// What reacts to events, registered while the application runs.
#[async_trait]
pub trait Plugin: Send + Sync + 'static {
    /// Its name, told apart from every other.
    fn name(&self) -> &str;

    /// Which events it wants; all by default. The framework's own events, `gesta.*`, are left out unless the filter names
    /// them. Asked once, when it is registered.
    fn filter(&self) -> Filter {
        Filter::new()
    }

    /// Which plugins come first: those with the greater number, and of equals those that were registered first. 0 by
    /// default. Asked once, when it is registered.
    fn priority(&self) -> i32 {
        0
    }

    /// How long one attempt may take; 10 seconds by default. Asked once, when it is registered.
    fn timeout(&self) -> Duration {
        Duration::from_secs(10)
    }

    /// Reacts to an event. It may be called again with the same one: after a failure, and after a process has ended.
    ///
    /// # Errors
    /// A retryable failure is tried again, a permanent one is not; after that the chain goes on without this plugin.
    async fn handle(
        &self,
        event: &LogEntry,
        context: &mut PluginContext,
    ) -> Result<PluginOutcome, HandlerFailure>;
}

/// What has come of an event in a plugin: a value for those that come after it, and whether any do.
#[derive(Clone, Debug, PartialEq)]
pub enum PluginOutcome {
    /// The next plugin is called.
    Continue(Value),
    /// No other plugin is called with this event.
    Stop(Value),
}

impl PluginOutcome {
    /// Nothing to tell; the next plugin is called.
    pub const fn nothing() -> Self {
        Self::Continue(Value::Null)
    }

    /// The value.
    pub fn value(&self) -> &Value {
        match self {
            Self::Continue(value) | Self::Stop(value) => value,
        }
    }
}

impl From<()> for PluginOutcome {
    fn from((): ()) -> Self {
        Self::nothing()
    }
}

impl From<Value> for PluginOutcome {
    fn from(value: Value) -> Self {
        Self::Continue(value)
    }
}
