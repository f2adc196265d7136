use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::{BoxError, DeliveryWrite, DocumentWrite};
use crate::domain::Position;

/// What a worker stores in one transaction: how far its shards have come, and what follows from the events.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// The shards, whose leases are checked first. At least one.
    pub advances: Vec<Advance>,
    /// The documents that have changed; each key of a collection at most once.
    pub documents: Vec<DocumentWrite>,
    /// The deliveries that have changed; each at most once.
    pub deliveries: Vec<DeliveryWrite>,
    /// Statements of the application, run before the rest in the same transaction.
    pub work: Option<Arc<dyn SqlWork>>,
}

/// How far a shard has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// Which subscription.
    pub subscription: Arc<str>,
    /// Which shard.
    pub shard: u16,
    /// The token of the lease. Another one in the store means that the shard is somebody else's by now. A lease that
    /// was given back or taken away is refused as well; one that has run out is good until somebody takes the shard.
    pub token: u64,
    /// Where it was. Another position in the store means the same.
    pub from: Position,
    /// Where it is; the same as `from` checks the lease alone.
    pub to: Position,
}

/// Statements of the application that belong into a worker's transaction.
#[async_trait]
pub trait SqlWork: fmt::Debug + Send + Sync {
    /// Runs them. It may be called again if the transaction was not committed. They must not end the transaction, and a
    /// store gives them a limited time.
    ///
    /// # Errors
    /// Whatever went wrong: the transaction is rolled back. So it is after a panic.
    async fn run(&self, connection: SqlConnection<'_>) -> Result<(), BoxError>;
}

/// The connection of a transaction that a store has begun and will commit.
#[derive(Debug)]
#[non_exhaustive]
pub enum SqlConnection<'c> {
    /// Of PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(&'c mut sqlx::PgConnection),
    /// Of SQLite.
    #[cfg(feature = "sqlite")]
    Sqlite(&'c mut sqlx::SqliteConnection),
    /// None: the lifetime is used without either.
    #[doc(hidden)]
    None(std::marker::PhantomData<&'c mut ()>),
}
