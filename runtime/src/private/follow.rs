//! What `domain!` calls for what follows the log: projections, event handlers and query handlers.

use std::marker::PhantomData;

use crate::{
    app::Registry,
    domain::{Aggregate, Domain, EventHandler, EventOf, Evolve, Projection, Supply, refuse_projection},
    model::Describe,
    projection::Folds,
    query::{QueryHandlers, ReadIn},
};

use super::Mistaken;

/// Asks for what is known of a projection: what a type has that is one wins over what [`NoProjection`] has.
#[derive(Debug)]
pub struct ProjectionProbe<P>(PhantomData<P>);

impl<P: Projection> ProjectionProbe<P> {
    /// Its name in the store.
    pub const NAME: &'static str = P::NAME;
    /// It is one.
    pub const IS_ONE: bool = true;
    /// Whether it is kept in the transaction of the append.
    pub const INLINE: bool = P::INLINE;

    /// Folded from nothing yet.
    pub fn folds() -> Folds<P> {
        Folds::new()
    }

    /// Describes it.
    pub fn describe<M: Describe>(to: &mut M) {
        to.projection::<P>();
    }

    /// Names it to the application.
    pub fn register<D: Domain>(registry: &mut Registry<D>, folds: Folds<P>) {
        registry.projection(folds);
    }
}

/// The answer for all other types: that they are no projections is said where they are listed.
pub trait NoProjection {
    /// It has no documents.
    const NAME: &'static str = "";
    /// It is none.
    const IS_ONE: bool = false;
    /// It is not kept.
    const INLINE: bool = false;
    /// It is folded from nothing.
    fn folds() {}
    /// It is not named to the application.
    fn register<R>(_: &mut R, (): ()) {}
    /// It is not described.
    fn describe<M>(_: &mut M) {}
}

impl<P> NoProjection for ProjectionProbe<P> {}

/// Refuses a projection that is folded from no event of the domain.
pub const fn check_folded(is_one: bool, domain: &str, source: &str, folded: &[bool]) {
    let mut i = 0;
    while i < folded.len() {
        if folded[i] {
            return;
        }
        i += 1;
    }
    if is_one {
        refuse_projection(domain, source)
    }
}

/// Asks whether a projection is folded from the events of an aggregate.
#[derive(Debug)]
pub struct FoldProbe<P, A>(PhantomData<(P, A)>);

impl<P: Projection + Evolve<A::Event>, A: Aggregate> FoldProbe<P, A>
where
    A::Event: EventOf,
{
    /// It is.
    pub const FOLDED: bool = true;

    /// Describes it.
    pub fn describe<M: Describe>(to: &mut M) {
        to.fold::<P, A::Event>();
    }

    /// From these too.
    pub fn add(folds: &mut Folds<P>) {
        folds.on::<A::Event>();
    }
}

/// The answer where it is not.
pub trait NoFold {
    /// It is not.
    const FOLDED: bool = false;
    /// From nothing more.
    fn add<F>(_: &mut F) {}
    /// It is not described.
    fn describe<M>(_: &mut M) {}
}

impl<P, A> NoFold for FoldProbe<P, A> {}

/// Asks for what is known of an event handler.
#[derive(Debug)]
pub struct HandlerProbe<H>(PhantomData<H>);

impl<H: EventHandler> HandlerProbe<H> {
    /// Its name in the store.
    pub const NAME: &'static str = H::NAME;

    /// Describes it.
    pub fn describe<M: Describe>(to: &mut M) {
        to.event_handler::<H>();
    }

    /// Names it to the application, whose dependencies must suffice for it.
    pub fn register<D: Domain>(registry: &mut Registry<D>)
    where
        for<'d> H::Deps<'d>: Supply<'d, D::Deps>,
    {
        registry.event_handler::<H>();
    }
}

/// The answer for all other types: that they are no handlers is said where they are listed.
pub trait NoHandler {
    /// It has no place in the log.
    const NAME: &'static str = "";
    /// It is not named to the application.
    fn register<R>(_: &mut R) {}
    /// It is not described.
    fn describe<M>(_: &mut M) {}
}

impl<H> NoHandler for HandlerProbe<H> {}

/// Asks that a part is an event handler.
pub const fn is_event_handler<H: EventHandler>() {}

/// Asks for what the query handlers of a projection need; one without any needs nothing.
#[derive(Debug)]
pub struct QueryProbe<P>(PhantomData<P>);

impl<P: QueryHandlers> QueryProbe<P> {
    /// Describes it.
    pub fn describe<M: Describe>(to: &mut M) {
        to.queries::<P>();
    }

    /// Asks whether these dependencies suffice.
    pub fn asks<'d, D>(_: &'d D)
    where
        P::Deps<'d>: Supply<'d, D>,
    {
    }
}

/// The answer where there are no query handlers.
pub trait NoQueries {
    /// They need nothing.
    fn asks<D>(_: &D) {}
    /// They are not described.
    fn describe<M>(_: &mut M) {}
}

impl<P> NoQueries for QueryProbe<P> {}

#[diagnostic::do_not_recommend]
impl<P: Projection, D: Domain + Mistaken> ReadIn<D> for P {}
