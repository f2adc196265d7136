use crate::{
    domain::Misfit,
    middleware::Refusal,
    store::{StoreError, StreamId},
};

/// Why a command was not executed. `E` is the error of its handler.
///
/// Every variant but [`ExecuteError::Timeout`] and [`StoreError::OutcomeUnknown`] means that nothing was stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecuteError<E> {
    /// The handler said no.
    #[error("{0}")]
    Rejected(#[source] E),
    /// There is no such aggregate: create it first.
    #[error("the aggregate does not exist; a creating command is sent with `create`")]
    NotFound,
    /// There is such an aggregate already.
    #[error("the aggregate exists already; a command to an existing one is sent with `execute`")]
    AlreadyExists,
    /// The command is for other states than the one that the aggregate is in.
    #[error("`{command}` is for the state {}, and {aggregate}/{id} is in `{state}`", among(.needs))]
    WrongState {
        /// The category of the aggregate's stream.
        aggregate: &'static str,
        /// Which aggregate.
        id: String,
        /// The state that it is in.
        state: &'static str,
        /// The states that the command is for.
        needs: &'static [&'static str],
        /// The command's type.
        command: &'static str,
    },
    /// The handler has returned an event that cannot follow where it would stand. Nothing was stored.
    #[error(
        "the handler of `{command}` returned `{event}`, which cannot be version {version} of {stream}: {source}"
    )]
    OutOfPlace {
        /// The command's type.
        command: &'static str,
        /// The stream.
        stream: StreamId,
        /// The version that the event would have in it.
        version: u64,
        /// The event's name in the store.
        event: &'static str,
        /// Why it does not fit.
        source: Misfit,
    },
    /// Others were faster, as often as it was tried; or the stream is not at the version that was asked for.
    #[error(
        "the stream is at version {actual}, the command was decided at version {expected}; load it and try again"
    )]
    Conflict {
        /// The version that the decision was made at, or that was asked for.
        expected: u64,
        /// The version of the stream.
        actual: u64,
    },
    /// Not done in time. What was stored by then is unknown: repeat the command with the same idempotency key.
    #[error("not done in time; whether it was stored is unknown: repeat it with the same idempotency key")]
    Timeout,
    /// Too many commands are waiting already. Nothing was stored; try again later.
    #[error("too many commands are waiting to be stored; nothing was stored, try again later")]
    Busy,
    /// A layer around the commands did not let it through.
    #[error("the layer `{layer}` refused the command: {reason}")]
    Refused {
        /// The layer.
        layer: String,
        /// Why.
        reason: String,
    },
    /// The domain does not list the aggregate, so nobody executes its commands.
    #[error("the domain does not list `{aggregate}`; add it to `aggregates: [..]` in `gesta::domain!`")]
    NotPart {
        /// The aggregate's type.
        aggregate: &'static str,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<E> ExecuteError<E> {
    /// Whether the same command may succeed later without any change.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Conflict { .. } | Self::Timeout | Self::Busy => true,
            Self::Store(error) => error.is_retryable(),
            Self::Rejected(_)
            | Self::NotFound
            | Self::AlreadyExists
            | Self::WrongState { .. }
            | Self::OutOfPlace { .. }
            | Self::Refused { .. }
            | Self::NotPart { .. } => false,
        }
    }
}

impl<E> ExecuteError<E> {
    /// The same, with what the handler said turned into something else.
    pub fn map_rejected<F>(self, change: impl FnOnce(E) -> F) -> ExecuteError<F> {
        match self {
            Self::Rejected(error) => ExecuteError::Rejected(change(error)),
            Self::NotFound => ExecuteError::NotFound,
            Self::AlreadyExists => ExecuteError::AlreadyExists,
            Self::WrongState { aggregate, id, state, needs, command } => {
                ExecuteError::WrongState { aggregate, id, state, needs, command }
            }
            Self::OutOfPlace { command, stream, version, event, source } => {
                ExecuteError::OutOfPlace { command, stream, version, event, source }
            }
            Self::Conflict { expected, actual } => ExecuteError::Conflict { expected, actual },
            Self::Timeout => ExecuteError::Timeout,
            Self::Busy => ExecuteError::Busy,
            Self::Refused { layer, reason } => ExecuteError::Refused { layer, reason },
            Self::NotPart { aggregate } => ExecuteError::NotPart { aggregate },
            Self::Store(error) => ExecuteError::Store(error),
        }
    }
}

impl<E> From<Refusal> for ExecuteError<E> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { layer: refusal.layer().to_owned(), reason: refusal.reason().to_owned() }
    }
}

/// `` `Draft` or `Placed` ``
fn among(states: &[&str]) -> String {
    states.iter().map(|state| format!("`{state}`")).collect::<Vec<_>>().join(" or ")
}
