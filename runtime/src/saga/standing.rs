//! Where an instance stands, told from its events alone: whoever has not the definition knows no order of steps, but he
//! knows whether it goes forward or back, and where it is parked.

use std::ops::ControlFlow;

use super::{
    event::{Parent, SagaEvent},
    progress::Direction,
};
use crate::store::{EventStore, Item, ReadStream, SagaStatus, StoreError, StreamId};

/// Where an instance stands.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    /// The version of its stream.
    pub(super) version: u64,
    pub(super) status: SagaStatus,
    pub(super) direction: Direction,
    pub(super) definition: (u16, u64),
    /// The last step that something was done about, as long as it is not done.
    pub(super) step: Option<String>,
    /// The steps that are done, by their names.
    pub(super) done: Vec<String>,
    pub(super) failure: Option<String>,
    /// Where it is parked, and why.
    pub(super) parked: Option<(Option<String>, String)>,
    pub(super) parent: Option<Parent>,
}

impl Standing {
    /// Takes in what has happened.
    pub(super) fn apply(&mut self, event: &SagaEvent) {
        self.version += 1;
        match event {
            SagaEvent::Started(started) => {
                self.definition = (started.definition, started.fingerprint);
                self.parent.clone_from(&started.parent);
                let forked = started.forked.iter().flat_map(|forked| &forked.steps);
                self.done.extend(forked.map(|(step, _)| step.clone()));
            }
            SagaEvent::Migrated(migrated) => {
                self.definition = (migrated.definition, migrated.fingerprint);
            }
            SagaEvent::StepIntended(at) | SagaEvent::CompensationIntended(at) => {
                self.step = Some(at.step.clone());
            }
            SagaEvent::StepSent(at) | SagaEvent::CompensationSent(at) => self.step = Some(at.step.clone()),
            SagaEvent::StepSucceeded(succeeded) => {
                self.done.push(succeeded.step.clone());
                self.step = None;
            }
            SagaEvent::CompensationSucceeded(_) => self.step = None,
            SagaEvent::StepFailed(failed) | SagaEvent::CompensationFailed(failed) => {
                self.step = Some(failed.step.clone());
                if failed.compensate && matches!(event, SagaEvent::StepFailed(_)) {
                    self.goes_back(failed.errors.first().cloned().unwrap_or_default());
                }
            }
            SagaEvent::Completed => self.status = SagaStatus::Completed,
            SagaEvent::Compensated(_) => self.status = SagaStatus::Compensated,
            SagaEvent::Abandoned(_) => self.status = SagaStatus::Abandoned,
            SagaEvent::Rescheduled(_) => {}
            SagaEvent::Parked(parked) => {
                self.status = SagaStatus::Parked;
                self.parked = Some((parked.step.clone(), parked.reason.clone()));
            }
            SagaEvent::Retried(_) => self.resume(),
            SagaEvent::Skipped(skipped) => {
                if self.direction == Direction::Forward {
                    self.done.push(skipped.step.clone());
                }
                self.step = None;
                self.resume();
            }
            SagaEvent::CompensationOrdered(decided) => {
                self.goes_back(decided.reason.clone());
                self.resume();
            }
        }
    }

    fn goes_back(&mut self, reason: String) {
        (self.direction, self.status) = (Direction::Backward, SagaStatus::Compensating);
        self.failure.get_or_insert(reason);
    }

    fn resume(&mut self) {
        self.parked = None;
        self.status = match self.direction {
            Direction::Forward => SagaStatus::Running,
            Direction::Backward => SagaStatus::Compensating,
        };
    }
}

/// Where an instance stands; `None` if it was not started.
///
/// # Errors
/// What the store fails with, and events that cannot be read.
pub(super) async fn standing(
    store: &dyn EventStore,
    stream: &StreamId,
) -> Result<Option<Standing>, StoreError> {
    let mut standing = Standing {
        version: 0,
        status: SagaStatus::Running,
        direction: Direction::Forward,
        definition: (0, 0),
        step: None,
        done: Vec::new(),
        failure: None,
        parked: None,
        parent: None,
    };
    let mut wrong = None;
    let mut visit = |item: Item<'_>| {
        let Item::Event(event) = item else { return ControlFlow::Continue(()) };
        match SagaEvent::read(stream, event) {
            Ok(event) => standing.apply(&event),
            Err(error) => {
                wrong = Some(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    };
    store.read_stream(&ReadStream::all(stream.clone()), &mut visit).await?;
    match wrong {
        Some(error) => Err(error),
        None => Ok((standing.version > 0).then_some(standing)),
    }
}
