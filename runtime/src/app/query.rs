use super::App;
use crate::{
    domain::{Domain, Supply},
    query::{Ask, Query, ReadIn, Reader, answer},
};

impl<D: Domain> App<D> {
    /// Asks a question. Nothing happens until the result is awaited.
    ///
    /// Resolves to the answer, or to [`QueryError`](crate::query::QueryError). `.after(receipt.position)` waits until
    /// the projections that it reads have come so far.
    pub fn query<Q>(&self, query: Q) -> Ask<Q::Answer, Q::Error>
    where
        Q: Query,
        Q::Projection: ReadIn<D>,
        for<'d> Q::Deps<'d>: Supply<'d, D::Deps>,
    {
        let shared = self.shared.clone();
        Ask::new(move |options| {
            Box::pin(async move {
                let reader = Reader::new(shared.source.clone());
                answer(query, reader, Supply::supply(&shared.deps), options).await
            })
        })
    }

    /// Reads documents without a query handler. It waits for nothing, and keeps neither the application running nor
    /// the store open.
    pub fn reader(&self) -> Reader {
        Reader::new(self.shared.source.clone())
    }
}
