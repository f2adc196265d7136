use std::{fmt, time::Duration};

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::{Plugin, PluginContext, PluginOutcome};
use crate::{
    domain::HandlerFailure,
    log::{Filter, LogEntry},
};

/// A plugin from a closure.
///
/// ```
/// use gesta::{log::Filter, plugin::{PluginFn, PluginOutcome}};
///
/// let shout = PluginFn::new("shout", Filter::new().event("note.written"), |event, context| {
///     Box::pin(async move {
///         println!("{} has {:?} words", event.stream, context.result("words"));
///         Ok(PluginOutcome::nothing())
///     })
/// })
/// .priority(-1);
/// # let _ = shout;
/// ```
pub struct PluginFn {
    name: String,
    filter: Filter,
    priority: i32,
    timeout: Duration,
    handle: Box<Handle>,
}

type Handle = dyn for<'a> Fn(&'a LogEntry, &'a mut PluginContext) -> BoxFuture<'a, Result<PluginOutcome, HandlerFailure>>
    + Send
    + Sync;

impl PluginFn {
    /// Calls the closure with the events that pass the filter.
    pub fn new<F>(name: impl Into<String>, filter: Filter, handle: F) -> Self
    where
        F: for<'a> Fn(
                &'a LogEntry,
                &'a mut PluginContext,
            ) -> BoxFuture<'a, Result<PluginOutcome, HandlerFailure>>
            + Send
            + Sync
            + 'static,
    {
        let (name, timeout) = (name.into(), Duration::from_secs(10));
        Self { name, filter, priority: 0, timeout, handle: Box::new(handle) }
    }

    /// Which plugins come first: those with the greater number. 0 by default.
    #[must_use]
    pub fn priority(self, priority: i32) -> Self {
        Self { priority, ..self }
    }

    /// How long one attempt may take; 10 seconds by default.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }
}

#[async_trait]
impl Plugin for PluginFn {
    fn name(&self) -> &str {
        &self.name
    }

    fn filter(&self) -> Filter {
        self.filter.clone()
    }

    fn priority(&self) -> i32 {
        self.priority
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    async fn handle(
        &self,
        event: &LogEntry,
        context: &mut PluginContext,
    ) -> Result<PluginOutcome, HandlerFailure> {
        (self.handle)(event, context).await
    }
}

impl fmt::Debug for PluginFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginFn")
            .field("name", &self.name)
            .field("priority", &self.priority)
            .finish_non_exhaustive()
    }
}
