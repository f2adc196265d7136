use std::error::Error;

/// Whether trying again can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// It can: a service was down, a lock was held.
    Retryable,
    /// It cannot: the address does not exist, the amount is not a number.
    Permanent,
}

/// An error that knows whether trying again can help. Errors that do not say are taken to be retryable.
///
/// ```
/// use gesta::domain::{Classify, FailureClass};
///
/// #[derive(Debug, thiserror::Error)]
/// enum MailError {
///     #[error("no such mailbox")]
///     NoMailbox,
///     #[error("the server does not answer")]
///     Down,
/// }
///
/// impl Classify for MailError {
///     fn class(&self) -> FailureClass {
///         match self {
///             Self::NoMailbox => FailureClass::Permanent,
///             Self::Down => FailureClass::Retryable,
///         }
///     }
/// }
/// # let _ = (MailError::NoMailbox.class(), MailError::Down.class());
/// ```
pub trait Classify {
    /// Whether trying again can help.
    fn class(&self) -> FailureClass;
}

/// What a handler has failed with: the error, and whether trying again can help.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct HandlerFailure {
    /// Whether trying again can help.
    pub class: FailureClass,
    /// What the handler said.
    #[source]
    pub error: Box<dyn Error + Send + Sync>,
}

impl HandlerFailure {
    /// A failure that may pass.
    pub fn retryable(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { class: FailureClass::Retryable, error: error.into() }
    }

    /// A failure that stays.
    pub fn permanent(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { class: FailureClass::Permanent, error: error.into() }
    }

    /// The error and its causes, as texts.
    pub fn chain(&self) -> Vec<String> {
        let mut texts = vec![self.error.to_string()];
        let mut cause = self.error.source();
        while let Some(error) = cause {
            texts.push(error.to_string());
            cause = error.source();
        }
        texts
    }
}
