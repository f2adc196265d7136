use std::{error::Error, future::Future};

use super::Reader;
use crate::domain::{Domain, Projection};

/// The query handlers of a projection as a whole. `#[query_handler]` writes this once per projection.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no query handlers",
    label = "no `#[query_handler] impl {Self}`",
    note = "write `#[query_handler] impl {Self} {{ async fn name(query: Query, reader: &Reader) -> Result<_, ReadError> {{ .. }} }}`"
)]
pub trait QueryHandlers: Projection {
    /// Everything that its handlers need of the application: a tuple of references, each type once.
    type Deps<'d>: Copy + Send + Sync;
    /// Its queries, in the order of their handlers.
    const QUERIES: &'static [QueryInfo] = &[];
}

/// A query, as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueryInfo {
    /// Its type in the source, such as `BalanceOf`.
    pub name: &'static str,
    /// Its handler in the source, such as `balance_of`.
    pub handler: &'static str,
    /// What the handler returns, as written in the source.
    pub returns: &'static str,
    /// What is said of the handler in the source; empty where nothing is.
    pub doc: &'static str,
}

impl QueryInfo {
    /// Describes a query.
    pub const fn new(name: &'static str, handler: &'static str, returns: &'static str) -> Self {
        Self { name, handler, returns, doc: "" }
    }

    /// The same with what is said of the handler in the source.
    #[must_use]
    pub const fn with_doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }
}

/// A question that has one handler.
#[diagnostic::on_unimplemented(
    message = "no query handler answers `{Self}`",
    label = "`{Self}` is not a query",
    note = "add `async fn name(query: {Self}, reader: &Reader) -> Result<_, _>` to the `#[query_handler]` block of a projection"
)]
pub trait Query: Sized + Send + 'static {
    /// The projection whose block has the handler.
    type Projection: QueryHandlers;
    /// What the handler answers.
    type Answer: Send + 'static;
    /// Why it may have no answer.
    type Error: Error + Send + Sync + 'static;
    /// What this handler needs of the application: a tuple of references.
    type Deps<'d>: Copy + Send + Sync;

    /// Answers.
    fn answer(
        self,
        reader: &Reader,
        deps: Self::Deps<'_>,
    ) -> impl Future<Output = Result<Self::Answer, Self::Error>> + Send;
}

/// That a projection is part of the domain `D`. `gesta::domain!` writes this for every projection that it lists.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not part of the domain `{D}`",
    label = "`{D}` does not list `{Self}`",
    note = "add `{Self}` to `projections: [..]` in `gesta::domain! {{ {D} {{ .. }} }}`"
)]
pub trait ReadIn<D: Domain>: Projection {}
