use std::{fmt, future::IntoFuture, time::Duration};

use futures_util::future::BoxFuture;

use super::{Cause, ExecuteError, Options};
use crate::domain::{IdempotencyKey, Receipt};

/// A command on its way: say more about it, then `.await` it. Nothing happens before that.
///
/// Dropped while awaited, the command is stored whole or not at all; repeating it with the same key tells which.
#[must_use = "a command is executed when it is awaited"]
pub struct Execute<E> {
    options: Options,
    run: Run<E>,
}

type Run<E> = Box<dyn FnOnce(Options) -> BoxFuture<'static, Result<Receipt, ExecuteError<E>>> + Send>;

impl<E> Execute<E> {
    pub(crate) fn new<F>(run: F) -> Self
    where
        F: FnOnce(Options) -> BoxFuture<'static, Result<Receipt, ExecuteError<E>>> + Send + 'static,
    {
        Self { options: Options::default(), run: Box::new(run) }
    }

    /// Makes the command repeatable: with the same key again the first receipt is given and nothing is stored.
    pub fn key(mut self, key: impl Into<IdempotencyKey>) -> Self {
        self.options.key = Some(key.into());
        self
    }

    /// Who asks.
    pub fn by(mut self, actor: impl Into<String>) -> Self {
        self.options.meta.actor = Some(actor.into());
        self
    }

    /// What it belongs to: the same for everything that follows from one request.
    ///
    /// A command that is awaited inside an event handler need not say it: it belongs to what the event belongs to, and
    /// if that is nothing, to the event itself, as `category/id@version`. Its causation is the event, its tenant and
    /// trace context are those of the event. What is said here, or by the other methods, comes first. A task that the
    /// handler spawns is outside of it.
    pub fn correlation(mut self, id: impl Into<String>) -> Self {
        self.options.meta.correlation = Some(id.into());
        self
    }

    /// What directly caused it: inside an event handler, the event, unless something else is said.
    pub fn causation(mut self, id: impl Into<String>) -> Self {
        self.options.meta.causation = Some(id.into());
        self
    }

    /// For whom the data is kept, where one store serves several.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.options.meta.tenant = Some(tenant.into());
        self
    }

    /// A free pair of the application, stored beside the events.
    pub fn meta(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.meta.values.insert(name.into(), value.into());
        self
    }

    /// The W3C trace context of the call: the headers `traceparent` and `tracestate`.
    pub fn trace(mut self, traceparent: impl Into<String>, tracestate: Option<String>) -> Self {
        self.options.meta.traceparent = Some(traceparent.into());
        self.options.meta.tracestate = tracestate;
        self
    }

    /// Only if the stream is at this version; otherwise [`ExecuteError::Conflict`], without deciding again.
    pub fn expect_version(mut self, version: u64) -> Self {
        self.options.expect_version = Some(version);
        self
    }

    /// How long it may take, loading, deciding and storing together.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }
}

impl<E> IntoFuture for Execute<E> {
    type Output = Result<Receipt, ExecuteError<E>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(mut self) -> Self::IntoFuture {
        Cause::complete(&mut self.options.meta);
        (self.run)(self.options)
    }
}

impl<E> fmt::Debug for Execute<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Execute").field("options", &self.options).finish_non_exhaustive()
    }
}
