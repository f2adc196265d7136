//! What `#[event_handler]` calls.

use std::{any::Any, error::Error, pin::Pin, str::FromStr};

use crate::domain::{Aggregate, Classify, Delivery, EventOf, FailureClass, HandlerFailure};

/// What a reaction returns.
#[diagnostic::on_unimplemented(
    message = "an event handler cannot return `{Self}`",
    label = "expected `Result<(), Error>`",
    note = "`std::convert::Infallible` is the error of a handler that never fails"
)]
pub trait Reacted {
    /// Why it has failed.
    type Error;
    /// This, as a result.
    fn reacted(self) -> Result<(), Self::Error>;
}

impl<E> Reacted for Result<(), E> {
    type Error = E;
    fn reacted(self) -> Self {
        self
    }
}

/// What a reaction fails with.
#[diagnostic::on_unimplemented(
    message = "an event handler cannot fail with `{Self}`",
    label = "not an error that can be kept with the event",
    note = "implement `std::error::Error` for it, such as by `#[derive(Debug, thiserror::Error)]`"
)]
pub trait Failing {
    /// As an error of any kind.
    fn boxed(self) -> Box<dyn Error + Send + Sync>;
}

#[diagnostic::do_not_recommend]
impl<T: Into<Box<dyn Error + Send + Sync>>> Failing for T {
    fn boxed(self) -> Box<dyn Error + Send + Sync> {
        self.into()
    }
}

/// The failure of a reaction.
pub fn failed<E: Failing>(error: E, class: FailureClass) -> HandlerFailure {
    HandlerFailure { class, error: error.boxed() }
}

/// Asks an error whether trying again can help: one that is `Classify` answers, else [`Unclassified`] does.
#[derive(Debug)]
pub struct Class<'a, E>(pub &'a E);

impl<E: Classify> Class<'_, E> {
    /// What the error says.
    pub fn class(self) -> FailureClass {
        self.0.class()
    }
}

/// The answer for all other errors.
pub trait Unclassified: Sized {
    /// It may help.
    fn class(self) -> FailureClass {
        FailureClass::Retryable
    }
}

impl<E> Unclassified for Class<'_, E> {}

/// A reaction at work. Its type is named here alone: whether it can be sent is asked once.
pub fn sent<'a, T>(
    work: impl Future<Output = T> + Send + 'a,
) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    Box::pin(work)
}

/// The id of the stream that an event of type `E` comes from.
///
/// # Errors
/// When the stream's id is not one of the aggregate's.
pub fn stream_id<E: EventOf>(
    delivery: &Delivery<'_>,
) -> Result<<E::Aggregate as Aggregate>::Id, HandlerFailure> {
    id_in::<E>(delivery.category, delivery.id)
}

/// The same, of the stream in this category with this id.
///
/// # Errors
/// When the id is not one of the aggregate's.
pub fn id_in<E: EventOf>(
    category: &str,
    id: &str,
) -> Result<<E::Aggregate as Aggregate>::Id, HandlerFailure> {
    FromStr::from_str(id).map_err(|_| {
        HandlerFailure::permanent(format!(
            "the id of the stream `{category}/{id}` is not an id of the aggregate `{}`; did another program write it?",
            E::Aggregate::NAME
        ))
    })
}

/// The application that delivers.
///
/// # Errors
/// When it is another one, or none.
pub fn app_of<'a, A: Any>(delivery: &Delivery<'a>) -> Result<&'a A, HandlerFailure> {
    delivery.app::<A>().ok_or_else(|| {
        HandlerFailure::permanent(format!(
            "the handler `{}` asks for a `{}`, and it is not this application that delivers to it; list it in that \
             domain, or leave the parameter out",
            delivery.handler,
            std::any::type_name::<A>()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Meta;

    #[derive(Debug, thiserror::Error)]
    #[error("stays")]
    struct Stays;

    impl Classify for Stays {
        fn class(&self) -> FailureClass {
            FailureClass::Permanent
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("passes")]
    struct Passes;

    #[test]
    fn an_error_is_asked_where_it_can_answer() {
        assert_eq!(Class(&Stays).class(), FailureClass::Permanent);
        assert_eq!(Class(&Passes).class(), FailureClass::Retryable);
    }

    #[test]
    fn a_missing_application_is_told() {
        let meta = Meta::default();
        let delivery = Delivery::new("statements", "account", "ann", &meta);
        let failure = app_of::<u8>(&delivery).unwrap_err();
        assert_eq!(failure.class, FailureClass::Permanent);
        assert!(failure.to_string().contains("`statements` asks for a `u8`"), "{failure}");
        assert_eq!(app_of::<u8>(&delivery.with_app(&7_u8)).unwrap(), &7);
    }
}
