//! What `#[aggregate]` calls to fold events.

use std::marker::PhantomData;

use crate::domain::{Evolve, Impossible, Lifecycle, Misfit, StateInfo, Transition, Transitions};

/// What a stream's first event changes, where no event makes it.
#[diagnostic::on_unimplemented(
    message = "nothing makes the first state of `{Self}`",
    label = "neither `Default` nor an `#[apply]` method without `self`",
    note = "write `#[derive(Default)]`, if there is a value that stands for nothing yet",
    note = "or let the first event make the state: `fn opened(owner: &String) -> Self` in the `#[apply(..)]` block"
)]
pub trait Initial {
    /// The state before the first event.
    fn initial() -> Self;
}

#[diagnostic::do_not_recommend]
impl<S: Default> Initial for S {
    fn initial() -> Self {
        S::default()
    }
}

/// How a state is folded: by its [`Transitions`] where it has them, else as [`NoTransitions`] says.
#[derive(Debug)]
pub struct Folding<S, E>(PhantomData<(S, E)>);

/// What is known of the transitions of a state.
#[derive(Clone, Copy, Debug)]
pub struct Folded {
    /// What each event does in which state.
    pub transitions: &'static [Transition],
    /// Which events are declared impossible in which states.
    pub impossible: &'static [Impossible],
}

impl<S: Transitions<E>, E> Folding<S, E> {
    /// What is known of them.
    pub const FOLDED: Option<Folded> = Some(Folded { transitions: S::ALL, impossible: S::IMPOSSIBLE });

    /// Takes one event in.
    #[inline]
    pub fn fold(state: &mut Option<S>, event: &E) -> Result<(), Misfit> {
        S::transition(state, event)
    }
}

/// The way of all other states: they begin as their `Default`, and every event fits.
pub trait NoTransitions<S, E> {
    /// There are none.
    const FOLDED: Option<Folded> = None;

    /// Takes one event in.
    #[inline]
    fn fold(state: &mut Option<S>, event: &E) -> Result<(), Misfit>
    where
        S: Evolve<E> + Initial,
    {
        state.get_or_insert_with(S::initial).evolve(event);
        Ok(())
    }
}

impl<S, E> NoTransitions<S, E> for Folding<S, E> {}

/// What is known of the states of an aggregate and of what leads from one to another, where it says anything of them.
pub const fn lifecycle(states: &'static [StateInfo], folded: Option<Folded>) -> Option<Lifecycle> {
    match folded {
        Some(folded) => Some(Lifecycle::new(states, folded.transitions, folded.impossible)),
        None if states.is_empty() => None,
        None => Some(Lifecycle::new(states, &[], &[])),
    }
}
