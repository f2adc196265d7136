//! What is told and counted of each transition of an instance.

use tracing::Span;

use super::{event::SagaEvent, instance::Instance, progress::Direction};
use crate::{
    domain::Meta,
    monitor::{self, MonitorEvent, SagaParked},
    store::{Append, StoreError, StreamId},
};

/// Tells the traces of what has happened to an instance: `version` is that of its stream afterwards.
pub(super) fn tell(stream: &StreamId, version: u64, events: &[SagaEvent], meta: &Meta) {
    let first = version.saturating_sub(events.len() as u64) + 1;
    for (version, event) in (first..).zip(events) {
        let (transition, cause) = (event.kind(), meta.causation.as_deref());
        let (step, attempt) = at(event).unzip();
        match event {
            SagaEvent::Parked(parked) => {
                let reason = &*parked.reason;
                tracing::warn!(saga = %stream, version, transition, step, reason, cause, "a saga is parked: somebody has to decide");
            }
            SagaEvent::StepFailed(failed) | SagaEvent::CompensationFailed(failed) => {
                let (error, in_doubt) = (failed.errors.first().map(String::as_str), failed.in_doubt);
                tracing::info!(saga = %stream, version, transition, step, attempt, error, in_doubt, cause, "a step has failed");
            }
            _ => {
                tracing::debug!(saga = %stream, version, transition, step, attempt, cause, "a saga has gone on")
            }
        }
    }
}

/// The step that an event is about, and the attempt.
fn at(event: &SagaEvent) -> Option<(&str, u32)> {
    match event {
        SagaEvent::StepIntended(it) | SagaEvent::CompensationIntended(it) => Some((&it.step, it.attempt)),
        SagaEvent::StepSucceeded(it) | SagaEvent::CompensationSucceeded(it) => Some((&it.step, it.attempt)),
        SagaEvent::StepFailed(it) | SagaEvent::CompensationFailed(it) => Some((&it.step, it.attempt)),
        SagaEvent::StepSent(it) | SagaEvent::CompensationSent(it) => Some((&it.step, 0)),
        SagaEvent::Parked(it) => it.step.as_deref().map(|step| (step, 0)),
        _ => None,
    }
}

impl Instance {
    /// The span of an attempt: what the step does, and what is stored of it, happens inside.
    pub(super) fn span(&self, step: usize, direction: Direction) -> Span {
        let (info, tries) = (self.definition.steps[step], &self.progress.steps[step]);
        let (tries, undo) = match direction {
            Direction::Forward => (&tries.forward, false),
            Direction::Backward => (&tries.backward, true),
        };
        let (attempt, cause) = (tries.attempts + 1, format!("{}@{}", self.stream, self.progress.version));
        let correlation = self.meta.correlation.as_deref();
        tracing::info_span!("gesta.saga.step", saga = %self.stream, step = info.name, undo, attempt, cause, correlation)
    }

    /// Tells and counts what is stored now.
    pub(super) fn observe(&self, events: &[SagaEvent]) {
        tell(&self.stream, self.progress.version, events, &self.caused_by_the_last(events.len()));
        let took = self.begun.elapsed();
        for event in events {
            let (step, undo, ok) = match event {
                SagaEvent::StepSucceeded(it) => (&it.step, false, true),
                SagaEvent::CompensationSucceeded(it) => (&it.step, true, true),
                SagaEvent::StepFailed(it) => (&it.step, false, false),
                SagaEvent::CompensationFailed(it) => (&it.step, true, false),
                _ => continue,
            };
            self.statistics.stepped(self.definition.name, step, undo, took, ok);
            if let SagaEvent::StepFailed(it) | SagaEvent::CompensationFailed(it) = event
                && it.in_doubt
            {
                self.statistics.doubted(self.definition.name);
            }
        }
    }

    /// The cause of events that are stored by now: what was the last one before them.
    fn caused_by_the_last(&self, stored: usize) -> Meta {
        let before = self.progress.version.saturating_sub(stored as u64);
        Meta { causation: Some(format!("{}@{before}", self.stream)), ..Meta::default() }
    }
}

/// The event that tells of an instance which is parked by these, to be stored together with them.
pub(super) fn alarm(
    saga: &str,
    stream: &StreamId,
    version: u64,
    events: &[SagaEvent],
    meta: &Meta,
) -> Result<Option<Box<Append>>, StoreError> {
    let parked = events.iter().zip(version + 1..).find_map(|(event, version)| match event {
        SagaEvent::Parked(parked) => Some((parked, version)),
        _ => None,
    });
    let Some((parked, version)) = parked else { return Ok(None) };
    let told = MonitorEvent::SagaParked(SagaParked {
        saga: saga.to_owned(),
        id: stream.id().to_owned(),
        version,
        step: parked.step.clone().unwrap_or_default(),
        reason: parked.reason.clone(),
    });
    monitor::told_together(stream.category(), &told, meta.clone()).map(Box::new).map(Some)
}
