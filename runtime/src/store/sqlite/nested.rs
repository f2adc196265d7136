//! Appending and reading inside a transaction of the application.

use sqlx::Transaction;

use super::{
    Sqlite,
    failure::{Failure, read_error},
    read,
    sql::Frame,
    transaction,
};
use crate::store::{Append, Outcome, ReadStream, StoreError, StreamVisitor};

impl Sqlite {
    /// Stores what can be stored of a batch inside a transaction of the application on the same file, so that both
    /// are committed together or not at all. The rules are those of [`EventStore::append`](crate::store::EventStore),
    /// and receipts are true once the transaction is committed.
    ///
    /// From here until its end the transaction has the write lock, and every other writer waits for it: commit soon.
    /// Roll back if the returned future is dropped before its end.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gesta::store::{Append, Expected, NewEvent, Outcome, Sqlite, StreamId};
    ///
    /// # let folder = std::env::temp_dir().join(format!("gesta-doc-nested-{}", std::process::id()));
    /// # std::fs::create_dir_all(&folder)?;
    /// # let path = folder.join("bank.db");
    /// let store = Sqlite::open(&path).await?;
    /// let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", path.display())).await?;
    ///
    /// let mut transaction = pool.begin().await?;
    /// sqlx::query("CREATE TABLE mine (id TEXT)").execute(&mut *transaction).await?;
    /// let opened = Append {
    ///     stream: StreamId::new("account", "ann"),
    ///     expected: Expected::Version(0),
    ///     key: None,
    ///     meta: Default::default(),
    ///     events: vec![NewEvent { name: "account.opened", version: 1, payload: b"{}".to_vec() }],
    ///     documents: vec![],
    ///     process: None,
    ///     together: None,
    /// };
    /// let outcomes = store.append_in(&mut transaction, &[opened]).await?;
    /// assert!(matches!(outcomes[0], Outcome::Appended(receipt) if receipt.version == 1));
    /// transaction.commit().await?;
    /// # pool.close().await;
    /// # gesta::store::EventStore::close(&store).await;
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`EventStore::append`](crate::store::EventStore::append); nothing of the batch is stored then, and
    /// the rest of the transaction is as it was. [`StoreError::Unavailable`] also when the transaction has read
    /// before another one wrote: SQLite cannot let it write any more, so roll back and begin again. A transaction
    /// that begins with `BEGIN IMMEDIATE` never meets that.
    pub async fn append_in(
        &self,
        transaction: &mut Transaction<'_, sqlx::Sqlite>,
        batch: &[Append],
    ) -> Result<Vec<Outcome>, StoreError> {
        self.check_open()?;
        batch.iter().try_for_each(Append::check)?;
        // The dictionary may hold what this transaction added and then rolled back, so it is not remembered.
        let known = self.inner.types.known();
        let done = transaction::run(transaction, Frame::Nested, known, &[batch], &[]).await;
        let outcomes = done.map(|mut done| done.outcomes.pop().unwrap_or_default());
        // The savepoint is released in memory: nothing is unknown before the caller commits.
        outcomes.map_err(|failure| match failure {
            Failure::Unknown(cause) => Failure::Lost(cause).into_error(batch),
            failure => failure.into_error(batch),
        })
    }

    /// Wakes those who follow the log in this process, after the commit of a transaction in which something was appended
    /// with [`append_in`](Self::append_in). Without it they find it within 50 milliseconds, as other processes do.
    pub fn announce(&self) {
        self.inner.signal.ring();
    }

    /// Reads a stream inside a transaction of the application, with what it has appended itself.
    ///
    /// # Errors
    /// Those of [`EventStore::read_stream`](crate::store::EventStore::read_stream).
    pub async fn read_stream_in(
        &self,
        transaction: &mut Transaction<'_, sqlx::Sqlite>,
        read: &ReadStream,
        visit: StreamVisitor<'_>,
    ) -> Result<(), StoreError> {
        self.check_open()?;
        read.stream.check()?;
        // With a dictionary of its own, for the same reason.
        let types = super::types::Types::default();
        read::stream(transaction, &types, read, visit).await.map_err(read_error("reading a stream"))
    }
}
