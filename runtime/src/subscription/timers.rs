use std::{
    future::{pending, ready},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use tokio::sync::{Notify, watch};

use super::{Stop, Work, shard_of_stream};
use crate::{
    domain::Timestamp,
    store::{Append, Outcome, ReadSide, Store, StoreError, StreamId, TimerState},
};

/// What happens when a timer fires.
pub(crate) trait Fires: Send + Sync + 'static {
    /// What is stored: an event to the timer's stream, with a key of the timer's own, and the timer is taken away or
    /// set anew. `None` where this program does not know the timer: then it stays.
    ///
    /// # Errors
    /// When it cannot be written down.
    fn fire(&self, timer: &TimerState, now: Timestamp) -> Result<Option<Append>, StoreError>;

    /// Sets the timers of these shards that are to be set in any case.
    fn prepare<'a>(&'a self, store: &'a Store, shards: &'a [u16]) -> BoxFuture<'a, Result<(), StoreError>> {
        let _ = (store, shards);
        Box::pin(ready(Ok(())))
    }
}

/// The timers of one category of streams, in this process. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Wheel {
    category: Arc<str>,
    set: Arc<Notify>,
    shards: Arc<AtomicU16>,
}

/// So many fire in one transaction.
const PAGE: u64 = 256;

/// A pause in the store may end that much later than here, to the microsecond.
const TICK: Duration = Duration::from_millis(1);

/// It is looked at least so often: whoever sets a timer tells, so this finds only what somebody has changed by hand.
const LONGEST: Duration = Duration::from_secs(60);

/// The first pause after a failure, and the longest.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Wheel {
    pub(crate) fn new(category: &str) -> Self {
        Self { category: category.into(), set: Arc::default(), shards: Arc::new(AtomicU16::new(1)) }
    }

    /// A timer was set.
    pub(crate) fn nudge(&self) {
        self.set.notify_one();
    }

    /// The shard of a stream's timers: that of the stream. Known once somebody works.
    pub(crate) fn shard_of(&self, stream: &StreamId) -> u16 {
        shard_of_stream(stream, self.shards.load(Ordering::Acquire))
    }

    /// Begins to work on the shards of a subscription.
    pub(crate) fn begin(&self, work: &Work) -> Turning {
        self.shards.store(work.shards, Ordering::Release);
        Turning {
            wheel: self.clone(),
            store: work.store.clone(),
            shards: work.leases.iter().map(|lease| lease.shard).collect(),
            stop: work.stop.clone(),
        }
    }
}

/// The timers of some shards.
#[derive(Debug)]
pub(crate) struct Turning {
    wheel: Wheel,
    store: Store,
    shards: Vec<u16>,
    stop: Stop,
}

impl Turning {
    /// Fires what is due, until it is asked to stop. While nothing is due nothing is asked.
    pub(crate) async fn turn(self, fires: &dyn Fires) {
        let (mut pause, mut prepared) = (PAUSE, false);
        while !self.stop.is_asked() {
            let mut moves = self.store.port().read_side().and_then(ReadSide::clock_moves);
            let wait = match self.look(fires, &mut prepared).await {
                Ok(wait) => {
                    pause = PAUSE;
                    wait
                }
                Err(error) => {
                    let wait = pause;
                    tracing::warn!(category = %self.wheel.category, %error, ?wait, "timers cannot be fired; again after a while");
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    wait
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.wheel.set.notified() => {}
                () = moved(&mut moves) => {}
                () = self.stop.asked() => {}
            }
        }
    }

    async fn look(&self, fires: &dyn Fires, prepared: &mut bool) -> Result<Duration, StoreError> {
        if !*prepared {
            fires.prepare(&self.store, &self.shards).await?;
            *prepared = true;
        }
        self.fire(fires).await
    }

    /// Fires a page of those that are due; how long it is until the next.
    async fn fire(&self, fires: &dyn Fires) -> Result<Duration, StoreError> {
        let what = "keep timers";
        let port = self.store.port();
        let side = port.read_side().ok_or(StoreError::Unsupported { store: "this store", what })?;
        let found = side.due_timers(&self.wheel.category, &self.shards, PAGE).await?;
        let until_next = found.next.map_or(LONGEST, |next| next.saturating_add(TICK).min(LONGEST));
        if found.due.is_empty() {
            return Ok(until_next);
        }
        let now = side.now().await?;
        let fired = found.due.iter().filter_map(|timer| fires.fire(timer, now).transpose());
        let batch: Vec<Append> = fired.collect::<Result<_, _>>()?;
        if batch.is_empty() {
            return Ok(until_next);
        }
        // One that was fired before is not there any more, and others are found again.
        let outcomes = port.append(&batch).await?;
        let any = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Appended(_)));
        Ok(if any { Duration::ZERO } else { PAUSE })
    }
}

/// Waits until somebody moves a clock by hand; without end for one that moves by itself.
pub(crate) async fn moved(moves: &mut Option<watch::Receiver<Timestamp>>) {
    let Some(moves) = moves else { return pending().await };
    if moves.changed().await.is_err() {
        pending().await
    }
}
