//! What process managers and schedules keep beside their streams: a document each, and timers.

use std::{collections::BTreeSet, sync::Arc};

use super::{MigrateError, append_all, places::Places, receipts, side};
use crate::{
    process_manager,
    store::{
        Append, Document, DocumentWrite, Due, Expected, Find, ProcessWrites, Store, StoreError, StreamId,
        TimerState, TimerWrite,
    },
};

/// So many instances are copied at once.
const PAGE: u64 = 200;

/// The collections of schedules; those of process managers begin differently.
const SCHEDULES: [&str; 2] = ["schedule", "recurring"];
pub(super) const PROCESSES: &str = "process.";

/// What is copied, and where to.
pub(super) struct Instances<'s> {
    pub(super) from: &'s Store,
    pub(super) to: &'s Store,
    pub(super) places: &'s Places,
    /// Where documents are, each called like its stream in the category of that name.
    collections: BTreeSet<Arc<str>>,
}

/// An instance as it is kept.
#[derive(Debug, PartialEq)]
struct Kept {
    document: Document,
    timers: Vec<TimerState>,
}

impl<'s> Instances<'s> {
    /// Those of the process managers that the domain has, or that have a subscription.
    pub(super) async fn of(
        from: &'s Store,
        to: &'s Store,
        places: &'s Places,
        processes: impl IntoIterator<Item = &'static str>,
    ) -> Result<Self, MigrateError> {
        let mut collections: BTreeSet<Arc<str>> = SCHEDULES.map(Arc::from).into();
        collections.extend(processes.into_iter().map(|name| Arc::from(format!("{PROCESSES}{name}"))));
        let known = side(from)?.subscriptions(None).await?.into_iter().map(|known| known.name);
        collections.extend(known.filter(|name| name.starts_with(PROCESSES)));
        Ok(Self { from, to, places, collections })
    }

    /// Keeps in the target what is kept in the source: timers come at the same moment. What is there already goes.
    pub(super) async fn copy(&self) -> Result<(), MigrateError> {
        for collection in &self.collections {
            self.clear(collection).await?;
            let mut source = Pages::of(self.from, collection);
            while let Some(page) = source.next().await? {
                let mut appends = Vec::new();
                for kept in page {
                    appends.push(append(collection, self.moved(collection, kept).await?));
                }
                append_all(self.to, appends).await?;
            }
        }
        Ok(())
    }

    /// Refuses any difference between the instances of both: how many there are, and how many timers they have.
    pub(super) async fn compare(&self) -> Result<(u64, u64), MigrateError> {
        let (mut count, mut timers) = (0, 0);
        for collection in &self.collections {
            let (mut source, mut target) = (Pages::of(self.from, collection), Pages::of(self.to, collection));
            loop {
                let (wanted, found) = (source.next().await?, target.next().await?);
                if wanted.is_none() && found.is_none() {
                    break;
                }
                let (wanted, mut found) = (wanted.unwrap_or_default(), found.unwrap_or_default().into_iter());
                for kept in wanted {
                    let (kept, found) = (self.moved(collection, kept).await?, found.next());
                    if found.as_ref() != Some(&kept) {
                        return Err(different(collection, &kept, found.as_ref()));
                    }
                    count += 1;
                    timers += kept.timers.len() as u64;
                }
                if let Some(more) = found.next() {
                    return Err(different(collection, &more, None));
                }
            }
        }
        Ok((count, timers))
    }

    /// How many there are in the source, by collection; none where there are none.
    pub(super) async fn counts(&self) -> Result<Vec<(Arc<str>, u64)>, MigrateError> {
        let mut counts = Vec::new();
        for collection in &self.collections {
            let count = side(self.from)?.count_documents(&all(collection, None)).await?;
            counts.extend((count > 0).then(|| (Arc::clone(collection), count)));
        }
        Ok(counts)
    }

    /// The instance with the places of the target.
    async fn moved(&self, collection: &str, kept: Kept) -> Result<Kept, MigrateError> {
        let Kept { mut document, timers } = kept;
        if let Some(body) = document.body.take() {
            let body = match collection.starts_with(PROCESSES) {
                true => self.moved_process(collection, &document.key, &body)?,
                false => body,
            };
            document.body = Some(receipts::translate(self.from, self.to, body).await?);
        }
        Ok(Kept { document, timers })
    }

    fn moved_process(&self, collection: &str, key: &str, body: &[u8]) -> Result<Vec<u8>, MigrateError> {
        process_manager::moved(body, |position| self.places.up_to(position)).map_err(|error| {
            let what = format!("reading the instance {collection}/{key}");
            MigrateError::Store(StoreError::Backend { what, source: error.into() })
        })
    }

    /// Forgets what an earlier run has copied, which may have gone from the source meanwhile.
    async fn clear(&self, collection: &Arc<str>) -> Result<(), MigrateError> {
        let mut target = Pages::of(self.to, collection);
        while let Some(page) = target.next().await? {
            let disarm = |kept: Kept| {
                let mut append = Append::new(stream(collection, &kept.document), Expected::Any, Vec::new());
                let disarm = |timer: TimerState| TimerWrite::Disarm { name: timer.name, armed: None };
                let timers = kept.timers.into_iter().map(disarm).collect();
                append.process = Some(Box::new(ProcessWrites { timers, ..ProcessWrites::default() }));
                append
            };
            append_all(self.to, page.into_iter().map(disarm).collect()).await?;
        }
        Ok(side(self.to)?.clear_collection(collection).await?)
    }
}

fn stream(collection: &str, document: &Document) -> StreamId {
    StreamId::new(collection, &document.key)
}

fn append(collection: &Arc<str>, kept: Kept) -> Append {
    let Kept { document, timers } = kept;
    let mut append = Append::new(stream(collection, &document), Expected::Any, Vec::new());
    let Document { key, body, revision } = document;
    let (collection, indexes) = (Arc::clone(collection), Vec::new());
    append.documents = vec![DocumentWrite { collection, key, body, indexes, revision, expected: None }];
    let arm = |timer: TimerState| {
        let TimerState { name, armed, shard, due_at, .. } = timer;
        TimerWrite::Arm { name, armed, shard, due: Due::At(due_at) }
    };
    let timers = timers.into_iter().map(arm).collect();
    append.process = Some(Box::new(ProcessWrites { timers, ..ProcessWrites::default() }));
    append
}

fn different(collection: &str, wanted: &Kept, found: Option<&Kept>) -> MigrateError {
    let what = format!("the instance {collection}/{}", wanted.document.key);
    let difference = match found {
        None => "only one of them has it".to_owned(),
        Some(found) if found.document.key != wanted.document.key => "only one of them has it".to_owned(),
        Some(found) if found.timers != wanted.timers => {
            format!("its timers are {:?}, and those in the copy {:?}", wanted.timers, found.timers)
        }
        Some(_) => "what is kept of it is not the same".to_owned(),
    };
    MigrateError::DifferentBeside { what, difference }
}

fn all(collection: &Arc<str>, after: Option<String>) -> Find {
    Find {
        collection: Arc::clone(collection),
        conditions: Vec::new(),
        order: None,
        descending: false,
        after: after.map(|key| (Default::default(), key)),
        limit: PAGE,
    }
}

/// The instances of a collection, page by page.
struct Pages<'s> {
    store: &'s Store,
    collection: &'s Arc<str>,
    /// Behind which key to go on; `None` at the end.
    next: Option<Option<String>>,
}

impl<'s> Pages<'s> {
    fn of(store: &'s Store, collection: &'s Arc<str>) -> Self {
        Self { store, collection, next: Some(None) }
    }

    async fn next(&mut self) -> Result<Option<Vec<Kept>>, MigrateError> {
        let Some(after) = self.next.take() else { return Ok(None) };
        let side = side(self.store)?;
        let mut page = Vec::new();
        for found in side.find_documents(&all(self.collection, after)).await? {
            let document = found.document;
            let timers = side.timers_of(&stream(self.collection, &document)).await?;
            page.push(Kept { document, timers });
        }
        let last = page.last().filter(|_| page.len() as u64 == PAGE);
        self.next = last.map(|last| Some(last.document.key.clone()));
        Ok(Some(page))
    }
}
