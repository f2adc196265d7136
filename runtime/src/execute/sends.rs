use std::any;

use crate::domain::{Aggregate, AggregateId, Dispatch};

/// What a step or a reaction can send, as far as the type of what it returns tells.
pub trait Sends {
    /// Adds all of it to a list.
    fn sends<L: Extend<Sending>>(to: &mut L);
}

/// Something that a step or a reaction can send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sending {
    /// A command to an aggregate.
    Command {
        /// The category of the aggregate's streams.
        aggregate: &'static str,
        /// The command's type, as the compiler calls it.
        command: &'static str,
    },
    /// The start of another saga.
    Saga {
        /// Its name in the store.
        name: &'static str,
    },
    /// A change of a deadline.
    Timer,
}

impl<I: AggregateId, C> Sends for Dispatch<I, C> {
    fn sends<L: Extend<Sending>>(to: &mut L) {
        let (aggregate, command) = (<I::Aggregate as Aggregate>::NAME, any::type_name::<C>());
        to.extend([Sending::Command { aggregate, command }]);
    }
}

impl<T: Sends> Sends for Option<T> {
    fn sends<L: Extend<Sending>>(to: &mut L) {
        T::sends(to);
    }
}

impl<T: Sends> Sends for Vec<T> {
    fn sends<L: Extend<Sending>>(to: &mut L) {
        T::sends(to);
    }
}

impl Sends for () {
    fn sends<L: Extend<Sending>>(_: &mut L) {}
}
