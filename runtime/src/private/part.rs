//! What `domain!` calls.

use std::marker::PhantomData;

use crate::domain::{CommandHandlers, Event, EventType};

/// Asks for what is known of a part: the constants of a type that can be one win over those of [`NoPart`].
#[derive(Debug)]
pub struct PartProbe<T>(PhantomData<T>);

impl<A: CommandHandlers> PartProbe<A> {
    /// The category of its streams.
    pub const NAME: &'static str = A::NAME;
    /// The types of event that it records.
    pub const TYPES: &'static [EventType] = <A::Event as Event>::TYPES;
}

/// The answer for all other types.
pub trait NoPart {
    /// It has no streams.
    const NAME: &'static str = "";
    /// It records nothing.
    const TYPES: &'static [EventType] = &[];
}

impl<T> NoPart for PartProbe<T> {}
