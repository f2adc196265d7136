use std::{
    any::Any,
    collections::HashMap,
    fmt,
    ops::ControlFlow,
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::timeout;

use super::item::{Item, Source};
use crate::{
    domain::{
        Delivery, Event, EventHandler, HandlerFailure, IdempotencyKey, Meta, Position, React, Reactions,
    },
    execute::Cause,
    log::{Filter, LogEntry},
    middleware::{DeliveryCall, Layers},
    store::{LogEventRef, ReadLog, Store, StoreError, StreamId},
};

/// What a handler runs in: the application that has its dependencies, as long as it is there.
pub(crate) trait World<H: EventHandler>: Send + Sync + 'static {
    /// Keeps the application there while the handler runs.
    type Held: Send + Sync + 'static;

    /// The application; none once it is gone.
    fn hold(&self) -> Option<Self::Held>;

    /// What the handler needs of it.
    fn deps(held: &Self::Held) -> H::Deps<'_>;

    /// The application itself, for [`Delivery::app`].
    fn app(held: &Self::Held) -> &(dyn Any + Send + Sync);
}

/// What has become of one attempt.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The handler is done with the event.
    Done,
    /// It is not.
    Failed(HandlerFailure),
    /// It was not asked: the application is gone, or the store does not give the event.
    NotTried(Option<StoreError>),
}

/// Why an attempt failed that the handler itself says nothing about.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error("the handler was not done within {0:?}; the attempt was given up")]
    TimedOut(Duration),
    #[error("the handler panicked: {0}")]
    Panicked(String),
    #[error("there is no event at position {0} of the log")]
    Missing(Position),
    #[error(
        "this program's handler does not react to `{0}`, another version of it did; discard the delivery, or retry it once \
         there is a reaction again"
    )]
    Unwanted(String),
    #[error(
        "the process ended during the last {0} attempts at this event; see why it dies, and retry the delivery once the \
         handler is corrected, or discard it"
    )]
    Died(u32),
}

/// A handler, whatever its type.
#[async_trait]
pub(crate) trait Call: Send + Sync + 'static {
    /// The names of the events that it reacts to.
    fn events(&self) -> Vec<&'static str>;

    /// Which events are to be delivered.
    fn filter(&self) -> Filter {
        let names = self.events();
        // Without any name a filter lets everything through, and a handler without reactions wants nothing.
        let none = if names.is_empty() { Filter::new().when(|_| false) } else { Filter::new() };
        names.into_iter().fold(none, Filter::event)
    }

    /// Whether what it does is counted here.
    fn is_counted(&self) -> bool {
        true
    }

    /// In whose order an event is delivered, once for each: that of its stream, unless somebody says otherwise.
    fn lanes(&self, entry: &LogEntry) -> Vec<StreamId> {
        vec![entry.stream.clone()]
    }

    /// Tries the event of one lane once.
    async fn call(&self, entry: &LogEntry, lane: &StreamId, attempt: u32, limit: Duration) -> Outcome;
}

/// A handler of a type.
pub(super) struct Calls<H: EventHandler, W> {
    reactions: ReactionsOf<H>,
    world: W,
    layers: Layers,
}

type Run<H> = for<'a> fn(
    &'a LogEntry,
    &'a Delivery<'a>,
    <H as EventHandler>::Deps<'a>,
) -> BoxFuture<'a, Result<(), HandlerFailure>>;

/// How a handler reacts to events by their names.
struct ReactionsOf<H: EventHandler>(HashMap<&'static str, Run<H>>);

impl<H: EventHandler> Reactions<H> for ReactionsOf<H> {
    fn on<E: Event>(&mut self)
    where
        H: React<E>,
    {
        for found in E::TYPES {
            let variant = found.source.rsplit("::").next().unwrap_or_default();
            if H::VARIANTS.contains(&variant) {
                self.0.insert(found.name, run::<H, E>);
            }
        }
    }
}

fn run<'a, H: React<E>, E: Event>(
    entry: &'a LogEntry,
    delivery: &'a Delivery<'a>,
    deps: H::Deps<'a>,
) -> BoxFuture<'a, Result<(), HandlerFailure>> {
    Box::pin(async move {
        let event = entry.decode::<E>().map_err(HandlerFailure::permanent)?;
        H::react(&event, delivery, deps).await
    })
}

impl<H: EventHandler, W: World<H>> Calls<H, W> {
    pub(super) fn new(world: W, layers: Layers) -> Self {
        let mut reactions = ReactionsOf(HashMap::new());
        H::reactions(&mut reactions);
        Self { reactions, world, layers }
    }

    async fn react(&self, held: &W::Held, entry: &LogEntry, attempt: u32) -> Result<(), HandlerFailure> {
        let Some(run) = self.reactions.0.get(entry.name.as_str()) else {
            return Err(HandlerFailure::permanent(CallError::Unwanted(entry.name.clone())));
        };
        let meta = entry.meta().map_err(HandlerFailure::permanent)?;
        let delivery = delivery::<H>(entry, &meta, attempt).with_app(W::app(held));
        let reaction = run(entry, &delivery, W::deps(held));
        let cause = Cause::event(&entry.stream, entry.version, &meta);
        if self.layers.is_empty() {
            return cause.during(reaction).await;
        }
        let call = DeliveryCall::new(H::NAME, entry, &meta, attempt);
        cause.during(self.layers.deliver(&call, reaction)).await.map(|_| ())
    }
}

fn delivery<'a, H: EventHandler>(entry: &'a LogEntry, meta: &'a Meta, attempt: u32) -> Delivery<'a> {
    let mut delivery = Delivery::new(H::NAME, entry.stream.category(), entry.stream.id(), meta);
    delivery.key = IdempotencyKey::new(format!("{}/{}", H::NAME, entry.position));
    delivery.attempt = attempt;
    delivery.position = entry.position;
    delivery.version = entry.version;
    delivery.recorded_at = entry.recorded_at;
    delivery
}

#[async_trait]
impl<H: EventHandler, W: World<H>> Call for Calls<H, W> {
    fn events(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.reactions.0.keys().copied().collect();
        names.sort_unstable();
        names
    }

    async fn call(&self, entry: &LogEntry, _lane: &StreamId, attempt: u32, limit: Duration) -> Outcome {
        let Some(held) = self.world.hold() else { return Outcome::NotTried(None) };
        outcome_of(self.react(&held, entry, attempt), limit).await
    }
}

/// What has become of a reaction that may take too long or panic.
pub(crate) async fn outcome_of(
    reaction: impl Future<Output = Result<(), HandlerFailure>> + Send,
    limit: Duration,
) -> Outcome {
    match timeout(limit, AssertUnwindSafe(reaction).catch_unwind()).await {
        Ok(Ok(Ok(()))) => Outcome::Done,
        Ok(Ok(Err(failure))) => Outcome::Failed(failure),
        Ok(Err(panic)) => Outcome::Failed(HandlerFailure::retryable(CallError::Panicked(message(&*panic)))),
        Err(_) => Outcome::Failed(HandlerFailure::retryable(CallError::TimedOut(limit))),
    }
}

/// Tries an event once, reading it first if need be; how long it took.
pub(super) async fn attempt(
    call: &dyn Call,
    store: &Store,
    item: &Item,
    limit: Duration,
) -> (Outcome, Duration) {
    let entry = match &item.source {
        Source::Feed(entry) => entry,
        Source::Parked => match read(store, item.position).await {
            Ok(Some(entry)) => &entry.into(),
            Ok(None) => {
                let missing = HandlerFailure::permanent(CallError::Missing(item.position));
                return (Outcome::Failed(missing), Duration::ZERO);
            }
            Err(error) => return (Outcome::NotTried(Some(error)), Duration::ZERO),
        },
    };
    let begun = Instant::now();
    let outcome = call.call(entry, &item.lane, item.attempts.saturating_add(1), limit).await;
    (outcome, begun.elapsed())
}

/// The event at a position.
async fn read(store: &Store, position: Position) -> Result<Option<LogEntry>, StoreError> {
    let mut found = None;
    let mut visit = |event: LogEventRef<'_>| {
        found = (event.event.position == position).then(|| LogEntry::from(event));
        ControlFlow::Break(())
    };
    let after = Position::from_raw(position.raw().saturating_sub(1));
    store.port().read_log(&ReadLog { after, limit: 1 }, &mut visit).await?;
    Ok(found)
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".into())
}

impl<H: EventHandler, W> fmt::Debug for Calls<H, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("handler", &H::NAME).finish_non_exhaustive()
    }
}
