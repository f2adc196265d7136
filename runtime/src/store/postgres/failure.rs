//! What the driver's errors mean for the promises of a store.

use sqlx::{
    Error,
    error::DatabaseError,
    postgres::{PgDatabaseError, PgSeverity},
};

use crate::store::{Append, BoxError, StoreError};

/// Why a statement that may write was not answered as hoped.
#[derive(Debug)]
pub(super) enum Failure {
    /// Whether it was committed cannot be told.
    Unknown(BoxError),
    /// Rolled back because another transaction was in the way; the same again will do.
    InTheWay(BoxError),
    /// Not stored; later it may work.
    Unavailable(BoxError),
    /// Not stored, because another transaction holds one of the streams.
    Held(BoxError),
    /// Not stored, and it will not be.
    Refused(BoxError),
    /// Settled before anything was sent.
    Store(StoreError),
}

/// What the server's own words mean: the connection is gone, or the statement alone failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Lost,
    InTheWay,
    Held,
    Busy,
    Refused,
}

impl Failure {
    /// Of a statement that was sent.
    pub(super) fn of(error: Error) -> Self {
        match &error {
            Error::Database(said) => match verdict(said.as_ref()) {
                Verdict::Lost => Self::Unknown(error.into()),
                Verdict::InTheWay => Self::InTheWay(error.into()),
                Verdict::Held => Self::Held(error.into()),
                Verdict::Busy => Self::Unavailable(error.into()),
                Verdict::Refused => Self::Refused(error.into()),
            },
            // These come before anything is sent.
            Error::Encode(_) | Error::Configuration(_) | Error::InvalidArgument(_) => {
                Self::Refused(error.into())
            }
            _ => Self::Unknown(error.into()),
        }
    }

    /// Of a statement in a transaction that is not committed: whatever happened, nothing was stored.
    pub(super) fn before_commit(error: Error) -> Self {
        match Self::of(error) {
            Self::Unknown(source) => Self::Unavailable(source),
            known => known,
        }
    }

    /// Whether the connection may be used again: the server has answered, and waits for the next statement.
    pub(super) fn leaves_connection(error: &Error) -> bool {
        matches!(error, Error::Database(said) if verdict(said.as_ref()) != Verdict::Lost)
    }

    /// Whether the same statement may succeed later without any change.
    pub(super) fn passes(error: &Error) -> bool {
        match error {
            Error::Database(said) => verdict(said.as_ref()) != Verdict::Refused,
            error => {
                matches!(error, Error::Io(_) | Error::Protocol(_) | Error::Tls(_) | Error::WorkerCrashed)
            }
        }
    }

    /// In the words of the port, for what can always be repeated.
    pub(super) fn of_reading(self, what: &'static str) -> StoreError {
        match self {
            Self::Refused(source) => StoreError::Backend { what: what.to_owned(), source },
            Self::Unknown(source)
            | Self::InTheWay(source)
            | Self::Unavailable(source)
            | Self::Held(source) => StoreError::Unavailable { what, source },
            Self::Store(error) => error,
        }
    }

    /// In the words of the port, for an append.
    pub(super) fn told(self, batch: &[Append]) -> StoreError {
        let streams = || {
            const NAMED: usize = 5;
            let mut names: Vec<_> =
                batch.iter().take(NAMED).map(|append| append.stream.to_string()).collect();
            if batch.len() > NAMED {
                names.push(format!("{} more", batch.len() - NAMED));
            }
            names.join(", ")
        };
        match self {
            Self::Unknown(source) => StoreError::OutcomeUnknown { streams: streams(), source },
            Self::InTheWay(source) | Self::Unavailable(source) => {
                StoreError::Unavailable { what: "appending", source }
            }
            Self::Held(source) => StoreError::Held { streams: streams(), source },
            Self::Refused(source) => {
                StoreError::Backend { what: format!("appending to {}", streams()), source }
            }
            Self::Store(error) => error,
        }
    }
}

/// What an error means for a reading, which can always be repeated.
pub(super) fn reading(what: &'static str, error: Error) -> StoreError {
    Failure::of(error).of_reading(what)
}

/// The time was over before the database had answered.
#[derive(Debug, thiserror::Error)]
#[error("the database was silent for {0:?}; the connection was given up")]
pub(super) struct Silent(pub(super) std::time::Duration);

fn verdict(said: &(dyn DatabaseError + 'static)) -> Verdict {
    let Some(said) = said.try_downcast_ref::<PgDatabaseError>() else { return Verdict::Refused };
    if lacks_partition(said) {
        return Verdict::InTheWay;
    }
    by_code(!matches!(said.severity(), PgSeverity::Error), said.code())
}

/// A transaction that has appended before a segment was made does not see it; the next one does.
fn lacks_partition(said: &PgDatabaseError) -> bool {
    let place = (said.code(), said.schema(), said.table(), said.constraint());
    place == ("23514", Some("gesta"), Some("events"), None)
}

/// An error rolls its transaction back before it is told; a fatal one ends the connection, and is told at its end.
fn by_code(fatal: bool, code: &str) -> Verdict {
    match code {
        _ if fatal => Verdict::Lost,
        // Shutting down, crashed, starting up.
        "57P01" | "57P02" | "57P03" => Verdict::Lost,
        _ if code.starts_with("08") => Verdict::Lost,
        // Serialization failure, deadlock.
        "40001" | "40P01" => Verdict::InTheWay,
        // Lock not available.
        "55P03" => Verdict::Held,
        // Query cancelled or timed out, too many connections.
        "57014" | "53300" => Verdict::Busy,
        _ => Verdict::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_what_the_manual_says() {
        assert_eq!(by_code(true, "57P01"), Verdict::Lost, "terminated by an administrator");
        assert_eq!(by_code(true, "XX000"), Verdict::Lost, "whatever it was, the connection is gone");
        assert_eq!(by_code(false, "08006"), Verdict::Lost);
        assert_eq!(by_code(false, "40P01"), Verdict::InTheWay);
        assert_eq!(by_code(false, "57014"), Verdict::Busy);
        assert_eq!(by_code(false, "55P03"), Verdict::Held);
        for code in ["53100", "22P02", "23505", "42P01", ""] {
            assert_eq!(by_code(false, code), Verdict::Refused, "{code}");
        }
    }
}
