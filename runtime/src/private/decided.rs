//! What `#[command_handler]` calls.

use crate::domain::{Aggregate, IntoEvents};

/// A dependency, borrowed: through this alias `dyn Trait` means `dyn Trait + 'static`, as in a struct's field.
pub type Dependency<'d, T> = &'d T;

/// What a handler returns.
#[diagnostic::on_unimplemented(
    message = "a handler cannot return `{Self}`",
    label = "expected `Result<Event, Error>`",
    note = "`std::convert::Infallible` is the error of a handler that never rejects"
)]
pub trait Decided {
    /// The events, in one of the forms of [`IntoEvents`].
    type Events;
    /// Why there are none.
    type Error;
    /// This, as a result.
    fn decided(self) -> Result<Self::Events, Self::Error>;
}

impl<T, E> Decided for Result<T, E> {
    type Events = T;
    type Error = E;
    fn decided(self) -> Self {
        self
    }
}

/// What a handler has returned, as the events of its aggregate.
pub fn events<A, R>(returned: R) -> Result<Vec<A::Event>, R::Error>
where
    A: Aggregate,
    R: Decided,
    R::Events: IntoEvents<A::Event>,
{
    returned.decided().map(IntoEvents::into_events)
}

/// Clones where that is possible: on a type that is `Clone` its own method is called, else that of [`NotClone`].
#[derive(Debug)]
pub struct Again<'a, T>(pub &'a T);

impl<T: Clone> Again<'_, T> {
    /// The same once more.
    pub fn again(self) -> Option<T> {
        Some(self.0.clone())
    }
}

/// The answer for all other types.
pub trait NotClone<T>: Sized {
    /// There is only one.
    fn again(self) -> Option<T> {
        None
    }
}

impl<T> NotClone<T> for Again<'_, T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_decided_again_where_it_can_be_cloned() {
        #[derive(Debug, PartialEq)]
        struct Once;
        assert_eq!(Again(&"twice".to_owned()).again(), Some("twice".to_owned()));
        assert_eq!(Again(&Once).again(), None);
    }
}
