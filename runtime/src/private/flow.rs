//! What `domain!` calls for sagas and process managers.

use std::marker::PhantomData;

use super::Mistaken;
use crate::{
    app::Registry,
    domain::{ActInfo, Domain, Event, ListedSaga, ReactionInfo, Sending, Sends, Supply},
    execute::Within,
    model::Describe,
    process_manager::{Manage, ProcessManager},
    saga::{RunsIn, Saga, StartOn},
};

/// Asks for what is known of a saga: what a type has that is one wins over what [`NoSaga`] has.
#[derive(Debug)]
pub struct SagaProbe<S>(PhantomData<S>);

impl<S: Saga> SagaProbe<S> {
    /// Its name in the store.
    pub const NAME: &'static str = S::NAME;
    /// The version of its definition.
    pub const VERSION: u16 = S::VERSION;
    /// What starts it.
    pub const REACTIONS: &'static [ReactionInfo] = S::STARTED_BY;
    /// What its steps send.
    pub const ACTS: &'static [ActInfo] = S::ACTS;
    /// As a domain lists it.
    pub const LISTED: ListedSaga = ListedSaga {
        name: S::NAME,
        package: S::PACKAGE,
        version: S::VERSION,
        // Without steps there was a mistake, which was told.
        since: if S::STEPS.is_empty() { 0 } else { S::SINCE },
    };

    /// Names it to the application, whose dependencies must suffice for it.
    pub fn register<D: Domain>(registry: &mut Registry<D>)
    where
        for<'d> S::Deps<'d>: Supply<'d, D::Deps>,
    {
        registry.saga::<S>();
    }

    /// Describes it.
    pub fn describe<M: Describe>(to: &mut M) {
        to.saga::<S>();
    }

    /// Asks whether what it sends to is part of the domain.
    pub fn within<D: Domain>()
    where
        S: Within<D>,
    {
    }
}

/// The answer for all other types: that they are no sagas is said where they are listed.
pub trait NoSaga {
    /// It has no instances.
    const NAME: &'static str = "";
    /// And no definition.
    const VERSION: u16 = 0;
    /// Nothing starts it.
    const REACTIONS: &'static [ReactionInfo] = &[];
    /// It sends nothing.
    const ACTS: &'static [ActInfo] = &[];
    /// And none that is listed.
    const LISTED: ListedSaga = ListedSaga { name: "", package: "", version: 0, since: 0 };
    /// It is not named to the application.
    fn register<R>(_: &mut R) {}
    /// It is not described.
    fn describe<M>(_: &mut M) {}
    /// It sends nothing.
    fn within<D>() {}
}

impl<S> NoSaga for SagaProbe<S> {}

/// Asks that a part is a saga.
pub const fn is_saga<S: Saga>() {}

/// Asks for what is known of a process manager: what a type has that is one wins over what [`NoProcess`] has.
#[derive(Debug)]
pub struct ProcessProbe<P>(PhantomData<P>);

impl<P: ProcessManager> ProcessProbe<P> {
    /// Its name in the store.
    pub const NAME: &'static str = P::NAME;
    /// What it reacts to.
    pub const REACTIONS: &'static [ReactionInfo] = P::REACTIONS;
    /// What its deadlines send.
    pub const ACTS: &'static [ActInfo] = P::ACTS;

    /// Names it to the application.
    pub fn register<D: Domain>(registry: &mut Registry<D>) {
        registry.process_manager::<P>();
    }

    /// Describes it.
    pub fn describe<M: Describe>(to: &mut M) {
        to.process_manager::<P>();
    }

    /// Asks whether what it follows and sends to is part of the domain.
    pub fn within<D: Domain>()
    where
        P: Within<D>,
    {
    }
}

/// The answer for all other types: that they are no process managers is said where they are listed.
pub trait NoProcess {
    /// It has no instances.
    const NAME: &'static str = "";
    /// It reacts to nothing.
    const REACTIONS: &'static [ReactionInfo] = &[];
    /// It sends nothing.
    const ACTS: &'static [ActInfo] = &[];
    /// It is not named to the application.
    fn register<R>(_: &mut R) {}
    /// It is not described.
    fn describe<M>(_: &mut M) {}
    /// It sends nothing.
    fn within<D>() {}
}

impl<P> NoProcess for ProcessProbe<P> {}

/// Asks what a method can send by what it returns: a type that tells it wins over [`NoSends`].
#[derive(Debug)]
pub struct SendsProbe<R>(PhantomData<R>);

impl<R: Sends> SendsProbe<R> {
    /// All of it.
    pub const SENDS: Sending = R::SENDS;
}

/// The answer for all other types: that they cannot be returned is said elsewhere.
pub trait NoSends {
    /// Nothing is known.
    const SENDS: Sending = Sending::Nothing;
}

impl<R> NoSends for SendsProbe<R> {}

/// Asks what is done about the events of one type: what reacts to them wins over [`NoReaction`].
#[derive(Debug)]
pub struct ReactionProbe<R, E>(PhantomData<(R, E)>);

impl<P: Manage<E>, E: Event> ReactionProbe<P, E> {
    /// What a process manager does.
    pub const MANAGED: ReactionInfo = ReactionInfo::new(E::TYPES, P::VARIANTS, P::SENDS);
}

impl<S: StartOn<E>, E: Event> ReactionProbe<S, E> {
    /// Which of them start a saga.
    pub const STARTING: ReactionInfo = ReactionInfo::new(E::TYPES, S::VARIANTS, &[]);
}

/// The answer for all other types: what they lack is said elsewhere.
pub trait NoReaction {
    /// Nothing.
    const MANAGED: ReactionInfo = ReactionInfo::NONE;
    /// None.
    const STARTING: ReactionInfo = ReactionInfo::NONE;
}

impl<R, E> NoReaction for ReactionProbe<R, E> {}

/// Asks that a part is a process manager.
pub const fn is_process_manager<P: ProcessManager>() {}

#[diagnostic::do_not_recommend]
impl<S: Saga, D: Domain + Mistaken> RunsIn<D> for S {}
