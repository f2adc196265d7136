use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;

use super::{
    Driver, Plan, Work,
    core::read_side,
    handler::{Handler, Outcome},
    shard_of_stream,
};
use crate::{
    domain::Position,
    log::LogEntry,
    store::{Advance, Commit, StoreError},
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
            let mut committed = Instant::now();
            let mut done = None;
            for event in batch.events() {
                if is_ours(&work, event) {
                    if !self.handle(&mut work, event, done).await? {
                        return commit(&mut work, done).await;
                    }
                    if committed.elapsed() > COMMIT_AFTER {
                        commit(&mut work, Some(event.position)).await?;
                        committed = Instant::now();
                    }
                }
                done = Some(event.position);
            }
            commit(&mut work, Some(batch.to())).await?;
        }
        Ok(())
    }
}

impl Named {
    /// Calls the handler until it succeeds; what was done before is committed when it fails. Whether it was handled
    /// before somebody asked to stop.
    async fn handle(
        &self,
        work: &mut Work,
        event: &Arc<LogEntry>,
        done: Option<Position>,
    ) -> Result<bool, StoreError> {
        if work.stop.is_asked() {
            return Ok(false);
        }
        let progress = work.progress.clone();
        let failed = |error: crate::store::BoxError| progress.failed(&*error);
        if self.handler.deliver(event, 1, &work.stop, failed).await == Outcome::Handled {
            return Ok(true);
        }
        commit(work, done).await?;
        Ok(self.handler.deliver(event, u32::MAX, &work.stop, failed).await == Outcome::Handled)
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
