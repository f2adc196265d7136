use std::{any::Any, fmt, sync::Arc};

use async_trait::async_trait;

use super::{Folds, failure::guard, folds::FoldAll, worker::read_side};
use crate::{
    domain::Projection,
    execute::{Inline, InlineDocument},
    store::{BoxError, DocumentWrite, Store, StoreError, StreamId, generation_name},
};

/// A projection whose documents change in the transaction of the append.
pub(crate) struct InlineProjection<P> {
    collection: Arc<str>,
    folds: Arc<Folds<P>>,
}

/// The document of a stream: as the store has it, or as it will be once what was decided is stored.
struct StreamDocument<P> {
    collection: Arc<str>,
    key: String,
    fold: FoldAll<P>,
    state: Option<P>,
    revision: u64,
}

impl<P: Projection> InlineProjection<P> {
    pub(crate) fn new(folds: Arc<Folds<P>>) -> Self {
        Self { collection: generation_name(P::NAME, P::VERSION), folds }
    }
}

#[async_trait]
impl<P: Projection> Inline for InlineProjection<P> {
    fn collection(&self) -> &Arc<str> {
        &self.collection
    }

    async fn open(
        &self,
        store: &Store,
        stream: &StreamId,
        version: u64,
    ) -> Result<Option<Box<dyn InlineDocument>>, StoreError> {
        let found = self.folds.aggregates().iter().find(|(name, _)| *name == stream.category());
        let Some((_, fold)) = found else { return Ok(None) };
        let key = stream.id().to_owned();
        let (mut state, mut revision) = (None, 0);
        // A stream without events has no document yet.
        if version > 0 {
            let found = read_side(store)?.load_documents(&self.collection, &[&key]).await?.pop().flatten();
            if let Some(document) = found {
                revision = document.revision;
                let body = document.body.as_deref();
                let decoded = guard(|| body.map(P::decode).transpose().map_err(BoxError::from));
                let what = || format!("reading the document `{key}` of `{}`", self.collection);
                state = decoded.map_err(|source| StoreError::Backend { what: what(), source })?;
            }
        }
        let collection = Arc::clone(&self.collection);
        Ok(Some(Box::new(StreamDocument { collection, key, fold: *fold, state, revision })))
    }
}

impl<P: Projection> InlineDocument for StreamDocument<P> {
    fn revision(&self) -> u64 {
        self.revision
    }

    fn change(&mut self, events: &dyn Any, revision: u64) -> Result<DocumentWrite, BoxError> {
        guard(|| {
            (self.fold)(&mut self.state, events).ok_or("the events are about other documents")?;
            let keys = self.state.as_ref().map(P::index_keys).unwrap_or_default();
            let write = DocumentWrite {
                collection: Arc::clone(&self.collection),
                key: self.key.clone(),
                body: self.state.as_ref().map(P::encode).transpose()?,
                indexes: P::INDEXES.iter().copied().zip(keys).collect(),
                revision,
                expected: Some(self.revision),
            };
            self.revision = revision;
            Ok(write)
        })
    }
}

impl<P> fmt::Debug for InlineProjection<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InlineProjection").field("collection", &self.collection).finish_non_exhaustive()
    }
}

impl<P> fmt::Debug for StreamDocument<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamDocument")
            .field("collection", &self.collection)
            .field("key", &self.key)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}
