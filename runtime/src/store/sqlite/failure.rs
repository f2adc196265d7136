//! What SQLite says, in the words of the port.

use std::{fmt, sync::Arc};

use super::connections::NoConnection;
use crate::store::{Append, StoreError};

/// An error of the driver that several callers get, because their appends shared a transaction.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Cause(#[source] Arc<sqlx::Error>);

impl Cause {
    /// A disk that fails to flush may have kept the commit all the same. One that fails to write it has not: the
    /// record of the commit is the last that is written.
    fn is_failed_write(&self) -> bool {
        const IOERR_WRITE: &str = "778";
        self.0.as_database_error().and_then(|error| error.code()).is_some_and(|code| code == IOERR_WRITE)
    }
}

/// Why a transaction was not done.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// Another process is writing. Nothing was done.
    Busy(Cause),
    /// The connection is gone before anything was stored.
    Lost(Cause),
    /// The database refused, and nothing was stored.
    Refused(Cause),
    /// The connection was lost, or the disk failed, while the transaction was being made durable.
    Unknown(Cause),
    /// The store was closed.
    Closed,
}

/// The primary result codes of SQLite (<https://www.sqlite.org/rescode.html>) that mean something to us.
pub(super) mod code {
    pub(in super::super) const BUSY: i32 = 5;
    pub(in super::super) const LOCKED: i32 = 6;
    pub(in super::super) const READONLY: i32 = 8;
    pub(in super::super) const IOERR: i32 = 10;
    pub(in super::super) const CANTOPEN: i32 = 14;
    pub(in super::super) const NOTADB: i32 = 26;
}

/// The primary result code of an error of SQLite: the low byte of the extended one.
pub(super) fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

impl From<NoConnection> for Failure {
    fn from(none: NoConnection) -> Self {
        match none {
            NoConnection::Closed => Self::Closed,
            NoConnection::Failed(error) => Self::Lost(Cause(Arc::new(error))),
        }
    }
}

impl Failure {
    /// An error before the transaction was ended.
    pub(super) fn early(error: sqlx::Error) -> Self {
        let code = primary_code(&error);
        let cause = Cause(Arc::new(error));
        match code {
            Some(code::BUSY | code::LOCKED) => Self::Busy(cause),
            Some(_) => Self::Refused(cause),
            None => Self::Lost(cause),
        }
    }

    /// An error while the transaction was being ended.
    pub(super) fn late(error: sqlx::Error) -> Self {
        let code = primary_code(&error);
        let cause = Cause(Arc::new(error));
        match code {
            Some(code::IOERR) if !cause.is_failed_write() => Self::Unknown(cause),
            None => Self::Unknown(cause),
            Some(code::BUSY | code::LOCKED) => Self::Busy(cause),
            Some(_) => Self::Refused(cause),
        }
    }

    /// Whether the appends of one transaction should be tried one by one, so that one of them fails alone.
    pub(super) const fn may_be_of_one(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// Whether the connection must not be used again.
    pub(super) const fn breaks_connection(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Unknown(_))
    }

    /// What is said of a change that is not an append.
    pub(super) fn into_change_error(self, what: &'static str) -> StoreError {
        match self {
            Self::Lost(cause) => StoreError::Unavailable { what, source: cause.into() },
            Self::Refused(cause) => StoreError::Backend { what: what.to_owned(), source: cause.into() },
            Self::Unknown(cause) => {
                StoreError::OutcomeUnknown { streams: format!("no stream ({what})"), source: cause.into() }
            }
            // These are not about what was to be done.
            Self::Closed | Self::Busy(_) => self.into_error(&[]),
        }
    }

    pub(super) fn into_error(self, batch: &[Append]) -> StoreError {
        match self {
            Self::Closed => StoreError::Closed,
            Self::Busy(cause) => StoreError::Unavailable {
                what: "waiting for another process that writes to the same file",
                source: cause.into(),
            },
            Self::Lost(cause) => StoreError::Unavailable { what: "appending", source: cause.into() },
            Self::Refused(cause) => {
                StoreError::Backend { what: format!("appending to {}", Streams(batch)), source: cause.into() }
            }
            Self::Unknown(cause) => {
                StoreError::OutcomeUnknown { streams: Streams(batch).to_string(), source: cause.into() }
            }
        }
    }
}

/// The streams of a batch by name: all of a few, some of many.
pub(super) struct Streams<'a>(pub(super) &'a [Append]);

impl fmt::Display for Streams<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FEW: usize = 5;
        for (index, append) in self.0.iter().take(FEW).enumerate() {
            write!(f, "{}{}", if index > 0 { ", " } else { "" }, append.stream)?;
        }
        match self.0.len().checked_sub(FEW) {
            Some(more) if more > 0 => write!(f, " and {more} more"),
            _ => Ok(()),
        }
    }
}

/// An error of a read, or of a single statement that changes nothing unless it succeeds.
pub(super) fn read_error(what: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| match primary_code(&error) {
        Some(code::BUSY | code::LOCKED | code::CANTOPEN) | None => {
            StoreError::Unavailable { what, source: error.into() }
        }
        Some(_) => StoreError::Backend { what: what.to_owned(), source: error.into() },
    }
}
