//! One instance being run: from what its stream says to the next thing that has to be done, until there is nothing.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tracing::Instrument;

use super::{
    SagaOutcome, StepKind, StepPolicy, Undo,
    any::{AnySaga, Definition, Held},
    event::{self, Failed, Migrated, Parked, SagaEvent},
    load, observe,
    post::Post,
    progress::{Direction, Next, Progress},
};
use crate::{
    domain::Meta,
    execute::{Cause, Office},
    monitor::Statistics,
    store::{
        Append, Due, Expected, Fence, Outcome, ProcessWrites, SagaStatus, SagaWrite, Store, StoreError,
        StreamId,
    },
    subscription::Stop,
};

/// An instance, while somebody works on it.
pub(super) struct Instance {
    pub(super) saga: Arc<dyn AnySaga>,
    pub(super) earlier: Arc<[Arc<dyn AnySaga>]>,
    pub(super) definition: Definition,
    pub(super) name: Arc<str>,
    pub(super) held: Held,
    pub(super) store: Store,
    pub(super) stream: StreamId,
    pub(super) fence: Fence,
    pub(super) progress: Progress,
    /// With what it was started.
    pub(super) meta: Meta,
    pub(super) stop: Stop,
    pub(super) post: Post,
    pub(super) statistics: Statistics,
    /// When the attempt that is under way has begun.
    pub(super) begun: Instant,
}

/// How the work on an instance has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It has ended, is parked, or belongs to somebody else now: nothing is to be done here.
    Done,
    /// It is to be tried again after so long.
    Wait(Duration),
    /// It was asked to stop.
    Stopped,
}

/// What an attempt has come to.
pub(super) enum Step {
    /// It has been stored; on with the next.
    On,
    /// Somebody else has changed the instance meanwhile.
    Overtaken,
    /// It failed, and is tried again after so long.
    Later(Duration),
}

impl Instance {
    /// Does what is to be done until there is nothing more, or it has to wait.
    pub(super) async fn run(mut self) -> Result<End, StoreError> {
        loop {
            if self.stop.is_asked() {
                return Ok(End::Stopped);
            }
            let step = match self.fit().await? {
                Some(step) => step,
                None => match self.progress.next(self.definition.steps) {
                    Next::Nothing => {
                        self.announce();
                        return Ok(End::Done);
                    }
                    Next::Complete | Next::Compensated => {
                        let end = self.progress.end(self.definition.steps);
                        self.store(end.into_iter().collect(), None).await?
                    }
                    Next::Step(step, direction) => self.attempt(step, direction).await?,
                },
            };
            match step {
                Step::On => {}
                Step::Later(pause) => return Ok(End::Wait(pause)),
                Step::Overtaken => {
                    if !self.reload().await? {
                        return Ok(End::Done);
                    }
                }
            }
        }
    }

    async fn attempt(&mut self, step: usize, direction: Direction) -> Result<Step, StoreError> {
        let store = self.store.port().clone();
        load::fill_in_receipts(store.as_ref(), &self.stream, &mut self.progress, &self.definition).await?;
        self.begun = Instant::now();
        let span = self.span(step, direction);
        match self.definition.steps[step].kind_of(direction) {
            StepKind::Command => self.command(step, direction).instrument(span).await,
            StepKind::Foreign => self.foreign(step, direction).instrument(span).await,
        }
    }

    /// Sees to it that the definition is the one that the instance has begun with, or has been brought to. `None` if it
    /// is.
    async fn fit(&mut self) -> Result<Option<Step>, StoreError> {
        let (version, fingerprint) = self.progress.definition;
        let Definition { name, version: ours, fingerprint: our_print, steps, .. } = self.definition;
        if self.progress.goes().is_none() || self.progress.status == SagaStatus::Parked {
            return Ok(None);
        }
        if version > ours {
            tracing::warn!(saga = %self.stream, version, ours, "a newer program has started this saga; it is left to that");
            return self.postpone().await.map(Some);
        }
        if let Some(step) = &self.progress.unknown_step {
            let reason = format!(
                "its stream speaks of a step `{step}`, which version {ours} of `{name}` does not have"
            );
            return self.park(reason).await.map(Some);
        }
        if (version, fingerprint) == (ours, our_print) {
            return Ok(None);
        }
        if version == ours {
            let reason = format!(
                "its steps are not those of this program, although both are version {ours} of `{name}`: put the steps \
                 back as they were, and write the new ones as `#[saga(version = {})]`",
                ours.saturating_add(1)
            );
            return self.park(reason).await.map(Some);
        }
        let reason = match self.saga.migrate(version, &self.progress.data) {
            None => format!(
                "it was started by version {version} of `{name}`, and this program has version {ours}: list the old saga \
                 beside the new one until its instances have ended, or write `#[saga(version = {ours}, from(..))]`"
            ),
            Some(Err(failure)) => {
                format!("its data of version {version} cannot be brought to version {ours}: {failure}")
            }
            Some(Ok(data)) => match self.progress.begun_too_early() {
                Some(step) => format!(
                    "its step `{}` was begun by version {version}, and version {ours} has a step before it that was not",
                    steps[step].name
                ),
                None => return self.migrate(&data).await.map(Some),
            },
        };
        self.park(reason).await.map(Some)
    }

    async fn migrate(&mut self, data: &[u8]) -> Result<Step, StoreError> {
        let data = serde_json::from_slice(data).map_err(|error| StoreError::Backend {
            what: format!("migrating {}", self.stream),
            source: error.into(),
        })?;
        let Definition { version: definition, fingerprint, .. } = self.definition;
        self.store(vec![SagaEvent::Migrated(Migrated { definition, fingerprint, data })], None).await
    }

    /// Leaves it alone for a while.
    async fn postpone(&mut self) -> Result<Step, StoreError> {
        const WHILE: Duration = Duration::from_secs(5);
        self.store(Vec::new(), Some(WHILE)).await
    }

    /// Reads again how far it has come; whether it is there.
    pub(super) async fn reload(&mut self) -> Result<bool, StoreError> {
        loop {
            let found = load::load(self.store.port().as_ref(), &self.stream, self.definition.steps).await?;
            let Some((progress, meta)) = found else { return Ok(false) };
            (self.progress, self.meta) = (progress, meta);
            let version = self.progress.definition.0;
            let own = |saga: &&Arc<dyn AnySaga>| saga.definition().version == version;
            match self.earlier.iter().find(own) {
                // It goes on by the definition that it has begun with.
                Some(earlier) if version != self.definition.version => {
                    (self.definition, self.saga) = (earlier.definition(), Arc::clone(earlier));
                }
                _ => return Ok(true),
            }
        }
    }

    pub(super) fn office(&self) -> &dyn Office {
        self.held.0.office()
    }

    /// The metadata of what follows from it.
    pub(super) fn caused(&self) -> Meta {
        let mut meta = Cause::event(&self.stream, self.progress.version, &self.meta).meta();
        meta.actor.clone_from(&self.meta.actor);
        meta
    }

    /// An append of events to its stream, with how it stands then, unless that is as before.
    pub(super) fn append(
        &self,
        events: &[SagaEvent],
        due: Option<Duration>,
    ) -> Result<(Append, Progress), StoreError> {
        let mut after = self.progress.clone();
        events.iter().for_each(|event| after.apply(event, self.definition.steps));
        let limit = self.office().executor().payload_limit();
        let mut append =
            event::append(self.definition.name, &self.stream, self.progress.version, events, limit)?;
        append.meta = self.caused();
        append.together =
            observe::alarm(self.definition.name, &self.stream, self.progress.version, events, &append.meta)?;
        // Who has only begun something has come no further.
        let further = !matches!(events, [SagaEvent::StepIntended(_) | SagaEvent::CompensationIntended(_)]);
        let row = || row(&self.name, &self.stream, self.fence.shard, &after, &self.definition, due, events);
        let saga = further.then(row);
        let (fence, wakes) = (Some(self.fence.clone()), wakes(&after));
        append.process = Some(Box::new(ProcessWrites { fence, saga, wakes, ..ProcessWrites::default() }));
        Ok((append, after))
    }

    /// Stores what has happened. `pause` says when it is looked at next, where that is not at once.
    pub(super) async fn store(
        &mut self,
        events: Vec<SagaEvent>,
        pause: Option<Duration>,
    ) -> Result<Step, StoreError> {
        let (append, after) = self.append(&events, pause)?;
        match self.office().executor().append(append).await {
            Ok(Outcome::Appended(_)) => {
                self.progress = after;
                self.observe(&events);
                Ok(pause.map_or(Step::On, Step::Later))
            }
            Ok(Outcome::Fenced { subscription, shard }) => Err(StoreError::Fenced { subscription, shard }),
            // Whether it was stored stands in the stream.
            Ok(_) | Err(StoreError::OutcomeUnknown { .. }) => Ok(Step::Overtaken),
            Err(error) => Err(error),
        }
    }

    /// What is to be stored after an attempt that has failed: whether it is tried again, undone, or parked.
    pub(super) async fn failed(
        &mut self,
        step: usize,
        direction: Direction,
        mut failed: Failed,
    ) -> Result<Step, StoreError> {
        let info = &self.definition.steps[step];
        let policy = policy_of(info.policy, info.undo, direction);
        let must_go_on = direction == Direction::Backward || info.undo == Undo::Retriable;
        let used_up = policy.attempts.is_some_and(|most| failed.attempt >= most);
        let in_doubt = !failed.permanent
            && (failed.in_doubt || self.progress.tries(step, direction).unknown)
            && info.kind_of(direction) == StepKind::Foreign;
        let ended = if must_go_on && info.kind_of(direction) == StepKind::Command {
            // A refusal may pass as well: the aggregate changes.
            used_up
        } else {
            used_up || failed.permanent
        };
        let wrap = |failed: Failed| match direction {
            Direction::Forward => SagaEvent::StepFailed(failed),
            Direction::Backward => SagaEvent::CompensationFailed(failed),
        };
        if !ended {
            let pause = policy.backoff.pause(failed.attempt, crate::execute::chance());
            failed.retry_in_ms = Some(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
            return self.store(vec![wrap(failed)], Some(pause)).await;
        }
        if must_go_on || in_doubt {
            let said = failed.errors.first().cloned().unwrap_or_default();
            let reason = match in_doubt {
                true => format!(
                    "whether `{}` has happened is not known, and {} attempts did not tell: {said}",
                    info.name, failed.attempt
                ),
                false => format!("{} attempts have failed: {said}", failed.attempt),
            };
            let parked = Parked { step: Some(info.name.to_owned()), reason };
            return self.store(vec![wrap(failed), SagaEvent::Parked(parked)], None).await;
        }
        failed.compensate = true;
        let mut events = vec![wrap(failed)];
        let mut after = self.progress.clone();
        after.apply(&events[0], self.definition.steps);
        events.extend(after.end(self.definition.steps));
        self.store(events, None).await
    }

    pub(super) async fn park(&mut self, reason: String) -> Result<Step, StoreError> {
        let step = self.progress.current_step(self.definition.steps).map(ToOwned::to_owned);
        self.store(vec![SagaEvent::Parked(Parked { step, reason })], None).await
    }

    /// Parks an instance whose stream cannot be read.
    pub(super) async fn park_unread(&mut self, reason: String) -> Result<(), StoreError> {
        tracing::error!(saga = %self.stream, reason, "a saga cannot be read; it is parked");
        self.progress.steps = vec![Default::default(); self.definition.steps.len()];
        let (mut append, _) = self.append(&[SagaEvent::Parked(Parked { step: None, reason })], None)?;
        append.expected = Expected::Any;
        self.office().executor().append(append).await.map(drop)
    }

    /// Tells those who wait for it.
    fn announce(&self) {
        if let Some(outcome) = SagaOutcome::of(&self.progress) {
            self.post.announce(&self.stream, outcome);
            if let Some(parent) = self.progress.parent.as_ref().filter(|_| self.progress.status.has_ended()) {
                let stream = StreamId::new(&event::category(&parent.saga), &parent.id);
                self.office().look_at(&parent.saga, &stream);
            }
        }
    }
}

/// The instance that waits for this one, once it has ended.
pub(super) fn wakes(after: &Progress) -> Vec<(Arc<str>, String)> {
    let parent = after.parent.as_ref().filter(|_| after.status.has_ended());
    parent.map(|parent| (parent.saga.as_str().into(), parent.id.clone())).into_iter().collect()
}

/// How a step, or its compensation, is tried.
pub(super) const fn policy_of(forward: StepPolicy, undo: Undo, direction: Direction) -> StepPolicy {
    match (direction, undo) {
        (Direction::Backward, Undo::Compensation { policy, .. }) => policy,
        _ => forward,
    }
}

/// How an instance stands, for its scheduler and its operators.
pub(super) fn row(
    name: &Arc<str>,
    stream: &StreamId,
    shard: u16,
    after: &Progress,
    definition: &Definition,
    pause: Option<Duration>,
    events: &[SagaEvent],
) -> SagaWrite {
    let said = events.iter().rev().find_map(|event| match event {
        SagaEvent::StepFailed(failed) | SagaEvent::CompensationFailed(failed) => {
            failed.errors.first().cloned()
        }
        _ => None,
    });
    let idle = after.status.has_ended() || after.status == SagaStatus::Parked;
    let (step, error) = match &after.parked {
        Some((step, reason)) => (step.clone(), Some(reason.clone())),
        None => {
            let step = after.current_step(definition.steps).map(ToOwned::to_owned);
            (step, said.or_else(|| after.failure.as_ref().map(|(_, reason)| reason.clone())))
        }
    };
    SagaWrite {
        saga: Arc::clone(name),
        id: stream.id().to_owned(),
        shard,
        status: after.status,
        step,
        attempts: after.attempts(definition.steps),
        due: (!idle).then_some(Due::In(pause.unwrap_or_default())),
        error,
        definition: after.definition,
    }
}
