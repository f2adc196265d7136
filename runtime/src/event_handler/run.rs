use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    task::{JoinError, JoinSet},
    time::sleep_until,
};

use uuid::Uuid;

use super::{
    board::Turn,
    breaker::Admission,
    call::Outcome,
    care::Care,
    driver::HandlerDriver,
    item::{Item, Place},
    ledger::Ledger,
    parked::Polls,
    port,
    reading::Reading,
    tell,
    window::Window,
    write,
};
use crate::{
    domain::Position,
    log::LogEntry,
    store::{DeliveryFilter, Lease, ReadSide, Store, StoreError, StreamId},
    subscription::{Batch, Feed, ProgressSender, Stop, Work, shard_of_stream},
};

/// So many events may be read and not be done; then the feed waits.
pub(super) const WINDOW: usize = 10_000;

/// The work of a handler on some shards.
pub(super) struct Run<'d> {
    pub(super) driver: &'d HandlerDriver,
    pub(super) store: Store,
    pub(super) window: Window,
    pub(super) ledger: Ledger,
    pub(super) running: JoinSet<Finished>,
    pub(super) turn: Turn,
    pub(super) polls: Polls,
    /// Blocked streams of which nothing is at hand any more.
    pub(super) exhausted: Vec<StreamId>,
    /// The pauses before the next attempts of events that the store does not know yet.
    pub(super) pauses: Vec<Duration>,
    /// Dead letters that the store does not know yet.
    pub(super) deaths: Vec<(Position, StreamId)>,
    pub(super) progress: ProgressSender,
    pub(super) saved_at: Instant,
    /// Whether the feed has reminded of positions that are not stored.
    pub(super) reminded: bool,
    /// Whether the store did not take the last commit: then another one would not fit either.
    pub(super) refused: bool,
    /// Whether the application is gone.
    pub(super) alone: bool,
    pub(super) breaker_open: bool,
    pub(super) care: Care,
    leases: Vec<Lease>,
    shards: u16,
    stop: Stop,
    /// Events that are parked although the position of their shard is before them.
    parked_ahead: HashSet<Place>,
    feed: Option<Feed>,
    /// Tells of dead letters that were just stored.
    pub(super) telling: JoinSet<()>,
    /// Looks for dead letters of which nobody was told.
    _looking: JoinSet<()>,
}

/// An attempt that has ended.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) item: Item,
    pub(super) outcome: Outcome,
    pub(super) took: Duration,
}

impl<'d> Run<'d> {
    /// Looks up what is parked.
    pub(super) async fn begin(driver: &'d HandlerDriver, work: Work) -> Result<Self, StoreError> {
        let Work { store, shards, leases, feed, stop, progress } = work;
        let ledger = Ledger::new(driver.name.clone(), &leases);
        let side = port(&store)?;
        let mut window = Window::default();
        let blocked = side.parked_streams(&driver.name, &ledger.shards()).await?;
        blocked.iter().for_each(|stream| window.block(stream));
        let parked_ahead = parked_ahead(side, &driver.name, &leases).await?;
        let died = driver.marks.set(side, &driver.name, &leases).await?;
        let until = if died.is_empty() { Position::START } else { store.port().last_position().await? };
        if !died.is_empty() {
            tracing::warn!(handler = %driver.name, shards = ?died, "the last worker has died at its work; going on with care");
        }
        let mut looking = JoinSet::new();
        looking.spawn(tell::of_newly_leased(
            store.clone(),
            driver.told.clone(),
            driver.name.clone(),
            leases.clone(),
        ));
        Ok(Self {
            turn: driver.seat.begin(shards, &leases),
            driver,
            store,
            window,
            ledger,
            running: JoinSet::new(),
            polls: Polls::new(),
            exhausted: Vec::new(),
            deaths: Vec::new(),
            pauses: Vec::new(),
            progress,
            saved_at: Instant::now(),
            reminded: false,
            refused: false,
            alone: false,
            breaker_open: false,
            care: Care::new(died, until, driver.policy.attempts),
            leases,
            shards,
            stop,
            parked_ahead,
            feed: Some(feed),
            telling: JoinSet::new(),
            _looking: looking,
        })
    }

    /// Delivers until it is asked to stop, waits for what is under way, and stores how far it has come.
    pub(super) async fn work(mut self) -> Result<(), StoreError> {
        let followed = self.follow().await;
        self.give_up_intentions();
        while let Some(finished) = self.running.join_next().await {
            // What went wrong first is told.
            let _ = self.finish(finished);
        }
        let saved = if self.refused { Ok(()) } else { self.save().await };
        // A mark stays until somebody has looked at all that the one before may have died of.
        self.care.settle(self.ledger.read_to(), !self.window.has_blocked());
        let settled = |lease: &Lease| !self.care.unsettled().contains(&lease.shard);
        let settled: Vec<Lease> = self.leases.iter().filter(|lease| settled(lease)).cloned().collect();
        self.driver.marks.clear(port(&self.store)?, &self.driver.name, &settled).await;
        while self.telling.join_next().await.is_some() {}
        followed.and(saved)
    }

    async fn follow(&mut self) -> Result<(), StoreError> {
        let Some(feed) = self.feed.take() else { return Ok(()) };
        let mut reading = Reading::new(feed);
        // A probe of earlier work that was given up will not come back.
        self.driver.gauges.breaker().not_tried(Instant::now());
        self.tell_breaker();
        while !self.stop.is_asked() && !self.alone {
            self.deliver();
            let now = Instant::now();
            if self.is_save_due(now) {
                self.save().await?;
                continue;
            }
            if !self.exhausted.is_empty() {
                self.resume().await?;
                continue;
            }
            if self.next_poll(now).is_some_and(|at| at <= now) {
                self.poll().await?;
                continue;
            }
            let room = self.window.fresh() < WINDOW;
            let waits = self.turn.waits() && self.window.has_ready();
            let wake = self.next_time(now);
            tokio::select! {
                Some(finished) = self.running.join_next() => self.finish(finished)?,
                batch = reading.next(), if room => match batch? {
                    Some(batch) => self.take(&batch),
                    None => break,
                },
                () = sleep_until(wake.into()) => {}
                () = self.driver.gauges.nudged.notified() => self.polls.hurry(),
                () = self.turn.changed(), if waits => {}
                () = self.stop.asked() => break,
            }
        }
        Ok(())
    }

    /// Takes events of the feed in. What belongs to a blocked stream is parked behind it.
    fn take(&mut self, batch: &Batch) {
        let mut opened = Vec::new();
        for entry in batch.events() {
            for lane in self.driver.call.lanes(entry) {
                opened.extend(self.take_one(entry, lane));
            }
        }
        self.reminded |= batch.events().is_empty();
        self.turn.read(opened, batch.to());
        self.ledger.scanned(batch.to());
    }

    /// Takes one event in for one of its lanes; its position, if it is to be tried.
    fn take_one(&mut self, entry: &Arc<LogEntry>, lane: StreamId) -> Option<Position> {
        let shard = shard_of_stream(&lane, self.shards);
        let item = Item::fresh(Arc::clone(entry), lane, shard);
        let parked = self.parked_ahead.remove(&item.place());
        if parked || !self.ledger.wants(shard, item.position) {
            return None;
        }
        if self.park_suspect(&item) {
            return None;
        }
        let position = item.position;
        self.ledger.open(&item);
        match self.window.push(item) {
            None => Some(position),
            Some(item) => {
                self.ledger.park(&item, write::behind(&self.driver.name, &item));
                None
            }
        }
    }

    /// When there may be something to do that nobody tells of.
    fn next_time(&self, now: Instant) -> Instant {
        let poll = self.next_poll(now);
        let closes = match self.driver.gauges.breaker().admits(now) {
            Admission::NotBefore(at) => Some(at),
            _ => None,
        };
        [poll, closes, self.next_save()].into_iter().flatten().min().unwrap_or(now + Duration::from_secs(60))
    }

    /// Takes note of an attempt that has ended, and of those that have ended meanwhile.
    fn finish(&mut self, finished: Result<Finished, JoinError>) -> Result<(), StoreError> {
        let mut next = Some(finished);
        while let Some(finished) = next {
            let finished = finished.map_err(|error| StoreError::Backend {
                what: format!("delivering to `{}`", self.driver.name),
                source: error.into(),
            })?;
            self.ended(finished)?;
            next = self.running.try_join_next();
        }
        Ok(())
    }
}

/// Events of these shards that are parked, and that the feed will show again.
async fn parked_ahead(
    port: &dyn ReadSide,
    subscription: &Arc<str>,
    leases: &[Lease],
) -> Result<HashSet<Place>, StoreError> {
    const PAGE: u64 = 1_000;
    let from = leases.iter().map(|lease| lease.position).min().unwrap_or_default();
    let mut after = (subscription.to_string(), from, Uuid::max());
    let mut found = HashSet::new();
    loop {
        let filter = DeliveryFilter {
            subscription: Some(subscription.to_string()),
            after: Some(after),
            ..DeliveryFilter::default()
        };
        let page = port.list_deliveries(&filter, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.place();
        let is_ahead =
            |shard, position| leases.iter().any(|lease| lease.shard == shard && position > lease.position);
        let ahead = page.iter().filter(|parked| is_ahead(parked.shard, parked.position));
        found.extend(ahead.map(|parked| (parked.position, parked.stream.key())));
        if (page.len() as u64) < PAGE {
            return Ok(found);
        }
    }
}
