use std::{any::Any, collections::HashMap, fmt, sync::Arc};

use async_trait::async_trait;

use super::slot::Known;
use crate::{
    domain::Aggregate,
    store::{BoxError, DocumentWrite, Store, StoreError, StreamId},
};

/// Documents that change in the transaction of an append, one for each stream.
#[async_trait]
pub(crate) trait Inline: fmt::Debug + Send + Sync {
    /// Where they are kept.
    fn collection(&self) -> &Arc<str>;

    /// The document of a stream that is at a version; none if it has nothing to do with the stream's events.
    async fn open(
        &self,
        store: &Store,
        stream: &StreamId,
        version: u64,
    ) -> Result<Option<Box<dyn InlineDocument>>, StoreError>;
}

/// The document of a stream, in the hands of the command whose turn it is.
pub(crate) trait InlineDocument: fmt::Debug + Send + Sync {
    /// The version of the stream that it has come to.
    fn revision(&self) -> u64;

    /// Changes it by new events, a `Vec` of those of the aggregate, up to a version of the stream. On failure it is
    /// not to be used any more.
    fn change(&mut self, events: &dyn Any, revision: u64) -> Result<DocumentWrite, BoxError>;
}

/// What changes together with the streams of each category.
#[derive(Debug, Default)]
pub(crate) struct Inlines(HashMap<&'static str, Vec<Arc<dyn Inline>>>);

impl Inlines {
    /// Adds documents that change with the streams of a category.
    pub(crate) fn add(&mut self, category: &'static str, inline: Arc<dyn Inline>) {
        self.0.entry(category).or_default().push(inline);
    }

    /// The documents of a stream, changed by the events that were decided on a state. One that is not as far as the
    /// state is left to its subscription, and so is one that cannot be changed: that says why.
    #[expect(clippy::ptr_arg, reason = "a slice has no type of its own to be told by")]
    pub(super) async fn changed<A: Aggregate>(
        &self,
        store: &Store,
        stream: &StreamId,
        known: &mut Known<A>,
        events: &Vec<A::Event>,
    ) -> Vec<DocumentWrite> {
        let inlines = self.0.get(A::NAME).filter(|_| !events.is_empty());
        let (mut kept, version) = (std::mem::take(&mut known.documents), known.loaded.version);
        let mut writes = Vec::new();
        for inline in inlines.into_iter().flatten() {
            let fits = |(of, document): &(Arc<str>, Box<dyn InlineDocument>)| {
                of == inline.collection() && document.revision() == version
            };
            let document = match kept.iter().position(fits) {
                Some(at) => Ok(Some(kept.swap_remove(at).1)),
                None => inline.open(store, stream, version).await,
            };
            let document = document.unwrap_or_else(|error| {
                tracing::warn!(%stream, %error, "an inline document cannot be read and is left to its subscription");
                None
            });
            let Some(mut document) = document.filter(|document| document.revision() == version) else {
                continue;
            };
            match document.change(events, version + events.len() as u64) {
                Ok(write) => {
                    writes.push(write);
                    known.documents.push((Arc::clone(inline.collection()), document));
                }
                Err(error) => {
                    tracing::warn!(%stream, %error, "an inline document cannot be changed and is left to its subscription");
                }
            }
        }
        writes
    }
}
