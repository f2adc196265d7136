//! Changes other than appends, on their way to the one task that writes.

use std::fmt;

use async_trait::async_trait;
use sqlx::SqliteConnection;
use tokio::sync::oneshot;

use super::{Sqlite, failure::Failure, writer::Request};
use crate::store::StoreError;

/// Something that is changed under the write lock.
#[async_trait]
pub(super) trait Change: fmt::Debug + Send + Sync + 'static {
    /// What the caller gets.
    type Answer: fmt::Debug + Send + Sync + 'static;

    /// What is being done, for messages.
    const WHAT: &'static str;

    /// Whether it needs a transaction of its own.
    fn is_alone(&self) -> bool {
        false
    }

    /// How many rows and bytes it brings.
    fn weight(&self) -> (usize, usize) {
        (1, 0)
    }

    /// Makes it. It is called again where the transaction was not committed.
    async fn make(&self, connection: &mut SqliteConnection) -> Result<Self::Answer, Denied>;
}

/// Why a change was not made.
#[derive(Debug)]
pub(super) enum Denied {
    /// The rules are against it: what it has written is undone, and others do not notice.
    Refused(StoreError),
    /// The database is: nothing of the transaction is stored.
    Failed(sqlx::Error),
}

impl From<sqlx::Error> for Denied {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error)
    }
}

/// A change, and whom to tell.
#[derive(Debug)]
struct Task<C: Change> {
    change: C,
    made: Option<Result<C::Answer, StoreError>>,
    reply: oneshot::Sender<Result<C::Answer, StoreError>>,
}

/// A change whose answer the writer need not know.
#[async_trait]
pub(super) trait AnyTask: fmt::Debug + Send + Sync {
    fn is_alone(&self) -> bool;

    fn weight(&self) -> (usize, usize);

    /// Whether the rules allow it. What it answers is kept for later.
    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<bool, sqlx::Error>;

    /// Tells the caller what has become of it, once that is durable.
    fn answer(self: Box<Self>, result: Result<(), Failure>);
}

#[async_trait]
impl<C: Change> AnyTask for Task<C> {
    fn is_alone(&self) -> bool {
        self.change.is_alone()
    }

    fn weight(&self) -> (usize, usize) {
        self.change.weight()
    }

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
        let made = match self.change.make(connection).await {
            Ok(answer) => Ok(answer),
            Err(Denied::Refused(error)) => Err(error),
            Err(Denied::Failed(error)) => return Err(error),
        };
        let allowed = made.is_ok();
        self.made = Some(made);
        Ok(allowed)
    }

    fn answer(self: Box<Self>, result: Result<(), Failure>) {
        let answer = match (result, self.made) {
            (Ok(()), made) => made.unwrap_or_else(|| Err(unanswered(C::WHAT))),
            // Statements of the application may have ended the transaction: that it cannot go on follows from that.
            (Err(Failure::Refused(_)), Some(Err(refused))) => Err(refused),
            (Err(failure), _) => Err(failure.into_change_error(C::WHAT)),
        };
        // A caller who has gone is told nothing; what was stored stays.
        drop(self.reply.send(answer));
    }
}

/// The writer has gone without an answer: its runtime was shut down under it.
fn unanswered(what: &'static str) -> StoreError {
    let source = "the runtime in which the store was opened has ended".into();
    StoreError::OutcomeUnknown { streams: format!("no stream ({what})"), source }
}

impl Sqlite {
    /// Hands a change to the writer, and waits until it is durable.
    pub(super) async fn change<C: Change>(&self, change: C) -> Result<C::Answer, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.write(Request::Change(Box::new(Task { change, made: None, reply }))).await?;
        answer.await.unwrap_or_else(|_| Err(unanswered(C::WHAT)))
    }
}
