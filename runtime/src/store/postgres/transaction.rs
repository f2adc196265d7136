//! Appending and reading inside a transaction of the application.

use sqlx::Transaction;

use super::{Postgres, append::Call, failure::Failure, read::Reading, settle};
use crate::store::{Append, Outcome, ReadStream, StoreError, StreamVisitor};

impl Postgres {
    /// Appends inside a transaction of the application: what is appended is stored when the transaction commits, and
    /// a rollback, also one to a savepoint, takes it back. Readers of the log see it in its order; until the
    /// transaction ends they do not see what is appended after it, so it should end soon.
    ///
    /// From here on the transaction holds the stream, and other appends to it wait.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the connection was lost or another transaction was in the way; nothing is
    /// stored then, because the transaction cannot commit any more. [`StoreError::Backend`] when the database
    /// refused. After any error the transaction can only be rolled back, as after every failed statement.
    pub async fn append_in(
        &self,
        transaction: &mut Transaction<'_, sqlx::Postgres>,
        append: &Append,
    ) -> Result<Outcome, StoreError> {
        append.check()?;
        let batch = std::slice::from_ref(append);
        let names = self.inner.names_for(batch).await?;
        let appending = async {
            let row =
                Call::one(append, &names)?.send(&mut *transaction).await.map_err(Failure::before_commit)?;
            settle::outcome_of_one(&row).map_err(Failure::before_commit)
        };
        appending.await.map_err(|failure: Failure| failure.told(batch))
    }

    /// Reads a stream inside a transaction of the application, with what was appended in it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn read_stream_in(
        &self,
        transaction: &mut Transaction<'_, sqlx::Postgres>,
        read: &ReadStream,
        visit: StreamVisitor<'_>,
    ) -> Result<(), StoreError> {
        read.stream.check()?;
        let link = &self.inner.link;
        let reading =
            Reading { connection: &mut *transaction, names: &link.names, patience: link.options.timeout };
        // Rows that the visitor does not want are left to the driver, which skips them before the next statement.
        reading.stream(read, visit).await.map(|_at_rest| ())
    }
}
