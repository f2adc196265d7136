//! Instances of all sagas, for operators who have not the code of the sagas: what can be decided without it, and what
//! needs the type of a saga.

use std::{sync::Arc, time::Duration};

use serde_json::value::RawValue;

use super::{
    Saga, SagaError, Undo,
    any::Definition,
    driver::SHARDS,
    event::{Decided, SagaEvent, Skipped, append, category},
    fork::forked,
    observe,
    operators::{TRIES, TimelineEntry, timeline},
    progress::Direction,
    standing::{Standing, standing},
    start::first,
};
use crate::{
    domain::Meta,
    execute::Settings,
    store::{
        Due, Outcome, ProcessWrites, ReadSide, SagaFilter, SagaState, SagaStatus, SagaWrite, Store,
        StoreError, StreamId,
    },
    subscription::shard_of_stream,
};

/// Instances of all sagas in a store, for their operators. Cheap to clone.
///
/// What is decided here is an event of the instance, as it is where the code of the saga is at hand: it is stored only on
/// what it was decided about, and workers anywhere go on from there. What needs to know the steps needs the code:
/// [`compensate`](Self::compensate) and [`fork`](Self::fork) name the type.
#[derive(Clone, Debug)]
pub struct Instances {
    store: Store,
}

impl Instances {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Instances by a filter, in the order of saga and id, at most so many: what they are at, since when, how often it
    /// was tried, when they are due, and what went wrong. `filter.after` goes on behind the last of a page.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn list(&self, filter: &SagaFilter, limit: u64) -> Result<Vec<SagaState>, StoreError> {
        self.side()?.list_sagas(filter, limit).await
    }

    /// How many instances of each saga there are in each status.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Backend`].
    pub async fn count(&self) -> Result<Vec<(Arc<str>, SagaStatus, u64)>, StoreError> {
        self.side()?.count_sagas().await
    }

    /// What has happened to an instance, from the start.
    ///
    /// # Errors
    /// [`SagaError::NotFound`], and what the store fails with.
    pub async fn timeline(&self, saga: &str, id: &str) -> Result<Vec<TimelineEntry>, SagaError> {
        timeline(&self.store, &StreamId::new(&category(saga), id)).await
    }

    /// Lets one that is parked go on, with all attempts anew.
    ///
    /// # Errors
    /// [`SagaError::NotNow`] when it is not parked; [`SagaError::NotFound`], and what the store fails with.
    pub async fn retry(&self, saga: &str, id: &str, actor: &str, reason: &str) -> Result<(), SagaError> {
        let decided = Decided { actor: actor.into(), reason: reason.into() };
        let decide = |at: &Standing| match at.status {
            SagaStatus::Parked => Ok(SagaEvent::Retried(decided.clone())),
            _ => Err("it is not parked: it is tried again by itself when it is due"),
        };
        self.decide(saga, id, actor, Due::In(Duration::ZERO), decide).await
    }

    /// Takes the step at which one is parked for done: later steps get `output` in place of what it would have come to,
    /// which must be what the step declares; that is not looked at here. Where it is undoing the step, that is taken for
    /// undone, and the output does not matter.
    ///
    /// # Errors
    /// [`SagaError::NotNow`] when it is not parked at a step; [`SagaError::NotFound`], and what the store fails with.
    pub async fn skip_with(
        &self,
        saga: &str,
        id: &str,
        output: &RawValue,
        actor: &str,
        reason: &str,
    ) -> Result<(), SagaError> {
        let decide = |at: &Standing| match &at.parked {
            Some((Some(step), _)) => Ok(SagaEvent::Skipped(Skipped {
                step: step.clone(),
                output: (at.direction == Direction::Forward).then(|| output.to_owned()),
                actor: actor.into(),
                reason: reason.into(),
            })),
            Some((None, _)) => Err("it is parked at no step"),
            None => Err("it is not parked; only the code of the saga knows which step it is at"),
        };
        self.decide(saga, id, actor, Due::In(Duration::ZERO), decide).await
    }

    /// Tries one at another time than planned: so long from now, zero for at once.
    ///
    /// # Errors
    /// [`SagaError::NotNow`] when it is parked or has ended; [`SagaError::NotFound`], and what the store fails with.
    pub async fn reschedule(
        &self,
        saga: &str,
        id: &str,
        after: Duration,
        actor: &str,
        reason: &str,
    ) -> Result<(), SagaError> {
        let decided = Decided { actor: actor.into(), reason: reason.into() };
        let decide = |at: &Standing| match at.status.is_active() {
            true => Ok(SagaEvent::Rescheduled(decided.clone())),
            false => Err("nothing of it is due; one that is parked goes on with a retry"),
        };
        self.decide(saga, id, actor, Due::In(after), decide).await
    }

    /// Goes back from where one is: what was done is undone. This needs the code of the saga, which alone knows whether it
    /// is beyond its pivot.
    ///
    /// # Errors
    /// [`SagaError::NotNow`] when it is beyond its pivot, undoes already, has ended, or runs by another version of the
    /// saga; [`SagaError::NotFound`], and what the store fails with.
    pub async fn compensate<S: Saga>(&self, id: &str, actor: &str, reason: &str) -> Result<(), SagaError> {
        let decided = Decided { actor: actor.into(), reason: reason.into() };
        let pivot = S::STEPS.iter().find(|info| info.undo == Undo::Pivot).map(|info| info.name);
        let decide = |at: &Standing| match at.direction {
            _ if at.definition.0 != S::VERSION => Err("it runs by another version of the saga"),
            _ if at.done.iter().any(|done| Some(done.as_str()) == pivot) => {
                Err("it is beyond its pivot, from where it does not go back")
            }
            Direction::Forward if !at.status.has_ended() => {
                Ok(SagaEvent::CompensationOrdered(decided.clone()))
            }
            _ => Err("it undoes what it has done already, or has ended"),
        };
        self.decide(S::NAME, id, actor, Due::In(Duration::ZERO), decide).await
    }

    /// Starts another instance with the same data, that takes the outputs of the steps before `step` from this one and
    /// begins there. This one stays as it is. This needs the code of the saga, which alone knows its steps.
    ///
    /// # Errors
    /// [`SagaError::NotNow`] when there is no such step, or a step before it is not done, or this one runs by another
    /// version of the saga; [`SagaError::StartedDifferently`] when the other one exists; [`SagaError::NotFound`], and
    /// what the store fails with.
    pub async fn fork<S: Saga>(
        &self,
        id: &str,
        to: &str,
        step: &str,
        actor: &str,
        reason: &str,
    ) -> Result<(), SagaError> {
        let from = StreamId::new(&category(S::NAME), id);
        let standing = standing(self.store.port().as_ref(), &from).await?;
        if let Some(standing) = standing.filter(|standing| standing.definition.0 != S::VERSION) {
            let reason = "it runs by another version of the saga".into();
            return Err(SagaError::NotNow { stream: from, status: standing.status.name(), reason });
        }
        let (started, meta) = forked::<S>(&self.store, &from, step, (actor.into(), reason.into())).await?;
        let stream = StreamId::new(&category(S::NAME), to);
        let limit = Settings::default().payload_limit;
        let (append, _, event) = first(&stream, &Definition::of::<S>(), started, &meta, limit)?;
        match self.store.port().append(&[append]).await?[..] {
            [Outcome::Appended(_)] => {
                observe::tell(&stream, 1, &[event], &meta);
                Ok(())
            }
            _ => Err(SagaError::StartedDifferently { stream }),
        }
    }

    /// The version of the saga that an instance runs by.
    ///
    /// # Errors
    /// [`SagaError::NotFound`], and what the store fails with.
    pub(crate) async fn definition(&self, saga: &str, id: &str) -> Result<u16, SagaError> {
        let stream = StreamId::new(&category(saga), id);
        let standing = standing(self.store.port().as_ref(), &stream).await?;
        standing.map(|standing| standing.definition.0).ok_or(SagaError::NotFound { stream })
    }

    /// Gives one up as it is: nothing more is done, and nothing is undone.
    ///
    /// # Errors
    /// [`SagaError::NotNow`] when it has ended; [`SagaError::NotFound`], and what the store fails with.
    pub async fn abandon(&self, saga: &str, id: &str, actor: &str, reason: &str) -> Result<(), SagaError> {
        let decided = Decided { actor: actor.into(), reason: reason.into() };
        let decide = |at: &Standing| match at.status.has_ended() {
            false => Ok(SagaEvent::Abandoned(decided.clone())),
            true => Err("it has ended"),
        };
        self.decide(saga, id, actor, Due::In(Duration::ZERO), decide).await
    }

    /// Whether it is kept how an instance stands.
    pub(crate) async fn is_kept(&self, saga: &str, id: &str) -> Result<bool, StoreError> {
        Ok(self.kept(saga, id).await?.is_some())
    }

    /// Whether what was kept of an instance a moment ago is what its events say now.
    pub(crate) async fn agrees(&self, kept: &SagaState) -> Result<bool, StoreError> {
        match standing(self.store.port().as_ref(), &kept.stream()).await {
            Err(StoreError::Undecodable { .. } | StoreError::UnknownEvent { .. }) => Ok(false),
            standing => Ok(standing?.is_some_and(|standing| standing.status == kept.status)),
        }
    }

    /// How what is kept of an instance disagrees with its events, if it does.
    pub(crate) async fn disagreement(&self, saga: &str, id: &str) -> Result<Option<String>, StoreError> {
        // It may go on while it is looked at: what is kept is the same before and after, or it is looked at again.
        for _ in 0..TRIES {
            let kept = self.kept(saga, id).await?;
            let stream = StreamId::new(&category(saga), id);
            let standing = match standing(self.store.port().as_ref(), &stream).await {
                Err(error @ (StoreError::Undecodable { .. } | StoreError::UnknownEvent { .. })) => {
                    return Ok(Some(format!("its events cannot be read: {error}")));
                }
                standing => standing?,
            };
            if self.kept(saga, id).await? != kept {
                continue;
            }
            return Ok(match (kept, standing) {
                (Some(kept), None) => {
                    Some(format!("it is kept as {}, and has no events", kept.status.name()))
                }
                (None, Some(standing)) if !standing.status.has_ended() => Some(format!(
                    "its events say that it is {}, and nobody looks at it, because it is not among the instances; \
                     a retry or another time puts it there",
                    standing.status.name()
                )),
                (Some(kept), Some(standing)) if kept.status != standing.status => Some(format!(
                    "it is kept as {}, and its events say {}",
                    kept.status.name(),
                    standing.status.name()
                )),
                _ => None,
            });
        }
        Ok(None)
    }

    async fn kept(&self, saga: &str, id: &str) -> Result<Option<SagaState>, StoreError> {
        let (saga, id) = (Some(saga.to_owned()), Some(id.to_owned()));
        let filter = SagaFilter { saga, id, ..SagaFilter::default() };
        Ok(self.side()?.list_sagas(&filter, 1).await?.pop())
    }

    async fn decide(
        &self,
        saga: &str,
        id: &str,
        actor: &str,
        due: Due,
        decide: impl Fn(&Standing) -> Result<SagaEvent, &'static str> + Sync,
    ) -> Result<(), SagaError> {
        let stream = StreamId::new(&category(saga), id);
        let not_now = |status: SagaStatus, reason: &str| SagaError::NotNow {
            stream: stream.clone(),
            status: status.name(),
            reason: reason.into(),
        };
        let mut status = SagaStatus::Running;
        for _ in 0..TRIES {
            let before = standing(self.store.port().as_ref(), &stream).await?;
            let before = before.ok_or_else(|| SagaError::NotFound { stream: stream.clone() })?;
            status = before.status;
            let events = [decide(&before).map_err(|reason| not_now(before.status, reason))?];
            let mut after = before.clone();
            after.apply(&events[0]);
            let limit = Settings::default().payload_limit;
            let mut append = append(saga, &stream, before.version, &events, limit)?;
            append.meta = Meta { actor: Some(actor.to_owned()), ..Meta::default() };
            let row = self.row(saga, &stream, &after, &events[0], due).await?;
            let parent = after.parent.as_ref().filter(|_| after.status.has_ended());
            let wakes = parent.map(|parent| (parent.saga.as_str().into(), parent.id.clone()));
            let writes = ProcessWrites {
                saga: Some(row),
                wakes: wakes.into_iter().collect(),
                ..ProcessWrites::default()
            };
            append.process = Some(Box::new(writes));
            if let [Outcome::Appended(_)] = self.store.port().append(&[append]).await?[..] {
                observe::tell(&stream, after.version, &events, &Meta::default());
                return Ok(());
            }
            // A worker or somebody else was faster: it is decided again on what there is now.
        }
        Err(not_now(status, "others have changed it again and again meanwhile"))
    }

    /// How it stands afterwards. The step that it is at is the one that a worker has noted last.
    async fn row(
        &self,
        saga: &str,
        stream: &StreamId,
        after: &Standing,
        event: &SagaEvent,
        due: Due,
    ) -> Result<SagaWrite, StoreError> {
        let known = self.kept(saga, stream.id()).await?;
        let (step, attempts) = known.map_or((after.step.clone(), 0), |known| (known.step, known.attempts));
        let goes_on = after.status.is_active();
        let again = matches!(
            event,
            SagaEvent::Retried(_) | SagaEvent::Skipped(_) | SagaEvent::CompensationOrdered(_)
        );
        Ok(SagaWrite {
            saga: saga.into(),
            id: stream.id().to_owned(),
            shard: shard_of_stream(stream, SHARDS),
            status: after.status,
            step: step.filter(|_| goes_on && !matches!(event, SagaEvent::Skipped(_))),
            attempts: if again { 0 } else { attempts },
            due: goes_on.then_some(due),
            error: after.failure.clone(),
            definition: after.definition,
        })
    }

    fn side(&self) -> Result<&dyn ReadSide, StoreError> {
        let side = self.store.port().read_side();
        side.ok_or(StoreError::Unsupported { store: "this store", what: "keep sagas" })
    }
}
