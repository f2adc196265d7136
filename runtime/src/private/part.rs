//! What `domain!` calls.

use std::marker::PhantomData;

use crate::{
    app::Registry,
    domain::{CommandHandlers, CommandInfo, Domain, Event, EventType, Lifecycle, PartOf, Supply},
    model::{Describe, Shown},
};

/// Asks for what is known of a part: the constants of a type that can be one win over those of [`NoPart`].
#[derive(Debug)]
pub struct PartProbe<T>(PhantomData<T>);

impl<A: CommandHandlers> PartProbe<A> {
    /// Names it to the application.
    pub fn register<D: Domain>(registry: &mut Registry<D>)
    where
        A: PartOf<D>,
    {
        registry.aggregate::<A>();
    }

    /// Describes it.
    pub fn describe<M: Describe>(to: &mut M) {
        to.aggregate::<A>();
    }

    /// Says how its state can be shown.
    pub fn shows<M: Describe>(to: &mut M, shown: Shown<A>) {
        to.shows(shown);
    }

    /// The category of its streams.
    pub const NAME: &'static str = A::NAME;
    /// The types of event that it records.
    pub const TYPES: &'static [EventType] = <A::Event as Event>::TYPES;
    /// Its commands.
    pub const COMMANDS: &'static [CommandInfo] = A::COMMANDS;
    /// Its states and what leads from one to another.
    pub const LIFECYCLE: Option<&'static Lifecycle> = A::LIFECYCLE;
}

/// The answer for all other types.
pub trait NoPart {
    /// It has no streams.
    const NAME: &'static str = "";
    /// It records nothing.
    const TYPES: &'static [EventType] = &[];
    /// It decides about nothing.
    const COMMANDS: &'static [CommandInfo] = &[];
    /// It has no states.
    const LIFECYCLE: Option<&'static Lifecycle> = None;
    /// It needs nothing.
    fn asks<D>(_: &D) {}
    /// It is not named to the application.
    fn register<R>(_: &mut R) {}
    /// It is not described.
    fn describe<M>(_: &mut M) {}
    /// It has no state.
    fn shows<M, S>(_: &mut M, _: S) {}
}

impl<T> NoPart for PartProbe<T> {}

/// Borrows what a part needs, where it can be borrowed. That it can is asked by [`PartProbe::asks`], of all parts in
/// one function: what several of them need and miss is then one mistake.
#[derive(Debug)]
pub struct SupplyProbe<'d, D, T>(&'d D, PhantomData<T>);

/// Something of a type that the compiler finds out: generated code cannot always name it without a second error.
#[derive(Debug)]
pub struct Wanted<T>(PhantomData<T>);

impl<T> Wanted<T> {
    /// Of a type to be found out.
    #[expect(clippy::new_without_default, reason = "for generated code alone")]
    pub fn new() -> Self {
        Self(PhantomData)
    }

    /// Stands in code that is never reached, where it says of which type it is.
    pub fn get(&self) -> T {
        unreachable!("called under `if false` alone")
    }

    /// Asks whether it can be borrowed from here.
    pub fn from<'d, D>(&self, deps: &'d D) -> SupplyProbe<'d, D, T> {
        SupplyProbe(deps, PhantomData)
    }
}

impl<'d, D, T: Supply<'d, D>> SupplyProbe<'d, D, T> {
    /// Borrows every dependency.
    pub fn supply(self) -> T {
        T::supply(self.0)
    }
}

/// The answer where something is missing.
pub trait NoSupply<T>: Sized {
    /// Never called: what is missing does not compile.
    fn supply(self) -> T {
        unreachable!("a domain that lacks a dependency does not compile")
    }
}

impl<D, T> NoSupply<T> for SupplyProbe<'_, D, T> {}

impl<A: CommandHandlers> PartProbe<A> {
    /// Asks whether these dependencies suffice for the part.
    pub fn asks<'d, D>(_: &'d D)
    where
        A::Deps<'d>: Supply<'d, D>,
    {
    }
}

/// A domain with a mistake: everything is taken to be part of it, so that the mistake is the only error.
pub trait Mistaken {}

#[diagnostic::do_not_recommend]
impl<A: CommandHandlers, D: Domain + Mistaken> PartOf<D> for A {
    fn supply(_: &D::Deps) -> A::Deps<'_> {
        unreachable!("a domain with a mistake does not compile")
    }
}
