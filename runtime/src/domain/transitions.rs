use super::{Impossible, Misfit, StateInfo, Transition};

/// How a state is made and changed by the events of one type, where not every event fits every state.
///
/// `#[apply(OrderEvent)]` writes this, in place of [`Evolve`](super::Evolve), where a method of the block makes the
/// first state or is for some states only. As with `Evolve`, the same events must give the same state.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no transitions by `{E}`",
    label = "no `#[apply({E})]` block of `{Self}` makes a first state or names one that it comes from"
)]
pub trait Transitions<E>: Sized {
    /// What each event does in which state.
    const ALL: &'static [Transition];
    /// Which events are declared impossible in which states.
    const IMPOSSIBLE: &'static [Impossible];

    /// Takes one event in: makes the first state, or changes the one that there is.
    ///
    /// # Errors
    /// When the event does not fit what is there, which is left as it was.
    fn transition(state: &mut Option<Self>, event: &E) -> Result<(), Misfit>;
}

/// The states of an enum, by name. `#[aggregate(.., states)]` writes this.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not declare its states",
    label = "its states are not declared",
    note = "write `#[aggregate(id = .., event = .., states)]` on the enum: each variant is a state"
)]
pub trait States {
    /// All of them, in the order of the variants.
    const STATES: &'static [StateInfo];

    /// The name of the one that this is.
    fn state(&self) -> &'static str;
}
