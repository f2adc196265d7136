use std::{fmt, future::IntoFuture, time::Duration};

use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use super::{Query, QueryError, Reader};
use crate::domain::Position;

/// A query on its way: say more about it, then `.await` it. Nothing happens before that.
#[must_use = "a query is answered when it is awaited"]
pub struct Ask<A, E> {
    options: AskOptions,
    run: Run<A, E>,
}

type Run<A, E> = Box<dyn FnOnce(AskOptions) -> BoxFuture<'static, Result<A, QueryError<E>>> + Send>;

/// What was said about a query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AskOptions {
    after: Option<Position>,
    timeout: Duration,
}

const PATIENCE: Duration = Duration::from_secs(5);

impl<A, E> Ask<A, E> {
    pub(crate) fn new<F>(run: F) -> Self
    where
        F: FnOnce(AskOptions) -> BoxFuture<'static, Result<A, QueryError<E>>> + Send + 'static,
    {
        Self { options: AskOptions { after: None, timeout: PATIENCE }, run: Box::new(run) }
    }

    /// The answer includes everything that has happened up to this position, such as that of a
    /// [`Receipt`](crate::domain::Receipt): before a projection is read for the first time, it is waited until it has
    /// come so far. If that takes longer than the timeout, there is no answer but [`QueryError::Timeout`].
    pub fn after(mut self, position: Position) -> Self {
        self.options.after = Some(position);
        self
    }

    /// How long it may take, waiting and answering together; 5 seconds by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = timeout;
        self
    }
}

/// Answers a query with a reader of its own.
pub(crate) async fn answer<Q: Query>(
    query: Q,
    reader: Reader,
    deps: Q::Deps<'_>,
    options: AskOptions,
) -> Result<Q::Answer, QueryError<Q::Error>> {
    let AskOptions { after, timeout } = options;
    let deadline = Instant::now() + timeout;
    let reader = match after {
        Some(position) => reader.after(position, deadline),
        None => reader,
    };
    let answer = timeout_at(deadline, query.answer(&reader, deps)).await;
    match answer {
        // Whatever the handler makes of it: it has not seen what was asked for.
        _ if reader.was_behind() => Err(QueryError::Timeout),
        Err(_) => Err(QueryError::Timeout),
        Ok(answer) => answer.map_err(QueryError::Failed),
    }
}

impl<A, E> IntoFuture for Ask<A, E> {
    type Output = Result<A, QueryError<E>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        (self.run)(self.options)
    }
}

impl<A, E> fmt::Debug for Ask<A, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("options", &self.options).finish_non_exhaustive()
    }
}
