//! The rules about statements of the application inside a transaction of the store.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::time::{Instant, timeout};

use crate::store::{BoxError, Commit, SqlConnection, SqlWork, StoreError};

/// Why the application's statements have not come to their end.
#[derive(Debug)]
pub(crate) enum WorkFailure {
    /// They failed, or the code around them panicked.
    Said(BoxError),
    /// The time was over.
    TimedOut,
}

impl WorkFailure {
    /// In the words of the port.
    pub(crate) fn told(self, commit: &Commit, limit: Duration) -> StoreError {
        let subscription =
            commit.advances.first().map_or_else(|| Arc::from(""), |a| Arc::clone(&a.subscription));
        match self {
            Self::Said(source) => StoreError::Work { subscription, source },
            Self::TimedOut => StoreError::WorkTimedOut { subscription, limit },
        }
    }
}

/// What is said of statements that end the transaction around them.
pub(crate) fn ended_transaction(error: impl std::fmt::Display) -> WorkFailure {
    WorkFailure::Said(format!("they ended the transaction they run in, which they must not: {error}").into())
}

/// Runs the application's statements, as long as they may take. A panic of theirs must not reach those who share the
/// connection.
pub(crate) async fn run_work(
    work: &Arc<dyn SqlWork>,
    connection: SqlConnection<'_>,
    limit: Duration,
) -> Result<(), WorkFailure> {
    let until = Instant::now() + limit;
    match timeout(limit, AssertUnwindSafe(work.run(connection)).catch_unwind()).await {
        Ok(Ok(Ok(()))) => Ok(()),
        // The database has ended a statement because of the time, a moment before it was over here.
        Ok(Ok(Err(_))) if Instant::now() >= until => Err(WorkFailure::TimedOut),
        Ok(Ok(Err(source))) => Err(WorkFailure::Said(source)),
        Ok(Err(panic)) => Err(WorkFailure::Said(format!("their code panicked: {}", message(&*panic)).into())),
        Err(_) => Err(WorkFailure::TimedOut),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a text")
}
