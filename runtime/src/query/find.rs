use std::{fmt, marker::PhantomData};

use super::{Condition, Cursor, Order, ReadError, Reader, reader::decoded};
use crate::{
    domain::Projection,
    store::{self, Found},
};

/// A search for documents of a projection by its indexes: say what is wanted, then ask for a page or for the count.
///
/// Without conditions it finds all documents, without an order in the order of the texts of their keys. Each page is
/// read on its own: a document that changes its place meanwhile may be seen twice or not at all.
#[must_use = "nothing is read until `.page()` or `.count()`"]
pub struct FindDocuments<'r, P> {
    reader: &'r Reader,
    conditions: Vec<store::Condition>,
    order: Option<&'static str>,
    descending: bool,
    after: Option<Cursor>,
    limit: u64,
    of: PhantomData<fn() -> P>,
}

/// Some documents that were found, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundPage<P> {
    /// The texts of their keys, and the documents.
    pub documents: Vec<(String, P)>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<Cursor>,
}

/// How many documents a page has unless it is said otherwise.
const PAGE: u64 = 100;

impl<'r, P: Projection> FindDocuments<'r, P> {
    pub(super) fn new(reader: &'r Reader) -> Self {
        Self {
            reader,
            conditions: Vec::new(),
            order: None,
            descending: false,
            after: None,
            limit: PAGE,
            of: PhantomData,
        }
    }

    /// Only documents for which this holds. Given several, all must hold.
    pub fn filter(mut self, condition: Condition<P>) -> Self {
        self.conditions.push(condition.condition);
        self
    }

    /// In the order of an index, and where its values are the same in that of the keys.
    pub fn order_by(mut self, order: Order<P>) -> Self {
        (self.order, self.descending) = (Some(order.index), order.descending);
        self
    }

    /// Goes on where another page has ended. The search must be the same.
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.after = cursor.into();
        self
    }

    /// At most so many documents; 100 by default.
    pub fn limit(mut self, documents: u64) -> Self {
        self.limit = documents;
        self
    }

    /// The next documents.
    ///
    /// # Errors
    /// [`ReadError::OtherOrder`] when the cursor is one of a search in another order; otherwise as [`Reader::get`].
    pub async fn page(self) -> Result<FoundPage<P>, ReadError> {
        let (reader, limit) = (self.reader, usize::try_from(self.limit).unwrap_or(usize::MAX));
        let (order, descending) = (self.order, self.descending);
        let find = self.find().await?;
        let mut found = reader.store()?.documents()?.find_documents(&find).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let cursor = |last: &Found| Cursor {
            order: order.unwrap_or_default().to_owned(),
            descending,
            place: last.place.clone(),
            key: last.document.key.clone(),
        };
        let next = found.last().filter(|_| more).map(cursor);
        let documents = found
            .into_iter()
            .filter_map(|Found { document, .. }| {
                let key = document.key.clone();
                decoded(document).map(|read| read.map(|document| (key, document))).transpose()
            })
            .collect::<Result<_, _>>()?;
        Ok(FoundPage { documents, next })
    }

    /// How many documents there are for which the conditions hold, on all pages.
    ///
    /// # Errors
    /// As [`Reader::get`].
    pub async fn count(mut self) -> Result<u64, ReadError> {
        self.after = None;
        let (reader, find) = (self.reader, self.find().await?);
        Ok(reader.store()?.documents()?.count_documents(&find).await?)
    }

    /// The search in the words of the store, for one document more than are wanted.
    async fn find(self) -> Result<store::Find, ReadError> {
        let order = self.order.unwrap_or_default();
        let fits = |cursor: &Cursor| cursor.order == order && cursor.descending == self.descending;
        if !self.after.as_ref().is_none_or(fits) {
            return Err(ReadError::OtherOrder { projection: P::NAME });
        }
        Ok(store::Find {
            collection: self.reader.collection::<P>().await?,
            conditions: self.conditions,
            order: self.order,
            descending: self.descending,
            after: self.after.map(|cursor| (cursor.place, cursor.key)),
            limit: self.limit.saturating_add(1).min(MOST),
        })
    }
}

/// Every store can count so far.
const MOST: u64 = i64::MAX as u64;

impl<P: Projection> fmt::Debug for FindDocuments<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FindDocuments")
            .field("projection", &P::NAME)
            .field("conditions", &self.conditions)
            .field("order", &self.order)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
