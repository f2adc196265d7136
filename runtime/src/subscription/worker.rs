use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{sync::Notify, time::Instant};
use uuid::Uuid;

use super::{
    Feed, Stop, Work,
    feed::Source,
    member::{Assignment, Member, Members},
    progress::ProgressSender,
    tail::Tail,
};
use crate::{
    domain::Position,
    store::{Lease, Store, StoreError},
};

/// Works on one subscription with whatever shards the process has.
pub(super) struct Worker {
    pub(super) id: Uuid,
    pub(super) store: Store,
    pub(super) tail: Arc<Tail>,
    pub(super) member: Arc<Member>,
    pub(super) members: Arc<Members>,
    /// Asks for a claim at once.
    pub(super) nudge: Arc<Notify>,
    pub(super) stop: Stop,
}

/// How a run has ended.
enum End {
    /// As it was asked to.
    InOrder,
    /// Somebody else has a shard by now, which the next claim tells.
    Fenced,
    Failed,
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Worker {
    pub(super) async fn run(self) {
        let (mut since, mut pause, mut fenced) = (None, FIRST_PAUSE, false);
        while let Some(mut assignment) = self.next_assignment(since).await {
            self.give_back(self.member.part_with_surplus(&mut assignment)).await;
            let progress = self.member.begin(assignment.shards, &assignment.leases);
            let end = self.work_on(&assignment, progress.clone()).await;
            let come_further = progress.send.borrow().position > assignment.position();
            self.member.forget();
            if come_further {
                (pause, fenced) = (FIRST_PAUSE, false);
            }
            // Twice in a row without coming further, a lease that is good and a commit that is refused contradict
            // each other.
            let at_once = matches!(end, End::InOrder) || matches!(end, End::Fenced) && !fenced;
            fenced = matches!(end, End::Fenced);
            if !at_once && self.waits(pause).await {
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            since = Some(Instant::now());
        }
        self.leave().await;
    }

    /// Ends the subscription in this process, and lets others have its shards.
    async fn leave(&self) {
        self.members.remove(&self.member);
        let leases = self.member.assigned.send_replace(Assignment::default()).leases;
        self.give_back(leases).await;
    }

    /// The next assignment with leases whose positions are not older than what was done last; `None` to stop.
    async fn next_assignment(&self, since: Option<Instant>) -> Option<Assignment> {
        let mut assigned = self.member.assigned.subscribe();
        self.nudge.notify_one();
        tokio::select! {
            () = self.stop.asked() => None,
            found = assigned.wait_for(|found| found.asked > since && !found.leases.is_empty()) => {
                // Not an error: the sender is in the member, which is held.
                found.ok().map(|found| found.clone())
            }
        }
    }

    async fn give_back(&self, leases: Vec<Lease>) {
        let Some(port) = self.store.port().read_side().filter(|_| !leases.is_empty()) else { return };
        let shards: Vec<u16> = leases.iter().map(|lease| lease.shard).collect();
        tracing::debug!(subscription = %self.member.name, ?shards, "gives shards to other workers");
        if let Err(error) = port.release(self.id, &leases).await {
            // They come back with the next claim, and are given back again.
            tracing::warn!(subscription = %self.member.name, ?shards, %error, "could not give shards back");
        }
    }

    async fn work_on(&self, assignment: &Assignment, progress: ProgressSender) -> End {
        let began = Some(Instant::now());
        let (stopper, stop) = Stop::new();
        let leases = &assignment.leases;
        let feed = Feed::new(Source {
            store: self.store.clone(),
            tail: Arc::clone(&self.tail),
            filter: Arc::clone(&self.member.filter),
            after: assignment.position().unwrap_or_default(),
            stop: stop.clone(),
            done: progress.send.subscribe(),
            wanted: self.member.wanted.subscribe(),
        });
        let work = Work {
            store: self.store.clone(),
            shards: assignment.shards,
            leases: leases.clone(),
            feed,
            stop: stop.clone(),
            progress: progress.clone(),
        };
        let driver = Arc::clone(&self.member.driver);
        let mut working = AssertUnwindSafe(async move { driver.work(work).await }).catch_unwind().boxed();
        let ended = tokio::select! {
            ended = &mut working => ended,
            () = self.until_others(leases, began) => {
                stopper.ask();
                working.await
            }
        };
        self.judge(ended, stop.is_asked(), progress.send.borrow().position)
    }

    fn judge(
        &self,
        ended: std::thread::Result<Result<(), StoreError>>,
        asked: bool,
        at: Option<Position>,
    ) -> End {
        let troubles = &self.member.troubles;
        match ended {
            Ok(Ok(())) if asked => return End::InOrder,
            Ok(Ok(())) => troubles.note_text("its driver has ended without being asked to".into(), at),
            Ok(Err(StoreError::Fenced { shard, .. })) => {
                tracing::debug!(subscription = %self.member.name, shard, "a shard is somebody else's by now");
                return End::Fenced;
            }
            Ok(Err(error)) => troubles.note(&error, at),
            Err(panic) => troubles.note_text(format!("it panicked: {}", message(&*panic)), at),
        }
        End::Failed
    }

    /// Until there are other leases than these, too many, or the work is to stop.
    async fn until_others(&self, leases: &[Lease], began: Option<Instant>) {
        let mut assigned = self.member.assigned.subscribe();
        let others = assigned.wait_for(|now| {
            // A claim that was under way while surplus was given back still has it.
            now.asked > began && !now.lets_go_on(leases)
        });
        tokio::select! {
            () = self.stop.asked() => {}
            _ = others => {}
        }
    }

    /// Waits after a failure; whether until the end of the pause.
    async fn waits(&self, pause: Duration) -> bool {
        tokio::select! {
            () = self.stop.asked() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }
}

/// What somebody has panicked with.
pub(super) fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a text")
}
