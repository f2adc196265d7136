use std::{any::Any, collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Instant};

use futures_util::FutureExt;
use serde_json::Value;
use tokio::time::timeout;

use super::{ATTEMPTS, Host, PluginContext, PluginOutcome, SUBSCRIPTION, emission::store_all, entry::Entry};
use crate::{
    domain::{FailureClass, HandlerFailure, IdempotencyKey, Meta},
    execute::Cause,
    log::LogEntry,
    middleware::DeliveryCall,
    monitor::{DeadLettered, MonitorEvent, record},
    store::Store,
};

/// How far the plugins of an event have come.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The results of those that are done, in their order.
    results: Vec<(String, Value)>,
    /// Those that are done, or were given up.
    settled: Vec<Arc<str>>,
    /// How often the others were tried.
    attempts: HashMap<Arc<str>, u32>,
    stopped: bool,
}

/// Why an attempt failed that the plugin itself says nothing about.
#[derive(Debug, thiserror::Error)]
enum AttemptError {
    #[error("the plugin was not done within {0:?}; the attempt was given up")]
    TimedOut(std::time::Duration),
    #[error("the plugin panicked: {0}")]
    Panicked(String),
}

impl Host {
    /// Calls the plugins that want an event, one after the other.
    ///
    /// # Errors
    /// The failure of a plugin that is to be tried again: those before it are not called again by this process.
    pub(crate) async fn run(&self, store: &Store, event: &LogEntry) -> Result<(), HandlerFailure> {
        let meta = event.meta().map_err(HandlerFailure::permanent)?;
        let mut progress = self.resume(event.position);
        for entry in self.wanting(event) {
            if progress.stopped {
                break;
            }
            if progress.settled.contains(&entry.name) {
                continue;
            }
            if let Err(failure) = self.step(store, event, &meta, &entry, &mut progress).await {
                self.pause(event.position, progress);
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Calls one plugin. An error means that it is to be tried again.
    async fn step(
        &self,
        store: &Store,
        event: &LogEntry,
        meta: &Meta,
        entry: &Arc<Entry>,
        progress: &mut Progress,
    ) -> Result<(), HandlerFailure> {
        let attempt = progress.attempts.get(&entry.name).map_or(1, |before| before + 1);
        let results = progress.results.clone();
        let context = PluginContext::new(&entry.name, event, meta, attempt, results);
        match self.attempt(store, event, meta, entry, context).await {
            Ok(outcome) => {
                entry.handled();
                progress.settled.push(entry.name.clone());
                if let Some(outcome) = outcome {
                    progress.stopped = matches!(outcome, PluginOutcome::Stop(_));
                    progress.results.push((entry.name.to_string(), outcome.value().clone()));
                }
                Ok(())
            }
            Err(failure) => {
                let errors = failure.chain();
                entry.failed(&errors);
                let again = failure.class == FailureClass::Retryable && attempt < ATTEMPTS;
                tracing::warn!(
                    plugin = %entry.name, stream = %event.stream, event = event.name, attempt, again, error = %failure,
                    "a plugin could not handle an event"
                );
                progress.attempts.insert(entry.name.clone(), attempt);
                if again {
                    return Err(failure);
                }
                tell(store, event, entry, attempt, errors).await?;
                entry.gave_up();
                progress.settled.push(entry.name.clone());
                Ok(())
            }
        }
    }

    /// One attempt, and what it emits. None where a layer has left the event out.
    async fn attempt(
        &self,
        store: &Store,
        event: &LogEntry,
        meta: &Meta,
        entry: &Entry,
        mut context: PluginContext,
    ) -> Result<Option<PluginOutcome>, HandlerFailure> {
        let cause = Cause::event(&event.stream, event.version, meta);
        let emitted = Meta { actor: Some(entry.name.to_string()), ..cause.meta() };
        let (begun, mut outcome) = (Instant::now(), None);
        let number = context.attempt();
        let handled = async {
            outcome = Some(entry.plugin.handle(event, &mut context).await?);
            Ok(())
        };
        let call = DeliveryCall::new(&entry.name, event, meta, number);
        let delivered = cause.during(self.layers.deliver(&call, handled.boxed()));
        let result = match timeout(entry.timeout, AssertUnwindSafe(delivered).catch_unwind()).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(HandlerFailure::retryable(AttemptError::Panicked(message(&*panic)))),
            Err(_) => Err(HandlerFailure::retryable(AttemptError::TimedOut(entry.timeout))),
        };
        self.statistics.handled(&entry.name, &event.name, event.position, begun.elapsed(), result.is_ok());
        result?;
        let (key, emissions) = context.into_emissions();
        store_all(store, &key, &emitted, emissions).await?;
        Ok(outcome)
    }
}

/// Tells of an event that a plugin was not able to handle.
async fn tell(
    store: &Store,
    event: &LogEntry,
    entry: &Entry,
    attempts: u32,
    errors: Vec<String>,
) -> Result<(), HandlerFailure> {
    let handler = format!("{SUBSCRIPTION}/{}", entry.name);
    let key = IdempotencyKey::new(format!("gesta.dead_lettered/{handler}/{}", event.position));
    let told = MonitorEvent::DeadLettered(DeadLettered {
        handler,
        stream: event.stream.to_string(),
        version: event.version,
        position: event.position,
        event: event.name.clone(),
        attempts,
        errors,
    });
    let meta = event.meta().unwrap_or_default();
    let meta = Cause::event(&event.stream, event.version, &meta).meta();
    record(store, SUBSCRIPTION, [(key, told, meta)]).await.map_err(HandlerFailure::retryable)
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".into())
}
