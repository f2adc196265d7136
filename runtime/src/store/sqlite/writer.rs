//! The one task that writes: it takes what waits and stores it in one transaction.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use sqlx::SqliteConnection;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::{
    change::AnyTask,
    connections::Connections,
    failure::Failure,
    shared,
    sql::Frame,
    transaction::{self, Done, NewSnapshot},
    types::Types,
};
use crate::store::{Append, Outcome, StoreError};

/// How many calls may wait for the writer; the next ones wait for a place.
pub(super) const QUEUE: usize = 1_024;

/// How many events and other rows share a transaction at most, unless a single call brings more.
const EVENTS: usize = 2_048;

/// How many bytes of payload and documents share a transaction at most, unless a single call brings more.
const BYTES: usize = 8 << 20;

/// Something to write, and whom to tell.
#[derive(Debug)]
pub(super) enum Request {
    Append { batch: Vec<Append>, reply: oneshot::Sender<Result<Vec<Outcome>, StoreError>> },
    Snapshot { snapshot: NewSnapshot, reply: oneshot::Sender<Result<(), StoreError>> },
    Change(Box<dyn AnyTask>),
}

impl Request {
    pub(super) fn batch(&self) -> &[Append] {
        match self {
            Self::Append { batch, .. } => batch,
            Self::Snapshot { .. } | Self::Change(_) => &[],
        }
    }

    pub(super) fn snapshot(&self) -> Option<&NewSnapshot> {
        match self {
            Self::Snapshot { snapshot, .. } => Some(snapshot),
            Self::Append { .. } | Self::Change(_) => None,
        }
    }

    fn is_alone(&self) -> bool {
        matches!(self, Self::Change(task) if task.is_alone())
    }

    /// How many rows and bytes it brings.
    fn weight(&self) -> (usize, usize) {
        if let Self::Change(task) = self {
            return task.weight();
        }
        let appends = || self.batch().iter().flat_map(Append::parts);
        let beside = |append: &Append| {
            append.process.as_ref().map_or(0, |process| 1 + process.wakes.len() + process.timers.len())
        };
        let rows =
            appends().map(|append| append.events.len().max(1) + append.documents.len() + beside(append));
        let payloads = appends().flat_map(|append| &append.events).map(|event| event.payload.len());
        let documents = appends().flat_map(|append| &append.documents);
        let bodies = documents.filter_map(|document| document.body.as_ref()).map(Vec::len);
        (rows.sum(), payloads.chain(bodies).sum())
    }

    /// A caller who has gone is told nothing; what was stored stays.
    fn answer(self, outcomes: Result<Vec<Outcome>, Failure>) {
        match self {
            Self::Append { batch, reply } => {
                drop(reply.send(outcomes.map_err(|failure| failure.into_error(&batch))));
            }
            Self::Snapshot { reply, .. } => {
                drop(reply.send(outcomes.map(drop).map_err(|failure| failure.into_error(&[]))));
            }
            Self::Change(task) => task.answer(outcomes.map(drop)),
        }
    }
}

#[derive(Debug)]
pub(super) struct Writer {
    pub(super) queue: mpsc::Receiver<Request>,
    /// Told once, when no more may come.
    pub(super) closing: Arc<Notify>,
    /// Dropped when everything is written.
    pub(super) closed: watch::Sender<()>,
    pub(super) connections: Arc<Connections>,
    pub(super) types: Arc<Types>,
    pub(super) patience: Duration,
    /// Taken from the queue, and left for the next transaction.
    pub(super) left: Option<Request>,
}

impl Writer {
    pub(super) async fn run(mut self) {
        while let Some(first) = self.next().await {
            let group = self.collect(first);
            self.commit(group).await;
        }
        self.connections.close().await;
        drop(self.closed);
    }

    /// The next request; none once the store is closing and everything that waited was taken.
    async fn next(&mut self) -> Option<Request> {
        if let Some(left) = self.left.take() {
            return Some(left);
        }
        loop {
            tokio::select! {
                biased;
                request = self.queue.recv() => return request,
                () = self.closing.notified() => self.queue.close(),
            }
        }
    }

    /// Everything that waits behind the first, up to the limits of a transaction.
    fn collect(&mut self, first: Request) -> Vec<Request> {
        let (mut rows, mut bytes) = first.weight();
        let mut alone = first.is_alone();
        let mut group = vec![first];
        while !alone && rows < EVENTS && bytes < BYTES {
            let Ok(request) = self.queue.try_recv() else { break };
            alone = request.is_alone();
            if alone {
                self.left = Some(request);
                break;
            }
            let (more_rows, more_bytes) = request.weight();
            (rows, bytes) = (rows + more_rows, bytes + more_bytes);
            group.push(request);
        }
        group
    }

    async fn commit(&self, mut group: Vec<Request>) {
        let result = self.attempt(&mut group).await;
        match result {
            Ok(outcomes) => {
                for (request, outcomes) in group.into_iter().zip(outcomes) {
                    request.answer(Ok(outcomes));
                }
            }
            // One of them may be to blame: each alone, so that the others are stored.
            Err(failure) if failure.may_be_of_one() && group.len() > 1 => {
                for mut request in group {
                    let alone = self.attempt(std::slice::from_mut(&mut request)).await;
                    request.answer(alone.map(|mut outcomes| outcomes.pop().unwrap_or_default()));
                }
            }
            Err(failure) => group.into_iter().for_each(|request| request.answer(Err(failure.clone()))),
        }
    }

    /// Stores a group, and waits for other processes as long as patience lasts. The outcomes of each request.
    async fn attempt(&self, group: &mut [Request]) -> Result<Vec<Vec<Outcome>>, Failure> {
        let start = Instant::now();
        let mut tries = 0;
        loop {
            let mut connection = self.connections.get().await?;
            match self.store(&mut connection, group).await {
                Ok(Done { outcomes, dictionary }) => {
                    dictionary.into_iter().for_each(|newer| self.types.learn(newer));
                    return Ok(outcomes);
                }
                Err(Failure::Busy(_)) if start.elapsed() < self.patience => {
                    drop(connection);
                    tries += 1;
                    tokio::time::sleep(pause(tries)).await;
                }
                Err(failure) => {
                    if failure.breaks_connection() {
                        connection.discard();
                    }
                    return Err(failure);
                }
            }
        }
    }
}

impl Writer {
    async fn store(&self, connection: &mut SqliteConnection, group: &mut [Request]) -> Result<Done, Failure> {
        let known = self.types.known();
        if group.iter().any(|request| matches!(request, Request::Change(_))) {
            return shared::run(connection, known, group).await;
        }
        let batches: Vec<&[Append]> = group.iter().map(Request::batch).collect();
        let snapshots: Vec<&NewSnapshot> = group.iter().filter_map(|request| request.snapshot()).collect();
        transaction::run(connection, Frame::Own, known, &batches, &snapshots).await
    }
}

/// How long to wait before the lock is tried again. SQLite's own waiting grows to 100 ms, and meanwhile a busy
/// neighbour takes the lock a hundred times; short pauses of uneven length get a turn soon.
fn pause(tries: u32) -> Duration {
    let longest = Duration::from_micros(250 << tries.min(4));
    let uneven =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.subsec_micros() % 7);
    longest * (4 + uneven) / 10
}
