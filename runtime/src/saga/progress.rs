//! How far an instance has come: the fold of its events, and what is to be done next.

use serde_json::value::RawValue;

use super::{
    Outputs, StepInfo, StepKind, Undo,
    event::{Compensated, Failed, Intended, Parent, Receipts, SagaEvent, Sent, Skipped, Started, Succeeded},
};
use crate::store::SagaStatus;

/// How far an instance has come.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// The version of its stream.
    pub(crate) version: u64,
    pub(crate) status: SagaStatus,
    /// What it was at before it was parked.
    direction: Direction,
    /// The version and the fingerprint of the definition that it has begun with.
    pub(crate) definition: (u16, u64),
    pub(crate) data: Box<[u8]>,
    pub(crate) steps: Vec<StepState>,
    pub(crate) outputs: Outputs,
    /// The step that failed, and why.
    pub(crate) failure: Option<(String, String)>,
    /// Where it is parked, and why.
    pub(crate) parked: Option<(Option<String>, String)>,
    /// A step that the definition does not have.
    pub(crate) unknown_step: Option<String>,
    /// The instance that waits for this one.
    pub(crate) parent: Option<Parent>,
}

/// Where an instance goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Forward,
    Backward,
}

/// What has become of a step.
#[derive(Clone, Debug, Default)]
pub(crate) struct StepState {
    pub(crate) forward: Tries,
    pub(crate) backward: Tries,
    /// What the receipts of a command step are to be made of; the output is found by the keys.
    pub(crate) receipts: Option<Receipts>,
    /// The streams of the sagas that it has started.
    pub(crate) children: Vec<String>,
}

/// The attempts at a step, or at undoing it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tries {
    /// How often it was begun or has failed since it was last allowed anew.
    pub(crate) attempts: u32,
    /// Whether one was ever begun.
    pub(crate) begun: bool,
    /// An attempt has begun of which no end is known.
    pub(crate) pending: bool,
    /// An attempt has ended of which nobody knows whether it has happened.
    pub(crate) unknown: bool,
    /// How many of its commands are stored.
    pub(crate) sent: u32,
    pub(crate) done: bool,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A step, or undoing it.
    Step(usize, Direction),
    /// All steps are done.
    Complete,
    /// Everything is undone.
    Compensated,
    /// Nothing: it has ended, or is parked.
    Nothing,
}

impl Tries {
    pub(crate) fn in_doubt(&self) -> bool {
        self.pending || self.unknown
    }
}

impl Progress {
    /// Right after its first event.
    pub(crate) fn started(started: &Started, steps: &[StepInfo]) -> Self {
        let mut progress = Self {
            version: 1,
            status: SagaStatus::Running,
            direction: Direction::Forward,
            definition: (started.definition, started.fingerprint),
            data: started.data.get().as_bytes().into(),
            steps: vec![StepState::default(); steps.len()],
            outputs: Outputs::new(),
            failure: None,
            parked: None,
            unknown_step: None,
            parent: started.parent.clone(),
        };
        for (name, output) in started.forked.iter().flat_map(|forked| &forked.steps) {
            progress.at(steps, name, |progress, step| {
                progress.steps[step].forward.done = true;
                progress.outputs.set(step, output.get().as_bytes().to_vec());
            });
        }
        progress
    }

    /// Of an instance that is to be read first.
    pub(crate) fn unread() -> Self {
        Self {
            version: 0,
            status: SagaStatus::Abandoned,
            direction: Direction::Forward,
            definition: (0, 0),
            data: Box::default(),
            steps: Vec::new(),
            outputs: Outputs::new(),
            failure: None,
            parked: None,
            unknown_step: None,
            parent: None,
        }
    }

    /// Takes in what has happened.
    pub(crate) fn apply(&mut self, event: &SagaEvent, steps: &[StepInfo]) {
        use Direction::{Backward, Forward};
        self.version += 1;
        match event {
            SagaEvent::Started(_) => {}
            SagaEvent::Migrated(migrated) => {
                self.definition = (migrated.definition, migrated.fingerprint);
                self.data = migrated.data.get().as_bytes().into();
            }
            SagaEvent::StepIntended(intended) => self.intended(steps, intended, Forward),
            SagaEvent::CompensationIntended(intended) => self.intended(steps, intended, Backward),
            SagaEvent::StepSent(sent) => self.sent(steps, sent, Forward),
            SagaEvent::CompensationSent(sent) => self.sent(steps, sent, Backward),
            SagaEvent::StepSucceeded(succeeded) => self.succeeded(steps, succeeded, Forward),
            SagaEvent::CompensationSucceeded(succeeded) => self.succeeded(steps, succeeded, Backward),
            SagaEvent::StepFailed(failed) => self.failed(steps, failed, Forward),
            SagaEvent::CompensationFailed(failed) => self.failed(steps, failed, Backward),
            SagaEvent::Completed => self.status = SagaStatus::Completed,
            SagaEvent::Compensated(end) => {
                self.status = SagaStatus::Compensated;
                self.failure = Some((end.failed_step.clone(), end.reason.clone()));
            }
            SagaEvent::Abandoned(_) => self.status = SagaStatus::Abandoned,
            SagaEvent::Rescheduled(_) => {}
            SagaEvent::Parked(parked) => {
                self.status = SagaStatus::Parked;
                self.parked = Some((parked.step.clone(), parked.reason.clone()));
            }
            SagaEvent::Retried(_) => {
                self.resume();
                if let Some((step, direction)) = self.at_step(steps) {
                    self.tries(step, direction).attempts = 0;
                }
            }
            SagaEvent::Skipped(skipped) => self.skipped(steps, skipped),
            SagaEvent::CompensationOrdered(decided) => {
                let at = self.at_step(steps);
                if let Some((step, direction)) = at {
                    self.tries(step, direction).attempts = 0;
                }
                let step = at.and_then(|(step, _)| steps.get(step));
                let step = step.map(|info| info.name.to_owned()).unwrap_or_default();
                self.direction = Backward;
                self.resume();
                self.failure = Some((step, decided.reason.clone()));
            }
        }
    }

    /// The event that ends it, if nothing is left to be done.
    pub(crate) fn end(&self, steps: &[StepInfo]) -> Option<SagaEvent> {
        match self.next(steps) {
            Next::Complete => Some(SagaEvent::Completed),
            Next::Compensated => {
                let (failed_step, reason) = self.failure.clone().unwrap_or_default();
                Some(SagaEvent::Compensated(Compensated { failed_step, reason }))
            }
            Next::Step(..) | Next::Nothing => None,
        }
    }

    /// How often the step that it is at was tried.
    pub(crate) fn attempts(&self, steps: &[StepInfo]) -> u32 {
        match self.next(steps) {
            Next::Step(step, Direction::Forward) => self.steps[step].forward.attempts,
            Next::Step(step, Direction::Backward) => self.steps[step].backward.attempts,
            Next::Complete | Next::Compensated | Next::Nothing => 0,
        }
    }

    /// What is to be done next.
    pub(crate) fn next(&self, steps: &[StepInfo]) -> Next {
        match self.status {
            SagaStatus::Running => match self.steps.iter().position(|step| !step.forward.done) {
                Some(step) => Next::Step(step, Direction::Forward),
                None => Next::Complete,
            },
            SagaStatus::Compensating => {
                // What may still happen is brought to an outcome before anything is undone.
                if let Some(step) =
                    self.steps.iter().rposition(|step| step.forward.in_doubt() && !step.forward.done)
                {
                    return Next::Step(step, Direction::Forward);
                }
                let undone = |step: &usize| !self.steps[*step].backward.done && self.must_undo(*step, steps);
                match (0..self.steps.len()).rev().find(undone) {
                    Some(step) => Next::Step(step, Direction::Backward),
                    None => Next::Compensated,
                }
            }
            _ => Next::Nothing,
        }
    }

    /// A step that was begun although one before it was not: the steps were others when it ran.
    pub(crate) fn begun_too_early(&self) -> Option<usize> {
        let begun = |step: &StepState| step.forward.begun || step.forward.done || step.forward.sent > 0;
        let first = self.steps.iter().position(|step| !begun(step))?;
        (first..self.steps.len()).find(|step| begun(&self.steps[*step]))
    }

    /// Where it goes; `None` once it has ended.
    pub(crate) fn goes(&self) -> Option<Direction> {
        (!self.status.has_ended()).then_some(self.direction)
    }

    /// The step that it is at, or is parked at.
    pub(crate) fn at_step(&self, steps: &[StepInfo]) -> Option<(usize, Direction)> {
        let mut on = self.clone();
        if on.status == SagaStatus::Parked {
            on.resume();
        }
        match on.next(steps) {
            Next::Step(step, direction) => Some((step, direction)),
            _ => None,
        }
    }

    /// The name of the step that it is at.
    pub(crate) fn current_step<'s>(&self, steps: &'s [StepInfo]) -> Option<&'s str> {
        match self.next(steps) {
            Next::Step(step, _) => steps.get(step).map(|info| info.name),
            _ => None,
        }
    }

    pub(crate) fn tries(&mut self, step: usize, direction: Direction) -> &mut Tries {
        match direction {
            Direction::Forward => &mut self.steps[step].forward,
            Direction::Backward => &mut self.steps[step].backward,
        }
    }

    /// Whether something of a step has to be undone. A command that was refused has not happened; of what was begun
    /// outside that cannot be told, and its compensation must bear it.
    fn must_undo(&self, step: usize, steps: &[StepInfo]) -> bool {
        let (Some(info), state) = (steps.get(step), &self.steps[step]) else { return false };
        let Undo::Compensation { needs_output, .. } = info.undo else { return false };
        match info.kind {
            StepKind::Command => state.forward.done || state.forward.sent > 0,
            StepKind::Foreign => state.forward.done || (state.forward.begun && !needs_output),
        }
    }

    /// Goes on where it was parked.
    fn resume(&mut self) {
        self.parked = None;
        self.status = match self.direction {
            Direction::Forward => SagaStatus::Running,
            Direction::Backward => SagaStatus::Compensating,
        };
    }

    fn at(&mut self, steps: &[StepInfo], name: &str, change: impl FnOnce(&mut Self, usize)) {
        match steps.iter().position(|info| info.name == name) {
            Some(step) => change(self, step),
            None => self.unknown_step = Some(name.to_owned()),
        }
    }

    fn intended(&mut self, steps: &[StepInfo], intended: &Intended, direction: Direction) {
        self.at(steps, &intended.step, |progress, step| {
            let tries = progress.tries(step, direction);
            // One that was pending has been left behind by whoever had begun it.
            tries.unknown |= tries.pending;
            (tries.begun, tries.pending) = (true, true);
            tries.attempts += 1;
        });
    }

    fn sent(&mut self, steps: &[StepInfo], sent: &Sent, direction: Direction) {
        self.at(steps, &sent.step, |progress, step| {
            let tries = progress.tries(step, direction);
            tries.sent = sent.index + 1;
            if direction == Direction::Forward {
                let state = &mut progress.steps[step];
                state.receipts = Some(Receipts::Many(sent.index + 1));
                if sent.to.starts_with("saga.") {
                    state.children.push(sent.to.clone());
                }
            }
        });
    }

    fn succeeded(&mut self, steps: &[StepInfo], succeeded: &Succeeded, direction: Direction) {
        self.at(steps, &succeeded.step, |progress, step| {
            let tries = progress.tries(step, direction);
            (tries.begun, tries.done, tries.pending, tries.unknown) = (true, true, false, false);
            if direction == Direction::Forward {
                progress.steps[step].receipts = succeeded.receipts;
                progress.output(step, succeeded.output.as_deref());
            }
        });
    }

    fn failed(&mut self, steps: &[StepInfo], failed: &Failed, direction: Direction) {
        self.at(steps, &failed.step, |progress, step| {
            let is_command = steps[step].kind_of(direction) == StepKind::Command;
            let tries = progress.tries(step, direction);
            if is_command {
                tries.attempts += 1;
            }
            tries.pending = false;
            tries.unknown = (tries.unknown || failed.in_doubt) && !failed.permanent;
            if failed.compensate {
                progress.direction = Direction::Backward;
                progress.status = SagaStatus::Compensating;
                let reason = failed.errors.first().cloned().unwrap_or_default();
                progress.failure.get_or_insert((failed.step.clone(), reason));
            }
        });
    }

    fn skipped(&mut self, steps: &[StepInfo], skipped: &Skipped) {
        let direction = self.direction;
        self.at(steps, &skipped.step, |progress, step| {
            let tries = progress.tries(step, direction);
            (tries.done, tries.pending, tries.unknown) = (true, false, false);
            if direction == Direction::Forward {
                progress.output(step, skipped.output.as_deref());
            }
        });
        self.resume();
    }

    fn output(&mut self, step: usize, output: Option<&RawValue>) {
        if let Some(output) = output {
            self.outputs.set(step, output.get().as_bytes().to_vec());
        }
    }
}

impl StepInfo {
    /// What a step, or its compensation, does.
    pub(crate) fn kind_of(&self, direction: Direction) -> StepKind {
        match (direction, self.undo) {
            (Direction::Backward, Undo::Compensation { kind, .. }) => kind,
            _ => self.kind,
        }
    }
}
