//! The one task that writes: it takes what waits and stores it in one transaction.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::{
    connections::Connections,
    failure::Failure,
    sql::Frame,
    transaction::{self, Done, NewSnapshot},
    types::Types,
};
use crate::store::{Append, Outcome, StoreError};

/// How many calls may wait for the writer; the next ones wait for a place.
pub(super) const QUEUE: usize = 1_024;

/// How many events share a transaction at most, unless a single call brings more.
const EVENTS: usize = 2_048;

/// How many bytes of payload share a transaction at most, unless a single call brings more.
const BYTES: usize = 8 << 20;

/// Something to write, and whom to tell.
#[derive(Debug)]
pub(super) enum Request {
    Append { batch: Vec<Append>, reply: oneshot::Sender<Result<Vec<Outcome>, StoreError>> },
    Snapshot { snapshot: NewSnapshot, reply: oneshot::Sender<Result<(), StoreError>> },
}

impl Request {
    fn batch(&self) -> &[Append] {
        match self {
            Self::Append { batch, .. } => batch,
            Self::Snapshot { .. } => &[],
        }
    }

    fn bytes(&self) -> usize {
        self.batch().iter().flat_map(|append| &append.events).map(|event| event.payload.len()).sum()
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
        let weigh = |request: &Request| {
            (request.batch().iter().map(|append| append.events.len().max(1)).sum::<usize>(), request.bytes())
        };
        let (mut events, mut bytes) = weigh(&first);
        let mut group = vec![first];
        while events < EVENTS && bytes < BYTES {
            let Ok(request) = self.queue.try_recv() else { break };
            let (more_events, more_bytes) = weigh(&request);
            (events, bytes) = (events + more_events, bytes + more_bytes);
            group.push(request);
        }
        group
    }

    async fn commit(&self, group: Vec<Request>) {
        let result = self.attempt(&group).await;
        match result {
            Ok(outcomes) => {
                for (request, outcomes) in group.into_iter().zip(outcomes) {
                    request.answer(Ok(outcomes));
                }
            }
            // One of them may be to blame: each alone, so that the others are stored.
            Err(failure) if failure.may_be_of_one() && group.len() > 1 => {
                for request in group {
                    let alone = self.attempt(std::slice::from_ref(&request)).await;
                    request.answer(alone.map(|mut outcomes| outcomes.pop().unwrap_or_default()));
                }
            }
            Err(failure) => group.into_iter().for_each(|request| request.answer(Err(failure.clone()))),
        }
    }

    /// Stores a group, and waits for other processes as long as patience lasts. The outcomes of each request.
    async fn attempt(&self, group: &[Request]) -> Result<Vec<Vec<Outcome>>, Failure> {
        let batches: Vec<&[Append]> = group.iter().map(Request::batch).collect();
        let snapshots: Vec<&NewSnapshot> = group
            .iter()
            .filter_map(|request| match request {
                Request::Snapshot { snapshot, .. } => Some(snapshot),
                Request::Append { .. } => None,
            })
            .collect();
        let start = Instant::now();
        let mut tries = 0;
        loop {
            let mut connection = self.connections.get().await?;
            let done =
                transaction::run(&mut connection, Frame::Own, self.types.known(), &batches, &snapshots);
            match done.await {
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

/// How long to wait before the lock is tried again. SQLite's own waiting grows to 100 ms, and meanwhile a busy
/// neighbour takes the lock a hundred times; short pauses of uneven length get a turn soon.
fn pause(tries: u32) -> Duration {
    let longest = Duration::from_micros(250 << tries.min(4));
    let uneven =
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.subsec_micros() % 7);
    longest * (4 + uneven) / 10
}
