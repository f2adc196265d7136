use std::any;

use super::{Aggregate, AggregateId, Dispatch, EventType};

/// What a step or a reaction can send, as far as the type of what it returns tells.
pub trait Sends {
    /// All of it.
    const SENDS: Sending;
}

/// What a step or a reaction can send.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Sending {
    /// Nothing, or nothing that is known.
    Nothing,
    /// A command to an aggregate.
    Command {
        /// The category of the aggregate's streams.
        aggregate: &'static str,
        /// The command's type, as the compiler calls it.
        command: fn() -> &'static str,
    },
    /// The start of another saga.
    Saga {
        /// Its name in the store.
        name: &'static str,
    },
    /// A change of a deadline.
    Timer,
    /// Any of these.
    Several(&'static [Self]),
}

/// That something reacts to the events of one type, as data: a process manager, or a saga that they start.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReactionInfo {
    /// All that the type of event can be.
    pub events: &'static [EventType],
    /// What is reacted to of it, as it is called in the source: `Withdrawn`.
    pub variants: &'static [&'static str],
    /// What each reaction can send, by the place in `variants`; none where nothing is sent at once.
    pub sends: &'static [Sending],
}

impl ReactionInfo {
    /// A reaction to nothing.
    pub const NONE: Self = Self::new(&[], &[], &[]);

    /// A reaction to some of these events.
    pub const fn new(
        events: &'static [EventType],
        variants: &'static [&'static str],
        sends: &'static [Sending],
    ) -> Self {
        Self { events, variants, sends }
    }
}

/// What a deadline, a step of a saga or what undoes a step can send, as data.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ActInfo {
    /// The name of the deadline, the step or the compensation.
    pub name: &'static str,
    /// The place of the deadline or the step among all.
    pub place: usize,
    /// Whether it undoes the step at that place.
    pub undoes: bool,
    /// What it can send.
    pub sends: Sending,
}

impl ActInfo {
    /// That of a deadline or a step.
    pub const fn new(name: &'static str, place: usize, sends: Sending) -> Self {
        Self { name, place, undoes: false, sends }
    }

    /// That of what undoes the step at this place.
    #[must_use]
    pub const fn undoing(mut self) -> Self {
        self.undoes = true;
        self
    }
}

impl<I: AggregateId, C> Sends for Dispatch<I, C> {
    const SENDS: Sending =
        Sending::Command { aggregate: <I::Aggregate as Aggregate>::NAME, command: any::type_name::<C> };
}

impl<T: Sends> Sends for Option<T> {
    const SENDS: Sending = T::SENDS;
}

impl<T: Sends> Sends for Vec<T> {
    const SENDS: Sending = T::SENDS;
}

impl Sends for () {
    const SENDS: Sending = Sending::Nothing;
}
