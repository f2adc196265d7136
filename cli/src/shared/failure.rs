use std::process::ExitCode;

use gesta::store::{ConnectError, StoreError};

/// Why a command did not do what was asked. Each kind ends the program with a code of its own, for scripts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The command did its work, and the answer is no: a check found something. Code 1.
    #[error("{0}")]
    Found(String),
    /// The call makes no sense. Code 2, which is also what a mistake in the arguments ends with.
    #[error("{0}")]
    Usage(String),
    /// What was asked for is not there. Code 3.
    #[error("{0}")]
    NotFound(String),
    /// The store, or something else outside, cannot be reached. Code 4: trying again can help.
    #[error("{0}")]
    Unavailable(String),
    /// Nobody agreed to a change. Code 5.
    #[error("{0}")]
    NotConfirmed(String),
    /// Everything else. Code 6.
    #[error("{0}")]
    Other(String),
    /// Somebody has ended it by Ctrl-C. Code 130, as shells have it.
    #[error("ended by Ctrl-C")]
    Interrupted,
}

impl Failure {
    /// What the program ends with.
    pub fn code(&self) -> ExitCode {
        ExitCode::from(self.number())
    }

    /// What the program ends with, as a number.
    pub fn number(&self) -> u8 {
        match self {
            Self::Found(_) => 1,
            Self::Usage(_) => 2,
            Self::NotFound(_) => 3,
            Self::Unavailable(_) => 4,
            Self::NotConfirmed(_) => 5,
            Self::Other(_) => 6,
            Self::Interrupted => 130,
        }
    }

    /// Its name for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Found(_) => "found",
            Self::Usage(_) => "usage",
            Self::NotFound(_) => "not-found",
            Self::Unavailable(_) => "unavailable",
            Self::NotConfirmed(_) => "not-confirmed",
            Self::Other(_) => "other",
            Self::Interrupted => "interrupted",
        }
    }

    /// The same failure, with more said about it.
    pub fn saying(self, tell: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Found(text) => Self::Found(tell(text)),
            Self::Usage(text) => Self::Usage(tell(text)),
            Self::NotFound(text) => Self::NotFound(tell(text)),
            Self::Unavailable(text) => Self::Unavailable(tell(text)),
            Self::NotConfirmed(text) => Self::NotConfirmed(tell(text)),
            Self::Other(text) => Self::Other(tell(text)),
            Self::Interrupted => Self::Interrupted,
        }
    }

    /// Any other error, with its causes.
    pub fn other(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Other(with_causes(error))
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let text = with_causes(&error);
        match error {
            ConnectError::Missing { .. } => Self::NotFound(text),
            ConnectError::UnknownUrl { .. } | ConnectError::FeatureMissing { .. } => Self::Usage(text),
            ConnectError::Unreachable { .. } => Self::Unavailable(text),
            _ => Self::Other(text),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Other(format!("the answer cannot be written: {error}"))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let text = with_causes(&error);
        match error {
            StoreError::InvalidName { .. } => Self::Usage(text),
            _ if error.is_retryable() => Self::Unavailable(text),
            _ => Self::Other(text),
        }
    }
}

/// An error and what caused it, unless it has said that itself.
fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}
