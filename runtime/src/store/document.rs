use std::{ops::Bound, sync::Arc};

use async_trait::async_trait;

use super::StoreError;
use crate::domain::{IndexKey, Timestamp};

/// A document as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its key in its collection.
    pub key: String,
    /// JSON, byte for byte as it was given; `None` for one that was deleted by an inline projection, which must
    /// remember how far it had come. A search does not find those.
    pub body: Option<Vec<u8>>,
    /// What the last event in it is; which number that is, the writer decides.
    pub revision: u64,
}

/// A document on its way into a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentWrite {
    /// The collection: one for each generation of a projection.
    pub collection: Arc<str>,
    /// The key.
    pub key: String,
    /// JSON; `None` deletes. With `expected`, the revision of the deleted one is kept.
    pub body: Option<Vec<u8>>,
    /// The values that it can be found by: every index of the collection, once.
    pub indexes: Vec<(&'static str, IndexKey)>,
    /// What the last event in it is.
    pub revision: u64,
    /// The revision that must be there before, 0 for none; `None` where a lease guards the document.
    pub expected: Option<u64>,
}

impl DocumentWrite {
    /// Whether nothing stays of the document: it is deleted, and nobody needs to know its revision.
    pub fn is_removal(&self) -> bool {
        self.body.is_none() && self.expected.is_none()
    }
}

/// A search in a collection.
#[derive(Clone, Debug)]
pub struct Find {
    /// Where.
    pub collection: Arc<str>,
    /// All of these must hold.
    pub conditions: Vec<Condition>,
    /// By which index the answer is ordered, and within equal values by key; `None` orders by key alone.
    pub order: Option<&'static str>,
    /// From the greatest to the smallest, keys included.
    pub descending: bool,
    /// Only what comes after this place in that order: the value in the index (empty when ordered by key) and the key.
    pub after: Option<(IndexKey, String)>,
    /// At most so many.
    pub limit: u64,
}

/// A condition on an index.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Which index.
    pub index: &'static str,
    /// The values that it may have, by their bytes.
    pub range: (Bound<IndexKey>, Bound<IndexKey>),
}

/// A document that was found, and its place in the order that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The document.
    pub document: Document,
    /// Its value in the index that orders the answer; empty when ordered by key.
    pub place: IndexKey,
}

/// One generation of a projection: the documents of one version of its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The version.
    pub version: u32,
    /// How it stands.
    pub state: GenerationState,
    /// When it was declared, by the database's clock.
    pub declared_at: Timestamp,
}

/// How a generation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenerationState {
    /// It is made from the log beside the live one.
    Building,
    /// It answers queries.
    Live,
    /// A newer one has taken its place. It stays until it is dropped.
    Superseded,
}

/// Where projections keep their documents.
#[async_trait]
pub trait Documents: Send + Sync {
    /// Documents by their keys, in the order of the keys.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn load_documents(
        &self,
        collection: &str,
        keys: &[&str],
    ) -> Result<Vec<Option<Document>>, StoreError>;

    /// Documents by the values of their indexes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn find_documents(&self, find: &Find) -> Result<Vec<Found>, StoreError>;

    /// How many documents the conditions hold for; order, place and limit do not matter.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn count_documents(&self, find: &Find) -> Result<u64, StoreError>;

    /// Makes a generation of a projection, if there is none of that version: the first of the projection is live at
    /// once, a later one is built. What there is of the projection afterwards, by version.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`], [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn declare_generation(&self, projection: &str, version: u32)
    -> Result<Vec<Generation>, StoreError>;

    /// What there is of a projection, by version.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn generations(&self, projection: &str) -> Result<Vec<Generation>, StoreError>;

    /// Makes a generation the live one in place of an older one, which is superseded. Whether that was done: not if
    /// it is not being built, or a newer one is live already.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn promote(&self, projection: &str, version: u32) -> Result<bool, StoreError>;

    /// Removes a generation that is not live, its collection and its subscription, both named
    /// [`generation_name`]. Whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn drop_generation(&self, projection: &str, version: u32) -> Result<bool, StoreError>;

    /// Empties a collection, to build it anew.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    async fn clear_collection(&self, collection: &str) -> Result<(), StoreError>;
}

/// The name of the collection and of the subscription of one generation: `balance@2`.
pub fn generation_name(projection: &str, version: u32) -> Arc<str> {
    format!("{projection}@{version}").into()
}
