use std::{
    collections::{HashSet, VecDeque},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::future::BoxFuture;
use tracing::Instrument;
use uuid::Uuid;

use super::{
    batch::{self, Job},
    settings::Settings,
};
use crate::store::{Append, Store};

/// Makes few transactions of many appends.
///
/// Whoever appends while no transaction is under way starts one at once; what comes meanwhile waits and goes
/// together in the next. There is no timer: a lonely append waits for nobody. Each append has its own outcome, and
/// is carried out even if nobody waits for it any more.
#[derive(Debug)]
pub(super) struct Appender {
    store: Store,
    queue: Mutex<Queue>,
    capacity: usize,
    batch: usize,
    lanes: usize,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Job>,
    /// The streams of the transactions under way. A stream is in one transaction at a time, so that its appends are
    /// stored in the order in which they were decided.
    busy: HashSet<Uuid>,
    lanes: usize,
}

/// An append was not queued: too many are waiting already.
#[derive(Debug)]
pub(super) struct Busy;

/// A transaction takes no more than about so many bytes of payload, unless a single append is larger.
const BATCH_BYTES: usize = 4_000_000;

impl Appender {
    pub(super) fn new(store: Store, settings: &Settings) -> Self {
        Self {
            store,
            queue: Mutex::default(),
            capacity: settings.queue,
            batch: settings.batch.max(1),
            lanes: settings.lanes.max(1),
        }
    }

    /// Whether one more append can be queued now. It may be otherwise a moment later.
    pub(super) fn has_room(&self) -> bool {
        self.lock().waiting.len() < self.capacity
    }

    /// Queues an append. Those of one stream are stored in the order in which they are queued.
    ///
    /// Where no lane is open for it, one is opened: it stores as long as it is polled and there is something to store.
    pub(super) fn submit(self: &Arc<Self>, job: Job) -> Result<Option<BoxFuture<'static, ()>>, Busy> {
        let mut queue = self.lock();
        if queue.waiting.len() >= self.capacity {
            job.ticket.discard();
            return Err(Busy);
        }
        queue.waiting.push_back(job);
        if queue.lanes == self.lanes {
            return Ok(None);
        }
        queue.lanes += 1;
        Ok(Some(Box::pin(Lane { appender: self.clone(), open: true }.run())))
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One transaction after the other, as long as there is something to store.
struct Lane {
    appender: Arc<Appender>,
    open: bool,
}

impl Lane {
    async fn run(mut self) {
        while let Some(Flight { jobs, streams }) = self.next() {
            let streams_in_flight = streams.len();
            let landing = Landing { appender: &self.appender, streams };
            let span = tracing::info_span!(parent: None, "gesta.append", appends = jobs.len(), streams = streams_in_flight);
            batch::store(self.appender.store.port().as_ref(), jobs).instrument(span).await;
            drop(landing);
        }
    }

    /// What goes together next; `None` closes the lane, under the same lock under which the queue was seen empty.
    fn next(&mut self) -> Option<Flight> {
        let mut queue = self.appender.lock();
        let flight = queue.board(self.appender.batch);
        if flight.is_none() {
            self.open = false;
            queue.lanes -= 1;
        }
        flight
    }
}

/// A lane that panics is closed all the same; the next append starts another.
impl Drop for Lane {
    fn drop(&mut self) {
        if self.open {
            self.appender.lock().lanes -= 1;
        }
    }
}

impl Queue {
    /// Takes what goes together next: in order, leaving out the streams that another lane is storing.
    fn board(&mut self, most: usize) -> Option<Flight> {
        let (mut jobs, mut left, mut streams, mut bytes) = (Vec::new(), VecDeque::new(), HashSet::new(), 0);
        while jobs.len() < most {
            let Some(job) = self.waiting.pop_front() else { break };
            let stream = job.append.stream.key();
            if self.busy.contains(&stream) {
                left.push_back(job);
                continue;
            }
            bytes += size(&job.append);
            if !jobs.is_empty() && bytes > BATCH_BYTES {
                self.waiting.push_front(job);
                break;
            }
            streams.insert(stream);
            jobs.push(job);
        }
        if !left.is_empty() {
            left.append(&mut self.waiting);
            self.waiting = left;
        }
        self.busy.extend(&streams);
        (!jobs.is_empty()).then_some(Flight { jobs, streams })
    }
}

fn size(append: &Append) -> usize {
    let together = append.together.as_deref().map_or(0, size);
    append.events.iter().map(|event| event.payload.len()).sum::<usize>() + together
}

struct Flight {
    jobs: Vec<Job>,
    streams: HashSet<Uuid>,
}

/// Frees the streams of a transaction, also if storing it panics.
struct Landing<'a> {
    appender: &'a Appender,
    streams: HashSet<Uuid>,
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        let mut queue = self.appender.lock();
        for stream in mem::take(&mut self.streams) {
            queue.busy.remove(&stream);
        }
    }
}
