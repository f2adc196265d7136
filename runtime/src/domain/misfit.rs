/// Why an event cannot follow on what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Misfit {
    /// Nothing is there yet, and the event does not make a first state.
    #[error(
        "there is no state yet, and this event makes none; the first event is one whose `#[apply]` method has no `self`"
    )]
    NotFirst,
    /// The event makes a first state, and there is one already.
    #[error("it makes the first state, and there is one already")]
    NotAgain,
    /// The event is declared impossible in the state that there is.
    #[error("it is declared impossible in the state `{state}`")]
    Impossible {
        /// The state.
        state: &'static str,
    },
    /// The method of the event made another state than it says.
    #[error(
        "its method says where it leads, and it led to the state `{state}`; correct `#[to(..)]`, or the method"
    )]
    Elsewhere {
        /// The state that it made.
        state: &'static str,
    },
}
