use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::time::timeout;
use tracing::Instrument;

use super::{
    ExecuteError, Options, Settings,
    decision::{self, Call},
    engine::{Engine, Use},
    gate::Gate,
    inline::Inlines,
    layered::{self, Witness},
    load::{LoadedState, catch_up, load_state},
    queued::{self, Queued},
    retry,
    rivals::Rivals,
    slot::{Known, Turn},
};
use crate::{
    domain::{CommandHandlers, CommandOf, Receipt, Target},
    middleware::Layers,
    store::{Append, Outcome, Store, StoreError},
};

/// Executes commands against a store.
#[derive(Debug)]
pub(crate) struct Executor {
    store: Store,
    engine: Use,
    gate: Arc<Gate>,
    settings: Settings,
    rivals: Rivals,
    layers: Layers,
    inlines: Inlines,
}

/// What an attempt has come to.
enum Attempt {
    Done(Receipt),
    /// The state was not what the store has: decide again.
    Conflict {
        expected: u64,
        actual: u64,
    },
}

/// The first pause after a conflict, and the longest.
const PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

impl Executor {
    pub(crate) fn new(store: Store, settings: Settings, layers: Layers) -> Self {
        let engine = Engine::join(&store, &settings);
        let (rivals, inlines) = (Rivals::default(), Inlines::default());
        Self { store, engine, gate: Arc::default(), settings, rivals, layers, inlines }
    }

    /// With documents that change in the transactions of its appends.
    pub(crate) fn with_inlines(self, inlines: Inlines) -> Self {
        Self { inlines, ..self }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Finishes the commands that are under way and refuses further ones.
    pub(crate) async fn finish(&self) {
        self.gate.close().await;
    }

    /// Finishes the commands that are under way and refuses further ones; closes the store if nobody else uses it.
    pub(crate) async fn close(&self) {
        self.gate.close().await;
        self.engine.leave().await;
    }

    /// The largest payload of one event in bytes.
    pub(crate) fn payload_limit(&self) -> usize {
        self.settings.payload_limit
    }

    /// Appends what no command has decided, in a transaction with whatever else waits.
    pub(crate) async fn append(&self, append: Append) -> Result<Outcome, StoreError> {
        let pass = self.gate.enter()?;
        queued::submit_alone(&self.engine.engine().appender, pass, append)?.outcome().await
    }

    /// Executes a command, inside of the layers if there are any.
    pub(crate) async fn execute<'e, A: CommandHandlers, C: CommandOf<A>>(
        &'e self,
        id: A::Id,
        command: C,
        options: Options,
        deps: A::Deps<'e>,
    ) -> Result<Receipt, ExecuteError<C::Error>> {
        if self.layers.is_empty() {
            return self.execute_now(id, command, options, deps, None).await;
        }
        Box::pin(layered::execute(self, &self.layers, id, command, options, deps)).await
    }

    /// How long a command may take.
    pub(super) fn limit(&self, options: &Options) -> Duration {
        options.timeout.unwrap_or(self.settings.timeout)
    }

    /// Executes a command: loads, decides, appends; on a conflict again, bounded, with jitter.
    pub(super) async fn execute_now<A: CommandHandlers, C: CommandOf<A>>(
        &self,
        id: A::Id,
        command: C,
        options: Options,
        deps: A::Deps<'_>,
        witness: Option<Arc<Witness>>,
    ) -> Result<Receipt, ExecuteError<C::Error>> {
        let limit = self.limit(&options);
        let call = Call::<A>::new(id, options, self.gate.enter()?, witness);
        let span = call.span::<C>();
        let attempts = self.attempts(&call, command, deps).instrument(span.clone());
        timeout(limit, attempts).await.unwrap_or_else(|_| {
            span.in_scope(|| tracing::warn!(?limit, "a command was not done in time"));
            Err(ExecuteError::Timeout)
        })
    }

    async fn attempts<A: CommandHandlers, C: CommandOf<A>>(
        &self,
        call: &Call<A>,
        command: C,
        deps: A::Deps<'_>,
    ) -> Result<Receipt, ExecuteError<C::Error>> {
        let mut command = Some(command);
        let mut attempt = 0;
        loop {
            let spare = command.as_ref().and_then(C::again);
            let (expected, actual) = match self.attempt(call, &mut command, spare.is_none(), deps).await? {
                Attempt::Done(receipt) => return Ok(receipt),
                Attempt::Conflict { expected, actual } => (expected, actual),
            };
            command = command.or(spare);
            self.rivals.met();
            attempt += 1;
            if command.is_none() || attempt > self.settings.retries {
                return Err(ExecuteError::Conflict { expected, actual });
            }
            tracing::debug!(attempt, expected, actual, "decided on an old state; again");
            tokio::time::sleep(retry::delay(attempt, PAUSE, LONGEST_PAUSE)).await;
        }
    }

    /// Decides once. What was decided on a state from memory is true only once the store confirms its version: by
    /// the append of the events, or where there are none by asking. The command is taken if its handler was called,
    /// which is possible only `once` if it cannot be repeated.
    async fn attempt<A: CommandHandlers, C: CommandOf<A>>(
        &self,
        call: &Call<A>,
        command: &mut Option<C>,
        once: bool,
        deps: A::Deps<'_>,
    ) -> Result<Attempt, ExecuteError<C::Error>> {
        let slot = self.engine.engine().cache.slot::<A>(&call.stream);
        let mut turn = slot.turn.lock().await;
        let known = self.begin(&mut turn, call, C::TARGET, once).await?;
        let expected = known.loaded.version;
        let refusal = match decision::decide(known, call, command, deps).await {
            Ok(events) => {
                let mut append = call.append(expected, &events, self.settings.payload_limit)?;
                call.show(&events, &append)?;
                append.documents = self.inlines.changed(&self.store, &call.stream, known, &events).await;
                let appender = &self.engine.engine().appender;
                if !appender.has_room() {
                    return Err(ExecuteError::Busy);
                }
                match known.fold(&events) {
                    Ok(()) => {
                        let queued = queued::submit(appender, slot.clone(), &call.pass, known, append)
                            .inspect_err(|_| known.tear())?;
                        drop(turn);
                        return self.settle(call, queued, expected, C::TARGET).await;
                    }
                    Err((place, misfit)) => {
                        call.out_of_place::<C, _>(expected + place as u64 + 1, &events[place], misfit)
                    }
                }
            }
            Err(refusal) => refusal,
        };
        if !known.fresh {
            let queued = queued::submit(
                &self.engine.engine().appender,
                slot.clone(),
                &call.pass,
                known,
                call.question(expected),
            )?;
            drop(turn);
            if let Outcome::Conflict { actual } = queued.outcome().await? {
                return Ok(Attempt::Conflict { expected, actual });
            }
        }
        match self.first_receipt(call).await? {
            Some(_) if call.options.together.is_some() => Err(call.apart().into()),
            Some(receipt) => Ok(Attempt::Done(receipt)),
            None => Err(refusal),
        }
    }

    /// Sees to it that there is a state to decide on. A creating command expects none, so it need not read.
    ///
    /// A command that can be decided only `once` must not be spent on a state that others have changed meanwhile.
    async fn begin<'t, A: CommandHandlers>(
        &self,
        turn: &'t mut Turn<A>,
        call: &Call<A>,
        target: Target,
        once: bool,
    ) -> Result<&'t mut Known<A>, StoreError> {
        let store = self.store().port().as_ref();
        if let Some(mut known) = turn.resume() {
            if once && self.rivals.expected() {
                catch_up(store, &call.stream, &mut known.loaded).await?;
            }
            return Ok(turn.begin(known));
        }
        let expects_nothing = target == Target::New && call.options.expect_version.is_none();
        let known = if expects_nothing {
            Known::new(LoadedState::nothing(), false)
        } else {
            Known::new(load_state(store, &call.stream).await?, true)
        };
        Ok(turn.begin(known))
    }

    /// Waits until the events are stored, or not.
    async fn settle<A: CommandHandlers, E>(
        &self,
        call: &Call<A>,
        queued: Queued,
        expected: u64,
        target: Target,
    ) -> Result<Attempt, ExecuteError<E>> {
        let snapshot = queued.snapshot.clone();
        match queued.outcome().await? {
            Outcome::Appended(receipt) => {
                if let Some(stored) = &call.options.stored {
                    stored.store(true, Ordering::Release);
                }
                if let Some(snapshot) = snapshot {
                    snapshot.save_later(self.store(), &call.stream, receipt);
                }
                Ok(Attempt::Done(receipt))
            }
            Outcome::Duplicate(receipt) => {
                call.nothing_stored();
                // What was to be stored together with it was not stored now.
                if call.options.together.is_some() {
                    return Err(call.apart().into());
                }
                Ok(Attempt::Done(receipt))
            }
            Outcome::Conflict { actual } if target == Target::New && actual > 0 => {
                Err(ExecuteError::AlreadyExists)
            }
            Outcome::Conflict { actual } => Ok(Attempt::Conflict { expected, actual }),
            Outcome::KeyReused { first } => Err(call.key_reused(first).into()),
            Outcome::Fenced { subscription, shard } => Err(StoreError::Fenced { subscription, shard }.into()),
            Outcome::Apart { outcome, stream } => Err(match *outcome {
                Outcome::Fenced { subscription, shard } => StoreError::Fenced { subscription, shard },
                _ => StoreError::Overtaken { stream },
            }
            .into()),
        }
    }

    /// What the command has done before, if its key was used: a repeated command is not refused.
    async fn first_receipt<A: CommandHandlers>(&self, call: &Call<A>) -> Result<Option<Receipt>, StoreError> {
        call.nothing_stored();
        let Some(key) = &call.options.key else { return Ok(None) };
        match self.store().port().find_key(key).await? {
            None => Ok(None),
            Some((stream, receipt)) if stream == call.stream => Ok(Some(receipt)),
            Some((first, _)) => Err(call.key_reused(first)),
        }
    }
}
