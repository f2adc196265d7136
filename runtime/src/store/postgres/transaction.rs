//! Appending and reading inside a transaction of the application.

use sqlx::Transaction;

use super::{
    Postgres,
    beside::{Aside, has_more},
    call::Call,
    deliver::append_in,
    failure::Failure,
    read::Reading,
    settle,
};
use crate::store::{Append, Outcome, ReadStream, StoreError, StreamVisitor};

impl Postgres {
    /// Appends inside a transaction of the application: what is appended is stored when the transaction commits, and
    /// a rollback, also one to a savepoint, takes it back. Readers of the log see it in its order; until the
    /// transaction ends they do not see what is appended after it, so it should end soon.
    ///
    /// The outcomes are those of [`EventStore::append`](crate::store::EventStore::append); a conflict does not end
    /// the transaction. From here on the transaction holds the streams, and other appends to them wait.
    ///
    /// ```no_run
    /// # async fn open_for_ann(pool: sqlx::PgPool, opened: gesta::store::Append) -> Result<(), Box<dyn std::error::Error>> {
    /// let store = gesta::store::Postgres::with_pool(pool.clone()).await?;
    /// let mut transaction = pool.begin().await?;
    /// sqlx::query("INSERT INTO customers (name) VALUES ('Ann')").execute(&mut *transaction).await?;
    /// let outcomes = store.append_in(&mut transaction, &[opened]).await?;
    /// transaction.commit().await?;
    /// store.announce();
    /// # drop(outcomes);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the connection was lost or another transaction was in the way; nothing is
    /// stored then, because the transaction cannot commit any more. [`StoreError::Backend`] when the database
    /// refused. After any error the transaction can only be rolled back, as after every failed statement.
    pub async fn append_in(
        &self,
        transaction: &mut Transaction<'_, sqlx::Postgres>,
        batch: &[Append],
    ) -> Result<Vec<Outcome>, StoreError> {
        batch.iter().try_for_each(Append::check)?;
        let names = self.inner.names_for(batch).await?;
        let appending = async {
            let [append] = batch else { return append_in(transaction, batch, &names, Aside::new()).await };
            if has_more(batch) {
                return append_in(transaction, batch, &names, Aside::new()).await;
            }
            let row = Call::one(append, &names)?.send(transaction).await.map_err(Failure::before_commit)?;
            settle::outcome_of_one(&row).map(|outcome| vec![outcome]).map_err(Failure::before_commit)
        };
        appending.await.map_err(|failure| failure.told(batch))
    }

    /// Wakes those who follow the log, in this process and in others, after the commit of a transaction in which something
    /// was appended with [`append_in`](Self::append_in). The store does not see that commit: without a word of it the
    /// events are found by looking, which takes up to a second where nothing else happens.
    pub fn announce(&self) {
        self.inner.signals.ring();
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
        let reading = Reading {
            connection: &mut *transaction,
            names: &link.names,
            far: &link.far,
            patience: link.options.timeout,
        };
        // Rows that the visitor does not want are left to the driver, which skips them before the next statement.
        reading.stream(read, visit).await.map(|_at_rest| ())
    }
}
