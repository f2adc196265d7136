//! What people decide about instances. Each decision is an event with who and why; it is stored only on what it was
//! decided about, so that it and a worker cannot both be right.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use serde_json::value::RawValue;

use super::{
    Durable, Saga, SagaError, SagaHandle, Undo,
    any::Definition,
    driver::SHARDS,
    event::{Decided, SagaEvent, Skipped, append, category},
    fork::forked,
    instance::{row, wakes},
    load, observe,
    progress::{Direction, Progress},
    start::begin,
};
use crate::{
    codec::{decode_meta, encode_json},
    domain::{Meta, Timestamp},
    store::{Due, Item, Outcome, ProcessWrites, ReadStream, SagaStatus, Store, StreamId},
    subscription::shard_of_stream,
};

/// One entry of the timeline of an instance.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TimelineEntry {
    /// Its place in the stream: 1 for the start.
    pub version: u64,
    /// When the database recorded it.
    pub recorded_at: Timestamp,
    /// Who has started the instance, for whom, and what it belongs to.
    pub meta: Meta,
    /// What has happened.
    pub event: SagaEvent,
}

/// How often a decision is made anew because a worker was faster.
pub(super) const TRIES: u32 = 16;

impl<S: Saga> SagaHandle<S> {
    /// What has happened to it, from the start.
    ///
    /// # Errors
    /// [`SagaError::NotFound`], and what the store fails with.
    pub async fn timeline(&self) -> Result<Vec<TimelineEntry>, SagaError> {
        timeline(self.store(), self.stream()).await
    }

    /// Lets it go on where it is parked, with all attempts anew.
    ///
    /// # Errors
    /// [`SagaError::NotNow`] when it is not parked; [`SagaError::NotFound`], and what the store fails with.
    pub async fn retry(&self, actor: impl Into<String>, reason: impl Into<String>) -> Result<(), SagaError> {
        let decided = Decided { actor: actor.into(), reason: reason.into() };
        self.decide(&decided.actor, None, |progress| match progress.status {
            SagaStatus::Parked => Ok(vec![SagaEvent::Retried(decided.clone())]),
            _ => Err("it is not parked: it is tried again by itself when it is due"),
        })
        .await
    }

    /// Takes the step that it is at for done: `output` is what later steps get in place of what it would have come to.
    /// Where it is undoing a step, that is taken for undone, and the output does not matter: give `&()`.
    ///
    /// # Errors
    /// [`SagaError::NotNow`] when it is at no step; [`SagaError::NotFound`], [`SagaError::Unencodable`], and what the
    /// store fails with.
    pub async fn skip_with<T: Durable>(
        &self,
        output: &T,
        actor: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<(), SagaError> {
        let (actor, reason) = (actor.into(), reason.into());
        let output = self.raw(output)?;
        self.decide(&actor, None, |progress| {
            let (step, direction) = progress.at_step(S::STEPS).ok_or("it is at no step")?;
            let output = (direction == Direction::Forward).then(|| output.clone());
            let (step, actor) = (S::STEPS[step].name.to_owned(), actor.clone());
            Ok(vec![SagaEvent::Skipped(Skipped { step, output, actor, reason: reason.clone() })])
        })
        .await
    }

    /// Goes back from where it is: what was done is undone. A step whose outcome is not known is first brought to one.
    ///
    /// # Errors
    /// [`SagaError::NotNow`] when it is beyond its pivot, undoes already, or has ended; [`SagaError::NotFound`], and
    /// what the store fails with.
    pub async fn compensate(
        &self,
        actor: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<(), SagaError> {
        let decided = Decided { actor: actor.into(), reason: reason.into() };
        self.decide(&decided.actor, None, |progress| {
            let is_pivot = |step: &usize| S::STEPS[*step].undo == Undo::Pivot;
            let pivot = (0..S::STEPS.len()).find(is_pivot);
            if pivot.is_some_and(|pivot| progress.steps[pivot].forward.done) {
                return Err("it is beyond its pivot, from where it does not go back");
            }
            match progress.goes() {
                Some(Direction::Forward) => Ok(vec![SagaEvent::CompensationOrdered(decided.clone())]),
                _ => Err("it undoes what it has done already, or has ended"),
            }
        })
        .await
    }

    /// Tries it at another time than planned: so long from now, zero for at once.
    ///
    /// # Errors
    /// [`SagaError::NotNow`] when it is parked or has ended; [`SagaError::NotFound`], and what the store fails with.
    pub async fn reschedule(
        &self,
        after: Duration,
        actor: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<(), SagaError> {
        let decided = Decided { actor: actor.into(), reason: reason.into() };
        self.decide(&decided.actor, Some(Due::In(after)), |progress| match progress.status {
            SagaStatus::Running | SagaStatus::Compensating => {
                Ok(vec![SagaEvent::Rescheduled(decided.clone())])
            }
            _ => Err("nothing of it is due; one that is parked goes on with `retry`"),
        })
        .await
    }

    /// Gives it up as it is: nothing more is done, and nothing is undone.
    ///
    /// # Errors
    /// [`SagaError::NotNow`] when it has ended; [`SagaError::NotFound`], and what the store fails with.
    pub async fn abandon(
        &self,
        actor: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<(), SagaError> {
        let decided = Decided { actor: actor.into(), reason: reason.into() };
        self.decide(&decided.actor, None, |progress| match progress.status.has_ended() {
            false => Ok(vec![SagaEvent::Abandoned(decided.clone())]),
            true => Err("it has ended"),
        })
        .await
    }

    /// Starts another instance with the same data, that takes the outputs of the steps before `step` from this one and
    /// begins there. This one stays as it is.
    ///
    /// # Errors
    /// [`SagaError::NotNow`] when there is no such step, or a step before it is not done;
    /// [`SagaError::StartedDifferently`] when the other one exists; [`SagaError::NotFound`], and what the store fails with.
    pub async fn fork(
        &self,
        id: &str,
        step: &str,
        actor: impl Into<String>,
        reason: impl Into<String>,
    ) -> Result<Self, SagaError> {
        let by = (actor.into(), reason.into());
        let (started, meta) = forked::<S>(self.store(), self.stream(), step, by).await?;
        let definition = Definition::of::<S>();
        let stream = StreamId::new(&category(S::NAME), id);
        let handle = Self::new(Arc::clone(&self.office), stream.clone(), self.post.clone());
        match begin(&*self.office, &self.post, &stream, &definition, started, meta).await? {
            true => Ok(handle),
            false => Err(SagaError::StartedDifferently { stream }),
        }
    }

    async fn decide(
        &self,
        actor: &str,
        due: Option<Due>,
        decide: impl Fn(&Progress) -> Result<Vec<SagaEvent>, &'static str> + Sync,
    ) -> Result<(), SagaError> {
        let definition = Definition::of::<S>();
        let name: Arc<str> = S::NAME.into();
        for _ in 0..TRIES {
            let (progress, _) = self.load().await?;
            let mut events = decide(&progress).map_err(|reason| self.not_now(&progress, reason.into()))?;
            let mut after = progress.clone();
            events.iter().for_each(|event| after.apply(event, S::STEPS));
            if let Some(end) = after.end(S::STEPS) {
                after.apply(&end, S::STEPS);
                events.push(end);
            }
            let limit = self.office.executor().payload_limit();
            let mut append = append(S::NAME, self.stream(), progress.version, &events, limit)?;
            append.meta = Meta { actor: Some(actor.to_owned()), ..Meta::default() };
            let shard = shard_of_stream(self.stream(), SHARDS);
            let mut saga = row(&name, self.stream(), shard, &after, &definition, None, &events);
            saga.due = saga.due.map(|at_once| due.unwrap_or(at_once));
            let wakes = wakes(&after);
            append.process =
                Some(Box::new(ProcessWrites { saga: Some(saga), wakes, ..ProcessWrites::default() }));
            match self.office.executor().append(append).await {
                Ok(Outcome::Appended(_)) => {
                    observe::tell(self.stream(), after.version, &events, &Meta::default());
                    return Ok(());
                }
                // Whether it was stored stands in the stream: deciding again says so.
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let (progress, _) = self.load().await?;
        Err(self.not_now(&progress, "others have changed it again and again meanwhile".into()))
    }

    async fn load(&self) -> Result<(Progress, Meta), SagaError> {
        let found = load::load(self.store().port().as_ref(), self.stream(), S::STEPS).await?;
        found.ok_or_else(|| self.not_found())
    }

    fn not_found(&self) -> SagaError {
        SagaError::NotFound { stream: self.stream().clone() }
    }

    fn not_now(&self, progress: &Progress, reason: String) -> SagaError {
        SagaError::NotNow { stream: self.stream().clone(), status: progress.status.name(), reason }
    }

    fn unencodable(&self, source: crate::codec::EncodeError) -> SagaError {
        SagaError::Unencodable { stream: self.stream().clone(), source }
    }

    fn raw<T: Durable>(&self, output: &T) -> Result<Box<RawValue>, SagaError> {
        let mut json = Vec::new();
        encode_json(output, &mut json).map_err(|source| self.unencodable(source))?;
        serde_json::from_slice(&json).map_err(|error| self.unencodable(error.into()))
    }
}

/// What has happened to an instance, from the start.
///
/// # Errors
/// [`SagaError::NotFound`], and what the store fails with.
pub(super) async fn timeline(store: &Store, stream: &StreamId) -> Result<Vec<TimelineEntry>, SagaError> {
    let (mut entries, mut wrong) = (Vec::new(), None);
    let mut visit = |item: Item<'_>| {
        let Item::Event(event) = item else { return ControlFlow::Continue(()) };
        match SagaEvent::read(stream, event) {
            Ok(read) => entries.push(TimelineEntry {
                version: event.version,
                recorded_at: event.recorded_at,
                meta: decode_meta(event.meta).unwrap_or_default(),
                event: read,
            }),
            Err(error) => {
                wrong = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    };
    store.port().read_stream(&ReadStream::all(stream.clone()), &mut visit).await?;
    match wrong {
        Some(error) => Err(error.into()),
        None if entries.is_empty() => Err(SagaError::NotFound { stream: stream.clone() }),
        None => Ok(entries),
    }
}
