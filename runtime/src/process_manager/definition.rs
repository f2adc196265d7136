use std::{fmt, str::FromStr};

use super::Reaction;
use crate::{
    codec::{DecodeError, EncodeError},
    domain::{
        ActInfo, DeliveryPolicy, Event, HandlerFailure, Meta, Position, ProjectionKey, ReactionInfo, Route,
        Sending, Timestamp,
    },
};

/// A process manager: one state per key, changed by events and deadlines. `#[process_manager]` writes this, and a
/// [`Manage`] for every type of event in its `#[on(..)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a process manager",
    label = "no `#[process_manager] impl {Self}`",
    note = "write `#[process_manager(key = ..)] impl {Self} {{ #[on(Event::Variant)] fn name(&mut self) -> .. {{ .. }} }}`"
)]
pub trait ProcessManager: Sized + Send + Sync + 'static {
    /// What an instance is found by.
    type Key: ProjectionKey + FromStr;
    /// Its name in the store: `dormancy`.
    const NAME: &'static str;
    /// The names of its deadlines.
    const DEADLINES: &'static [&'static str];
    /// What is said of each deadline in the source; none where nothing is known.
    const DEADLINE_DOCS: &'static [&'static str] = &[];
    /// What is said of it in the source; empty where nothing is.
    const DOC: &'static str = "";
    /// What [`ProcessManager::inputs`] names, as data; nothing where it is not known.
    const REACTIONS: &'static [ReactionInfo] = &[];
    /// What the deadlines can send, as far as the types of what their methods return tell.
    const ACTS: &'static [ActInfo] = &[];

    /// How its inputs are delivered: how often one that fails is tried, and so on.
    fn policy() -> DeliveryPolicy {
        DeliveryPolicy::new().concurrency(64)
    }

    /// An instance before its first event.
    fn initial() -> Self;

    /// Writes the state as JSON.
    ///
    /// # Errors
    /// When a field cannot be written as JSON.
    fn encode(&self) -> Result<Vec<u8>, EncodeError>;

    /// Reads a state.
    ///
    /// # Errors
    /// When it is not what the process manager has written.
    fn decode(json: &[u8]) -> Result<Self, DecodeError>;

    /// Names every type of event that it reacts to.
    fn inputs<I: Inputs<Self>>(to: &mut I);

    /// A deadline has come, by its place in [`ProcessManager::DEADLINES`].
    fn deadline(&mut self, deadline: usize, key: &Self::Key) -> Vec<Reaction<Self>>;
}

/// What collects the types of event that a process manager reacts to.
pub trait Inputs<P: ProcessManager> {
    /// It reacts to some of these.
    fn on<E: Event>(&mut self)
    where
        P: Manage<E>;
}

/// How a process manager reacts to the events of one type.
pub trait Manage<E: Event>: ProcessManager {
    /// The variants that it reacts to, as they are called in the source: `Withdrawn`.
    const VARIANTS: &'static [&'static str];
    /// What is said in the source of how it reacts to each of [`Manage::VARIANTS`]; none where nothing is known.
    const DOCS: &'static [&'static str] = &[];
    /// What each of [`Manage::VARIANTS`] can lead to, as far as the types of what the methods return tell; none where
    /// nothing is known.
    const SENDS: &'static [Sending] = &[];

    /// Which instances an event is for.
    fn route(event: &E) -> Route;

    /// Reacts to an event.
    ///
    /// # Errors
    /// When what stands beside the event cannot be read, such as the stream's id.
    fn manage(&mut self, event: &E, input: &Input<'_, Self>) -> Result<Vec<Reaction<Self>>, HandlerFailure>;
}

/// What stands beside an event.
#[non_exhaustive]
pub struct Input<'a, P: ProcessManager> {
    /// The instance.
    pub key: &'a P::Key,
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
}

impl<'a, P: ProcessManager> Input<'a, P> {
    /// Of a first event; the public fields can be changed.
    pub fn new(key: &'a P::Key, category: &'a str, id: &'a str, meta: &'a Meta) -> Self {
        let (position, version, recorded_at) = (Position::START, 1, Timestamp::from_micros(0));
        Self { key, category, id, position, version, recorded_at, meta }
    }
}

impl<P: ProcessManager> fmt::Debug for Input<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("process_manager", &P::NAME)
            .field("stream", &format_args!("{}/{}", self.category, self.id))
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}
