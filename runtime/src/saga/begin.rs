use super::Saga;
use crate::domain::{Event, HandlerFailure, Meta, Position, Timestamp};

/// What collects the types of event that start a saga.
pub trait Starts<S: Saga> {
    /// Some of these start it.
    fn on<E: Event>(&mut self)
    where
        S: StartOn<E>;
}

/// How the events of one type start a saga.
pub trait StartOn<E: Event>: Saga {
    /// The variants that start it, as they are called in the source: `Placed`.
    const VARIANTS: &'static [&'static str];
    /// What is said in the source of how each of [`StartOn::VARIANTS`] starts it; none where nothing is known.
    const DOCS: &'static [&'static str] = &[];

    /// The saga that an event starts, and the id of its instance; none for an event that starts none.
    ///
    /// It is called again for an event that is delivered again, and must come to the same id.
    ///
    /// # Errors
    /// When what stands beside the event cannot be read, such as the stream's id.
    fn start(event: &E, cause: &Cause<'_>) -> Result<Option<Begun<Self>>, HandlerFailure>;
}

/// A saga that an event starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Begun<S> {
    /// The id of the instance.
    pub id: String,
    /// Its data.
    pub saga: S,
}

/// What stands beside an event that may start a saga.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Cause<'a> {
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

impl<'a> Cause<'a> {
    /// Of a first event; the public fields can be changed.
    pub fn new(category: &'a str, id: &'a str, meta: &'a Meta) -> Self {
        let (position, version, recorded_at) = (Position::START, 1, Timestamp::from_micros(0));
        Self { category, id, position, version, recorded_at, meta }
    }

    /// The id of an instance that is the only one of the event's stream.
    pub fn of_stream(&self) -> String {
        self.id.to_owned()
    }

    /// The id of an instance that is the only one of the event: `<id>@<version>`.
    pub fn of_event(&self) -> String {
        format!("{}@{}", self.id, self.version)
    }
}
