use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::{
    Folds,
    worker::{Worker, read_side},
};
use crate::{
    domain::{Projection, Start},
    log::Filter,
    monitor::Statistics,
    store::{Store, StoreError, generation_name},
    subscription::{Driver, Plan, Work},
};

/// Keeps the documents of one version of a projection.
pub(crate) struct DocumentDriver<P> {
    name: Arc<str>,
    folds: Arc<Folds<P>>,
    statistics: Statistics,
}

/// How many workers can share a projection at most.
const SHARDS: u16 = 16;

impl<P: Projection> DocumentDriver<P> {
    pub(crate) fn new(folds: Arc<Folds<P>>, statistics: Statistics) -> Self {
        Self { name: generation_name(P::NAME, P::VERSION), folds, statistics }
    }
}

#[async_trait]
impl<P: Projection> Driver for DocumentDriver<P> {
    fn plan(&self) -> Plan {
        // A filter without names would let everything through.
        let nothing = Filter::new().when(|_| false);
        let filter = self
            .folds
            .names()
            .fold(None::<Filter>, |filter, name| Some(filter.unwrap_or_default().event(name)));
        Plan {
            name: Arc::clone(&self.name),
            shards: SHARDS,
            start: Start::Beginning,
            filter: filter.unwrap_or(nothing),
        }
    }

    async fn work(&self, work: Work) -> Result<(), StoreError> {
        Worker::new(&self.name, &self.folds, &self.statistics, &work).run(work.feed).await
    }

    async fn before_reset(&self, store: &Store) -> Result<(), StoreError> {
        read_side(store)?.clear_collection(&self.name).await
    }
}

impl<P: Projection> fmt::Debug for DocumentDriver<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DocumentDriver").field("name", &self.name).field("folds", &self.folds).finish()
    }
}
