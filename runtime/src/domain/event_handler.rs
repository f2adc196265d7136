use std::{any::Any, fmt, future::Future};

use super::{DeliveryPolicy, Event, HandlerFailure, IdempotencyKey, Meta, Position, Timestamp};

/// What reacts to events with effects outside of the store: at least once, each stream in its order.
///
/// `#[event_handler]` writes this, and a [`React`] for every type of event in its `#[on(..)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event handler",
    label = "no `#[event_handler] impl {Self}`",
    note = "write `#[event_handler(name = \"..\")] impl {Self} {{ #[on(Event::Variant)] async fn name(..) -> Result<_, _> {{ .. }} }}`"
)]
pub trait EventHandler: Sized + Send + Sync + 'static {
    /// Everything that its methods need of the application: a tuple of references, each type once.
    type Deps<'d>: Copy + Send + Sync;
    /// Its name in the store, where it is kept how far it has come.
    const NAME: &'static str;
    /// What is said of it in the source; empty where nothing is.
    const DOC: &'static str = "";

    /// How its events are delivered.
    fn policy() -> DeliveryPolicy {
        DeliveryPolicy::new()
    }

    /// Names every type of event that it reacts to.
    fn reactions<R: Reactions<Self>>(to: &mut R);
}

/// What collects the types of event that a handler reacts to.
pub trait Reactions<H: EventHandler> {
    /// It reacts to some of these.
    fn on<E: Event>(&mut self)
    where
        H: React<E>;
}

/// How a handler reacts to the events of one type.
pub trait React<E: Event>: EventHandler {
    /// The variants that it reacts to, as they are called in the source: `Withdrawn`. Others are not delivered.
    const VARIANTS: &'static [&'static str];
    /// What is said in the source of how it reacts to each of [`React::VARIANTS`]; none where nothing is known.
    const DOCS: &'static [&'static str] = &[];

    /// Reacts to one event. A variant, or a value of it, that no pattern fits is handled by doing nothing.
    fn react(
        event: &E,
        delivery: &Delivery<'_>,
        deps: Self::Deps<'_>,
    ) -> impl Future<Output = Result<(), HandlerFailure>> + Send;
}

/// One delivery of an event to a handler, which may be repeated: what stands beside the event.
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery<'a> {
    /// The handler's name.
    pub handler: &'a str,
    /// The same for every attempt at this event by this handler, and for nothing else: for services that tell
    /// repetitions by a key.
    pub key: IdempotencyKey,
    /// Which attempt this is: 1 for the first.
    pub attempt: u32,
    /// The category of the event's stream.
    pub category: &'a str,
    /// The id of the event's stream, as a text.
    pub id: &'a str,
    /// The event's place in the log.
    pub position: Position,
    /// The event's place in its stream.
    pub version: u64,
    /// When the database recorded it.
    pub recorded_at: Timestamp,
    /// Who caused it, and what it belongs to.
    pub meta: &'a Meta,
    app: Option<&'a (dyn Any + Send + Sync)>,
}

impl<'a> Delivery<'a> {
    /// A first delivery; the public fields can be changed.
    pub fn new(handler: &'a str, category: &'a str, id: &'a str, meta: &'a Meta) -> Self {
        let (position, version, recorded_at) = (Position::START, 1, Timestamp::from_micros(0));
        let key = IdempotencyKey::new(format!("{handler}/{position}"));
        Self { handler, key, attempt: 1, category, id, position, version, recorded_at, meta, app: None }
    }

    /// With the application, for handlers that send commands.
    #[must_use]
    pub fn with_app(mut self, app: &'a (dyn Any + Send + Sync)) -> Self {
        self.app = Some(app);
        self
    }

    /// The application, if it is of this type.
    pub fn app<A: Any>(&self) -> Option<&'a A> {
        self.app.and_then(|app| app.downcast_ref())
    }
}

impl fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("handler", &self.handler)
            .field("attempt", &self.attempt)
            .field("stream", &format_args!("{}/{}", self.category, self.id))
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}
