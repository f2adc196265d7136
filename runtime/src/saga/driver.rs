//! Runs the instances of a saga whose shards this process has.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use tokio::{
    sync::{mpsc::UnboundedReceiver, watch},
    task::{Id, JoinError, JoinSet},
    time::{Instant, sleep_until},
};

use super::{
    any::{AnySaga, Definition},
    event::{category, event_name},
    instance::{End, Instance},
    load::side,
    post::{Hint, Post},
    progress::Progress,
    start::begin_with,
    suspects::{Failing, Suspect, is_of_store},
};
use crate::{
    domain::{Meta, Position, Start, Timestamp},
    execute::Cause,
    log::Filter,
    monitor::Statistics,
    store::{Advance, Commit, Fence, Lease, ReadSide, Store, StoreError, StreamId, Suspicion, TakeSagas},
    subscription::{Batch, Driver, Plan, Stop, Work, moved, shard_of_stream},
};

/// How many shards a saga has, and so how many processes can work on it at most.
pub(super) const SHARDS: u16 = 16;

/// So many instances are worked on at a time by one process.
const MOST: usize = 256;

/// How long a step that is under way is waited for when the process stops or the shards change hands.
const PATIENCE: Duration = Duration::from_secs(5);

/// The longest time without a look into the store.
const LONGEST: Duration = Duration::from_secs(1);

/// How long it is waited before an event that cannot be read is tried again.
const HELD_UP: Duration = Duration::from_secs(5);

/// Runs one saga.
pub(crate) struct SagaDriver {
    /// The newest definition.
    saga: Arc<dyn AnySaga>,
    /// Earlier ones, for the instances that have begun with them.
    earlier: Arc<[Arc<dyn AnySaga>]>,
    post: Post,
    statistics: Statistics,
}

impl SagaDriver {
    /// The definitions of one saga: one of each version, at least one.
    pub(crate) fn new(
        first: Arc<dyn AnySaga>,
        others: Vec<Arc<dyn AnySaga>>,
        post: Post,
        statistics: Statistics,
    ) -> Self {
        let mut earlier: Vec<_> = std::iter::once(first.clone()).chain(others).collect();
        earlier.sort_by_key(|saga| saga.definition().version);
        let saga = earlier.pop().unwrap_or(first);
        Self { saga, earlier: earlier.into(), post, statistics }
    }
}

impl fmt::Debug for SagaDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SagaDriver").field("saga", &self.saga.definition().name).finish()
    }
}

/// The kinds of events after which an instance is looked at.
const LOOKED_AT: [&str; 8] = [
    "started",
    "retried",
    "skipped",
    "compensation.ordered",
    "rescheduled",
    "completed",
    "compensated",
    "parked",
];

#[async_trait]
impl Driver for SagaDriver {
    fn plan(&self) -> Plan {
        let name = self.saga.definition().name;
        let own = LOOKED_AT.into_iter().map(|kind| event_name(name, kind));
        let filter = own.chain(self.saga.starts()).fold(Filter::new(), Filter::event);
        Plan { name: category(name).into(), shards: SHARDS, start: Start::Beginning, filter }
    }

    async fn work(&self, mut work: Work) -> Result<(), StoreError> {
        let hints = self.post.open();
        let (stopper, stop) = Stop::new();
        let mut run = Run::new(self, &work, hints, stop);
        let followed = run.follow(&mut work).await;
        self.post.close();
        stopper.ask();
        run.end().await;
        followed
    }
}

/// The work on some shards.
pub(super) struct Run<'d> {
    driver: &'d SagaDriver,
    definition: Definition,
    pub(super) name: Arc<str>,
    store: Store,
    leases: Vec<Lease>,
    shards: Vec<u16>,
    pub(super) tasks: JoinSet<Result<End, StoreError>>,
    /// The instances that are worked on, and whether something has happened to them meanwhile.
    pub(super) running: HashMap<String, bool>,
    names: HashMap<Id, String>,
    hints: UnboundedReceiver<Hint>,
    /// Changes where somebody moves the clock of the store by hand.
    moves: Option<watch::Receiver<Timestamp>>,
    /// When it is looked into the store next.
    pub(super) look_at: Instant,
    pub(super) suspects_at: Instant,
    pub(super) suspect: Suspect,
    /// Whether there is one to be worked on alone, as far as is known.
    pub(super) has_suspect: bool,
    pub(super) failing: Failing,
    /// Instances that have had no room, so that the store has to be asked again.
    left_out: bool,
    alone: bool,
    /// Asked when the work ends, for whatever reason.
    stop: Stop,
    category: String,
    /// Events that cannot be gone over yet, and when it is tried again.
    held_up: Option<(Batch, Instant)>,
}

impl<'d> Run<'d> {
    fn new(driver: &'d SagaDriver, work: &Work, hints: UnboundedReceiver<Hint>, stop: Stop) -> Self {
        let now = Instant::now();
        let definition = driver.saga.definition();
        Self {
            driver,
            definition,
            name: definition.name.into(),
            store: work.store.clone(),
            leases: work.leases.clone(),
            shards: work.leases.iter().map(|lease| lease.shard).collect(),
            tasks: JoinSet::new(),
            running: HashMap::new(),
            names: HashMap::new(),
            hints,
            moves: work.store.port().read_side().and_then(ReadSide::clock_moves),
            look_at: now,
            suspects_at: now,
            suspect: Suspect::default(),
            has_suspect: false,
            failing: Failing::default(),
            left_out: false,
            alone: false,
            stop,
            category: category(definition.name),
            held_up: None,
        }
    }

    async fn follow(&mut self, work: &mut Work) -> Result<(), StoreError> {
        while !work.stop.is_asked() && !self.alone {
            if Instant::now() >= self.look_at {
                self.look().await?;
                if let Some((batch, _)) = self.held_up.take_if(|(_, until)| *until <= Instant::now()) {
                    self.read(batch, work).await?;
                }
            }
            let room = self.suspect.is_nobody() && self.tasks.len() < MOST;
            tokio::select! {
                Some(ended) = self.tasks.join_next_with_id() => self.ended(ended).await?,
                Some(hint) = self.hints.recv(), if room => self.hinted(hint),
                batch = work.feed.next(), if self.held_up.is_none() => match batch? {
                    Some(batch) => self.read(batch, work).await?,
                    None => break,
                },
                () = sleep_until(self.look_at) => {}
                () = moved(&mut self.moves) => self.look_at = Instant::now(),
                () = work.stop.asked() => break,
            }
        }
        Ok(())
    }

    /// Takes what is due out of the store, as far as there is room.
    async fn look(&mut self) -> Result<(), StoreError> {
        let now = Instant::now();
        self.look_at = now + LONGEST;
        self.left_out = false;
        if self.suspects_first(now).await? {
            return Ok(());
        }
        let room = MOST.saturating_sub(self.tasks.len());
        let found = self.take(room, Suspicion::None).await?;
        let full = found.taken.len() >= room;
        if let Some(next) = found.next {
            self.look_at = self.look_at.min(now + next);
        }
        self.left_out = full;
        for (id, _) in found.taken {
            self.begin(id, None);
        }
        if now >= self.suspects_at {
            self.take_suspects(now).await?;
        }
        Ok(())
    }

    pub(super) async fn take(
        &self,
        limit: usize,
        suspicion: Suspicion,
    ) -> Result<crate::store::TakenSagas, StoreError> {
        let resting = self.failing.resting(Instant::now().into_std());
        let running: Vec<String> = self.running.keys().chain(resting).cloned().collect();
        let take = TakeSagas {
            saga: &self.name,
            subscription: &self.category,
            shards: &self.shards,
            running: &running,
            limit: limit as u64,
            suspicion,
        };
        side(&self.store)?.take_sagas(take).await
    }

    /// An instance was started in this process.
    fn hinted(&mut self, hint: Hint) {
        let id = hint.stream.id().to_owned();
        if self.has(&hint.stream) {
            // One that was started by an earlier definition is read by that.
            let newest = self.definition.version;
            let is_start = hint.known.is_some();
            let known = hint.known.filter(|(progress, _)| progress.definition.0 == newest);
            match self.running.get_mut(&id) {
                // The start is no news to who has found it in the store.
                Some(again) => *again |= !is_start,
                None => self.begin(id, known),
            }
        }
    }

    fn has(&self, stream: &StreamId) -> bool {
        self.shards.contains(&shard_of_stream(stream, SHARDS))
    }

    /// The log tells of instances.
    async fn read(&mut self, batch: Batch, work: &Work) -> Result<(), StoreError> {
        if !self.start_from(&batch, work).await? {
            self.held_up = Some((batch, Instant::now() + HELD_UP));
            return Ok(());
        }
        for entry in batch.events() {
            let stream = &entry.stream;
            if stream.category() != &*self.category {
                continue;
            }
            let kind = entry.name.rsplit('.').next().unwrap_or_default();
            if matches!(kind, "completed" | "compensated" | "parked") {
                self.driver.post.woke(stream);
                continue;
            }
            if kind == "started" && self.driver.post.was_told(stream) || !self.has(stream) {
                continue;
            }
            let id = stream.id().to_owned();
            if let Some(again) = self.running.get_mut(&id) {
                *again = true;
            } else if self.tasks.len() < MOST && self.suspect.is_nobody() {
                self.begin(id, None);
            } else {
                self.left_out = true;
            }
        }
        if batch.events().is_empty() {
            self.advance(batch.to(), work).await?;
        }
        Ok(())
    }

    /// Starts what the events of a batch start; false where one of them cannot be read. Started again, an instance is
    /// the one that there is.
    async fn start_from(&mut self, batch: &Batch, work: &Work) -> Result<bool, StoreError> {
        for entry in batch.events() {
            let shard = shard_of_stream(&entry.stream, SHARDS);
            let is_ours = |lease: &&Lease| lease.shard == shard && lease.position < entry.position;
            if !self.leases.iter().any(|lease| is_ours(&lease)) {
                continue;
            }
            let (id, data) = match self.driver.saga.start(entry) {
                Ok(Some(begun)) => begun,
                Ok(None) => continue,
                Err(failure) => {
                    let told = format!(
                        "the saga `{}` cannot be started by the event `{}` at position {} ({} at version {}): {failure}; no \
                         event after it starts one until it can be read, and it is tried again",
                        self.name, entry.name, entry.position, entry.stream, entry.version
                    );
                    work.progress.failed(&StoreError::Backend { what: told, source: failure.into() });
                    return Ok(false);
                }
            };
            let Some(held) = self.driver.saga.hold() else {
                self.alone = true;
                return Ok(true);
            };
            let meta = entry.meta().unwrap_or_default();
            let mut caused = Cause::event(&entry.stream, entry.version, &meta).meta();
            caused.actor = meta.actor;
            begin_with(held.0.office(), &self.driver.post, &self.definition, &id, &data, caused).await?;
        }
        Ok(true)
    }

    /// Notes how far the log was read. Beside what events start, nothing depends on it: what is to be done stands in the
    /// table of the instances.
    async fn advance(&mut self, to: Position, work: &Work) -> Result<(), StoreError> {
        let advance = |lease: &Lease| Advance {
            subscription: lease.subscription.clone(),
            shard: lease.shard,
            token: lease.token,
            from: lease.position,
            to: lease.position.max(to),
        };
        let commit = Commit { advances: self.leases.iter().map(advance).collect(), ..Commit::default() };
        side(&self.store)?.commit(&commit).await?;
        self.leases.iter_mut().for_each(|lease| lease.position = lease.position.max(to));
        work.progress.committed(to);
        Ok(())
    }

    pub(super) fn instance(&mut self, id: &str, known: Option<(Progress, Meta)>) -> Option<Instance> {
        let stream = StreamId::new(&category(self.definition.name), id);
        let shard = shard_of_stream(&stream, SHARDS);
        let lease = self.leases.iter().find(|lease| lease.shard == shard)?;
        let fence = Fence { subscription: lease.subscription.clone(), shard, token: lease.token };
        let Some(held) = self.driver.saga.hold() else {
            self.alone = true;
            return None;
        };
        let (progress, meta) = known.unwrap_or_else(|| (Progress::unread(), Meta::default()));
        Some(Instance {
            saga: Arc::clone(&self.driver.saga),
            earlier: Arc::clone(&self.driver.earlier),
            definition: self.definition,
            name: Arc::clone(&self.name),
            held,
            store: self.store.clone(),
            stream,
            fence,
            progress,
            meta,
            stop: self.stop.clone(),
            post: self.driver.post.clone(),
            statistics: self.driver.statistics.clone(),
            begun: std::time::Instant::now(),
        })
    }

    pub(super) fn begin(&mut self, id: String, known: Option<(Progress, Meta)>) {
        if self.running.contains_key(&id) {
            return;
        }
        let is_known = known.is_some();
        let Some(mut instance) = self.instance(&id, known) else { return };
        let task = self.tasks.spawn(async move {
            if !is_known && !instance.reload().await? {
                return Ok(End::Done);
            }
            instance.run().await
        });
        self.names.insert(task.id(), id.clone());
        self.running.insert(id, false);
    }

    async fn ended(
        &mut self,
        ended: Result<(Id, Result<End, StoreError>), JoinError>,
    ) -> Result<(), StoreError> {
        let (task, result) = match ended {
            Ok((task, result)) => (task, result),
            Err(error) => {
                let id = error.id();
                let told = StoreError::Backend {
                    what: format!("running the saga `{}`", self.name),
                    source: error.into(),
                };
                (id, Err(told))
            }
        };
        let id = self.names.remove(&task).unwrap_or_default();
        let again = self.running.remove(&id).unwrap_or_default();
        let was_alone = self.suspect.is_over(&id);
        match result {
            Ok(end) => {
                self.failing.forget(&id);
                if let End::Wait(pause) = end {
                    self.look_at = self.look_at.min(Instant::now() + pause);
                }
            }
            Err(error) if is_of_store(&error) => return Err(error),
            Err(error) => {
                self.has_suspect |= was_alone;
                self.failed(&id, &error).await?;
            }
        }
        if again || was_alone || (self.left_out && self.tasks.len() <= MOST / 2) || self.is_next_alone() {
            self.look_at = Instant::now();
        }
        Ok(())
    }

    /// Waits a while for what is under way: each ends after the step that it is at.
    async fn end(&mut self) {
        let until = Instant::now() + PATIENCE;
        loop {
            tokio::select! {
                ended = self.tasks.join_next_with_id() => match ended {
                    Some(_) => {}
                    None => return,
                },
                () = sleep_until(until) => break,
            }
        }
        // Whoever has the shard next finds the step in doubt.
        self.tasks.shutdown().await;
    }
}
