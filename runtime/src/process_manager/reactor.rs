use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    ProcessManager, Reaction,
    error::ReactionError,
    fired::Fired,
    inputs::InputsOf,
    kept::{Kept, raw},
    names::Names,
    written::Written,
};
use crate::{
    domain::{FailureClass, HandlerFailure, IdempotencyKey, Position, Route},
    execute::{Cause, ExecuteError, Office, Options, Outgoing, Rejection},
    log::{Filter, LogEntry},
    store::{Append, Outcome, StoreError, StreamId},
    subscription::Wheel,
};

/// What a process manager does with the log, without knowing the application.
pub(crate) struct Reactor<P: ProcessManager> {
    inputs: InputsOf<P>,
    wheel: Wheel,
}

/// How often an instance is loaded again at once when somebody else has changed it.
const TRIES: u32 = 3;

/// What one try has come to.
enum Tried {
    Done,
    /// Somebody else has changed the instance meanwhile.
    Overtaken,
}

/// What an instance wants after an input.
struct Reacted {
    sends: Vec<Outgoing>,
    written: Written,
}

impl<P: ProcessManager> Reactor<P> {
    pub(crate) fn new() -> Self {
        Self { inputs: InputsOf::new(), wheel: Wheel::new(Names::<P>::CATEGORY) }
    }

    /// The name of its subscription, which is the category of its streams as well.
    pub(crate) const fn name(&self) -> &'static str {
        Names::<P>::CATEGORY
    }

    /// The timers of its instances.
    pub(crate) fn wheel(&self) -> &Wheel {
        &self.wheel
    }

    /// The events that it wants: those that it reacts to, and its own deadlines.
    pub(crate) fn filter(&self) -> Filter {
        self.inputs.names().fold(Filter::new().event(Names::<P>::FIRED), Filter::event)
    }

    /// The instances that an event is for, as their streams. Where that cannot be told it is the event's own stream, in
    /// whose order the failure is kept.
    pub(crate) fn lanes(&self, entry: &LogEntry) -> Vec<StreamId> {
        let Some(taking) = self.inputs.get(&entry.name) else { return vec![entry.stream.clone()] };
        // Reading an event is code of the application, and nobody else would stop its panic here.
        let route = catch_unwind(AssertUnwindSafe(|| (taking.route)(entry)));
        match route.unwrap_or(Err(StoreError::Closed)) {
            Ok(Route::Stream) => vec![Names::<P>::stream(entry.stream.id())],
            Ok(Route::Documents(keys)) => {
                let mut lanes: Vec<StreamId> = Vec::with_capacity(keys.len());
                for key in keys {
                    let lane = Names::<P>::stream(&key);
                    if !lanes.contains(&lane) {
                        lanes.push(lane);
                    }
                }
                lanes
            }
            Err(_) => vec![entry.stream.clone()],
        }
    }

    /// Lets the instance of a lane react to an event, if it has not yet.
    pub(crate) async fn take(
        &self,
        office: &dyn Office,
        entry: &LogEntry,
        lane: &StreamId,
    ) -> Result<(), HandlerFailure> {
        if lane.category() == Names::<P>::CATEGORY {
            return self.take_in_order(office, entry, lane).await;
        }
        // Nobody could tell which instances it is for when it came, and meanwhile they may have gone on.
        let taking = self.inputs.get(&entry.name).ok_or_else(|| unwanted::<P>(entry))?;
        (taking.route)(entry).map_err(HandlerFailure::permanent)?;
        for lane in self.lanes(entry) {
            let kept = self.load(office, &lane).await?;
            if kept.body.seen >= entry.position {
                let (instance, seen) = (lane.id().to_owned(), kept.body.seen);
                let late = ReactionError::TooLate { process_manager: P::NAME, instance, seen };
                return Err(HandlerFailure::permanent(late));
            }
            self.take_in_order(office, entry, &lane).await?;
        }
        Ok(())
    }

    async fn take_in_order(
        &self,
        office: &dyn Office,
        entry: &LogEntry,
        lane: &StreamId,
    ) -> Result<(), HandlerFailure> {
        for _ in 0..TRIES {
            if let Tried::Done = self.try_once(office, entry, lane).await? {
                return Ok(());
            }
        }
        let instance = lane.id().to_owned();
        Err(HandlerFailure::retryable(ReactionError::Overtaken { process_manager: P::NAME, instance }))
    }

    async fn load(&self, office: &dyn Office, lane: &StreamId) -> Result<Kept, HandlerFailure> {
        let store = office.executor().store();
        Kept::load::<P>(store, Names::<P>::CATEGORY, lane.id()).await.map_err(failed)
    }

    async fn try_once(
        &self,
        office: &dyn Office,
        entry: &LogEntry,
        lane: &StreamId,
    ) -> Result<Tried, HandlerFailure> {
        let kept = self.load(office, lane).await?;
        if entry.position <= kept.body.seen {
            // Whoever had the shard before may have set timers since it was looked for them.
            self.wheel.nudge();
            return Ok(Tried::Done);
        }
        let Some(Reacted { sends, written }) = self.react(&kept, entry, lane)? else {
            return Ok(Tried::Done);
        };
        let sets_timers = written.sets_timers();
        let append = written.append::<P>(&kept, lane).map_err(failed)?;
        let tried = self.store(office, entry.position, lane, sends, append).await;
        if sets_timers {
            self.wheel.nudge();
        }
        tried
    }

    /// What the instance does, as a function of how it stands and of the event; `None` where nothing changes.
    fn react(
        &self,
        kept: &Kept,
        entry: &LogEntry,
        lane: &StreamId,
    ) -> Result<Option<Reacted>, HandlerFailure> {
        let key = key::<P>(lane)?;
        let mut state = kept.state::<P>(lane.id()).map_err(HandlerFailure::permanent)?;
        let mut written = Written::new(entry, kept.body.clone());
        let mut meta = entry.meta().map_err(HandlerFailure::permanent)?;
        let fired = (entry.name == Names::<P>::FIRED).then(|| Fired::read(entry)).transpose()?;
        if let Some(fired) = &fired {
            // A deadline that was set anew or taken away meanwhile does not count.
            let Some(belongs_to) = written.has_come(fired) else { return Ok(None) };
            meta = belongs_to;
        }
        written.meta = Cause::event(&entry.stream, entry.version, &meta).meta();
        let reactions = match &fired {
            Some(fired) => state.deadline(deadline::<P>(fired)?, &key),
            None => {
                let taking = self.inputs.get(&entry.name).ok_or_else(|| unwanted::<P>(entry))?;
                (taking.manage)(&mut state, entry, &key, &meta)?
            }
        };
        let mut sends = Vec::new();
        for reaction in reactions {
            match reaction {
                Reaction::Send(send) => {
                    written.sends(&send);
                    sends.push(send);
                }
                Reaction::Timer(timer) => written.changes(&timer, self.wheel.shard_of(lane)),
            }
        }
        let json = state.encode().map_err(HandlerFailure::permanent)?;
        written.body.state = raw(json).map_err(HandlerFailure::permanent)?;
        let changes = !sends.is_empty() || !written.body.says_the_same(&kept.body);
        Ok(changes.then_some(Reacted { sends, written }))
    }

    /// Sends the commands, each with a key of its own, and stores the reaction with the last of them.
    async fn store(
        &self,
        office: &dyn Office,
        position: Position,
        lane: &StreamId,
        sends: Vec<Outgoing>,
        reaction: Append,
    ) -> Result<Tried, HandlerFailure> {
        let count = sends.len();
        for (index, send) in sends.into_iter().enumerate() {
            let (command, target) = (send.command(), send.stream().to_string());
            let stored = Arc::new(AtomicBool::new(false));
            let is_last = index + 1 == count;
            let options = Options {
                key: Some(IdempotencyKey::new(format!("{}/{}/{position}/{index}", self.name(), lane.id()))),
                meta: reaction.meta.clone(),
                together: is_last.then(|| Box::new(reaction.clone())),
                stored: is_last.then(|| Arc::clone(&stored)),
                ..Options::default()
            };
            match send.send(office, options).await {
                Ok(_) if stored.load(Ordering::Acquire) => return Ok(Tried::Done),
                Ok(_) => {}
                Err(ExecuteError::Store(StoreError::Overtaken { .. })) => return Ok(Tried::Overtaken),
                Err(error) => return Err(not_sent(command, target, error)),
            }
        }
        self.append(office, position, lane, reaction).await
    }

    /// Stores a reaction alone: it sends nothing, or has sent everything before.
    async fn append(
        &self,
        office: &dyn Office,
        position: Position,
        lane: &StreamId,
        reaction: Append,
    ) -> Result<Tried, HandlerFailure> {
        match office.executor().append(reaction).await.map_err(failed)? {
            Outcome::Appended(_) => Ok(Tried::Done),
            _ if self.load(office, lane).await?.body.seen >= position => Ok(Tried::Done),
            _ => Ok(Tried::Overtaken),
        }
    }
}

impl<P: ProcessManager> fmt::Debug for Reactor<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").field("process_manager", &P::NAME).finish_non_exhaustive()
    }
}

fn key<P: ProcessManager>(lane: &StreamId) -> Result<P::Key, HandlerFailure> {
    P::Key::from_str(lane.id()).map_err(|_| {
        let key = lane.id().to_owned();
        HandlerFailure::permanent(ReactionError::NoKey { process_manager: P::NAME, key })
    })
}

fn deadline<P: ProcessManager>(fired: &Fired) -> Result<usize, HandlerFailure> {
    P::DEADLINES.iter().position(|name| *name == fired.deadline).ok_or_else(|| {
        let deadline = fired.deadline.clone();
        HandlerFailure::permanent(ReactionError::NoDeadline { process_manager: P::NAME, deadline })
    })
}

fn unwanted<P: ProcessManager>(entry: &LogEntry) -> HandlerFailure {
    let event = entry.name.clone();
    HandlerFailure::permanent(ReactionError::Unwanted { process_manager: P::NAME, event })
}

/// What the store says may pass, unless it cannot keep or read something at all.
fn failed(error: StoreError) -> HandlerFailure {
    match error {
        StoreError::Undecodable { .. }
        | StoreError::UnknownEvent { .. }
        | StoreError::OutOfPlace { .. }
        | StoreError::Unencodable { .. }
        | StoreError::Retired { .. }
        | StoreError::PayloadTooLarge { .. }
        | StoreError::InvalidName { .. }
        | StoreError::KeyReused { .. }
        | StoreError::Unsupported { .. } => HandlerFailure::permanent(error),
        error => HandlerFailure::retryable(error),
    }
}

/// A command that was refused stays so until somebody has put something right.
fn not_sent(command: &'static str, target: String, error: ExecuteError<Rejection>) -> HandlerFailure {
    let class = match &error {
        error if error.is_retryable() => FailureClass::Retryable,
        ExecuteError::Store(StoreError::Backend { .. } | StoreError::Closed) => FailureClass::Retryable,
        _ => FailureClass::Permanent,
    };
    let source = error.into();
    HandlerFailure { class, error: ReactionError::NotDone { command, target, source }.into() }
}
