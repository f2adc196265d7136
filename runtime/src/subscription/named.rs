use std::{sync::Arc, time::Duration};

use async_trait::async_trait;

use super::{
    Driver, Plan, Work,
    core::read_side,
    handler::{Handler, Outcome, Turn},
    shard_of_stream,
};
use crate::{
    domain::Position,
    log::LogEntry,
    store::{Advance, BoxError, Commit, StoreError},
};

/// A durable subscription in code: its position is kept after the handler has been there.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) plan: Plan,
    pub(super) handler: Handler,
}

/// How much work is done again at most after a crash, unless a single event takes longer.
const COMMIT_AFTER: Duration = Duration::from_millis(100);

#[async_trait]
impl Driver for Named {
    fn plan(&self) -> Plan {
        self.plan.clone()
    }

    async fn work(&self, mut work: Work) -> Result<(), StoreError> {
        while let Some(batch) = work.feed.next().await? {
            let ours: Vec<_> = batch.events().iter().filter(|event| is_ours(&work, event)).cloned().collect();
            if !self.handle(&mut work, &ours).await? {
                return Ok(());
            }
            commit(&mut work, Some(batch.to())).await?;
        }
        Ok(())
    }
}

impl Named {
    /// Hands events over and commits from time to time, but not what was done last; what was done before an event that
    /// fails is committed first. Whether all of them were handled before somebody asked to stop.
    async fn handle(&self, work: &mut Work, ours: &[Arc<LogEntry>]) -> Result<bool, StoreError> {
        let mut events = ours;
        while !events.is_empty() {
            let turn = Turn { stop: &work.stop, limit: COMMIT_AFTER, waits: &mut |_| {} };
            let ran = self.handler.run(events, turn).await;
            let (done, rest) = events.split_at_checked(ran.done).unwrap_or((events, &[]));
            if rest.is_empty() {
                break;
            }
            commit(work, done.last().map(|event| event.position)).await?;
            events = rest;
            if let (Some(error), [event, rest @ ..]) = (ran.failed, rest) {
                if !self.retry(work, event, error).await {
                    return Ok(false);
                }
                commit(work, Some(event.position)).await?;
                events = rest;
            }
            if work.stop.is_asked() && !events.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tries an event that has failed again and again; whether it was handled before somebody asked to stop.
    async fn retry(&self, work: &Work, event: &Arc<LogEntry>, error: BoxError) -> bool {
        let failed = |error: BoxError| work.progress.failed(&*error);
        failed(error);
        self.handler.retry(event, u32::MAX, &work.stop, failed).await == Outcome::Handled
    }
}

fn is_ours(work: &Work, event: &LogEntry) -> bool {
    let shard = shard_of_stream(&event.stream, work.shards);
    work.leases.iter().any(|lease| lease.shard == shard && event.position > lease.position)
}

/// Moves all shards that are behind to a position.
async fn commit(work: &mut Work, to: Option<Position>) -> Result<(), StoreError> {
    let Some(to) = to else { return Ok(()) };
    let behind = work.leases.iter_mut().filter(|lease| lease.position < to);
    let advances: Vec<Advance> = behind
        .map(|lease| Advance {
            subscription: Arc::clone(&lease.subscription),
            shard: lease.shard,
            token: lease.token,
            from: std::mem::replace(&mut lease.position, to),
            to,
        })
        .collect();
    if !advances.is_empty() {
        read_side(&work.store)?.commit(&Commit { advances, ..Commit::default() }).await?;
    }
    work.progress.committed(to);
    Ok(())
}
