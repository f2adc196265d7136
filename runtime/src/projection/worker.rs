use std::{sync::Arc, time::Instant};

use super::{
    Folds,
    desk::Desk,
    failure::{Failure, guard},
    gather::Gathered,
    ours::Ours,
    writer::Writer,
};
use crate::{
    domain::Projection,
    log::LogEntry,
    monitor::Statistics,
    store::{DocumentWrite, ReadSide, Store, StoreError},
    subscription::{Feed, Work},
};

/// Folds the events of a projection into its documents, with the shards of one process, until it is asked to stop.
///
/// While one batch is on its way into the store, the next one is read and folded.
pub(super) struct Worker<'f, P> {
    collection: Arc<str>,
    folds: &'f Folds<P>,
    statistics: &'f Statistics,
    store: Store,
    desk: Desk<P>,
    writer: Writer,
}

/// How many events are folded together at most, or little more.
const MOST: usize = 8_192;

/// How many events are folded before others get their turn.
const TURN: usize = 256;

/// How often an inline document may be changed by commands while a batch is on its way, before it is given up for a
/// while.
const RIVALS: u32 = 8;

impl<'f, P: Projection> Worker<'f, P> {
    pub(super) fn new(
        collection: &Arc<str>,
        folds: &'f Folds<P>,
        statistics: &'f Statistics,
        work: &Work,
    ) -> Self {
        let ours = || Ours::new(work.shards, work.leases.clone());
        Self {
            collection: Arc::clone(collection),
            folds,
            statistics,
            store: work.store.clone(),
            desk: Desk::new(ours()),
            writer: Writer::new(work.store.clone(), ours(), work.progress.clone()),
        }
    }

    pub(super) async fn run(mut self, mut feed: Feed) -> Result<(), StoreError> {
        while let Some(gathered) = Gathered::next(&mut feed, &mut self.writer, MOST).await? {
            let begun = Instant::now();
            let done = if P::INLINE { self.inline(&gathered).await } else { self.batch(&gathered).await };
            let (events, took) = (gathered.events.len() as u64, begun.elapsed());
            self.statistics.folded(&self.collection, events, took, done.is_ok());
            done?;
        }
        self.writer.settle().await
    }

    /// Folds a batch, while the one before it is stored, and begins to store it.
    async fn batch(&mut self, gathered: &Gathered) -> Result<(), StoreError> {
        let (documents, stuck) = self.fold(&gathered.events).await?;
        self.writer.settle().await?;
        self.desk.tidy();
        self.submit(gathered, documents, stuck.as_ref());
        self.report(gathered, stuck).await
    }

    /// Folds a batch of an inline projection. Commands change the same documents, so nothing is kept and nothing is
    /// done ahead; what they change meanwhile is folded again on top of that.
    async fn inline(&mut self, gathered: &Gathered) -> Result<(), StoreError> {
        let mut rivals = 0;
        loop {
            self.writer.settle().await?;
            self.desk.clear();
            let (documents, stuck) = self.fold(&gathered.events).await?;
            self.submit(gathered, documents, stuck.as_ref());
            match self.writer.settle().await {
                Err(StoreError::Stale { .. }) if rivals < RIVALS => rivals += 1,
                Err(error) => return Err(error),
                Ok(()) => return self.report(gathered, stuck).await,
            }
        }
    }

    /// Begins to store what has come of a batch, up to where it is stuck. If nothing has, its positions may wait for
    /// the next one.
    fn submit(&mut self, gathered: &Gathered, documents: Vec<DocumentWrite>, stuck: Option<&Failure>) {
        let before = |failure: &Failure| {
            let events = gathered.events.iter().map(|entry| entry.position);
            events.take_while(|position| *position < failure.position).last()
        };
        let to = stuck.map_or(Some(gathered.to), before);
        if let Some(to) = to.filter(|_| gathered.due || stuck.is_some() || !documents.is_empty()) {
            self.writer.submit(to, |commit| commit.documents = documents);
        }
    }

    /// Ends the work at an event that cannot be folded, once everything before it is stored.
    async fn report(&mut self, gathered: &Gathered, stuck: Option<Failure>) -> Result<(), StoreError> {
        let Some(failure) = stuck else { return Ok(()) };
        self.writer.settle().await?;
        Err(failure.told(&self.collection, &gathered.events))
    }

    /// What becomes of the documents by these events, or by those before the first one that cannot be folded.
    async fn fold(
        &mut self,
        events: &[Arc<LogEntry>],
    ) -> Result<(Vec<DocumentWrite>, Option<Failure>), StoreError> {
        let (mut upto, mut stuck) = (events.len(), None);
        loop {
            let failure = match self.fold_all(&events[..upto]).await? {
                Ok(documents) => return Ok((documents, stuck)),
                Err(failure) => failure,
            };
            // What was folded half is folded again without that event, from what is in the store.
            self.writer.settle().await?;
            self.desk.clear();
            upto = events.partition_point(|entry| entry.position < failure.position);
            stuck = Some(failure);
        }
    }

    async fn fold_all(
        &mut self,
        events: &[Arc<LogEntry>],
    ) -> Result<Result<Vec<DocumentWrite>, Failure>, StoreError> {
        for turn in events.chunks(TURN) {
            for entry in turn {
                let Some(fold) = self.folds.find(&entry.name) else { continue };
                if let Err(source) = guard(|| fold(entry, &mut self.desk)) {
                    return Ok(Err(Failure::new(entry, source)));
                }
            }
            tokio::task::yield_now().await;
        }
        if let Err(failure) = self.load().await? {
            return Ok(Err(failure));
        }
        Ok(self.desk.writes(&self.collection))
    }

    /// Loads the documents that were asked for, and folds what waits for them.
    async fn load(&mut self) -> Result<Result<(), Failure>, StoreError> {
        let missing = self.desk.missing();
        if missing.is_empty() {
            return Ok(Ok(()));
        }
        let keys: Vec<&str> = missing.iter().map(|key| &**key).collect();
        let documents = read_side(&self.store)?.load_documents(&self.collection, &keys).await?;
        for (key, document) in keys.into_iter().zip(documents) {
            if let Err(failure) = self.desk.put(key, document) {
                return Ok(Err(failure));
            }
        }
        Ok(Ok(()))
    }
}

/// The part of a store that keeps documents.
pub(super) fn read_side(store: &Store) -> Result<&dyn ReadSide, StoreError> {
    store.port().read_side().ok_or(StoreError::Unsupported { store: "this store", what: "keep documents" })
}
