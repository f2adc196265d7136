//! What every run of a saga must keep, read off its events.

use std::{collections::HashMap, fmt::Write};

use super::play::Ending;
use crate::{
    domain::IdempotencyKey,
    saga::{SagaEvent, SagaOutcome, StepInfo, StepKind, TimelineEntry, Undo},
};

/// What has become of an instance, by its last event.
pub(super) fn outcome_of(timeline: &[TimelineEntry]) -> SagaOutcome {
    let ended = timeline.iter().rev().find_map(|entry| match &entry.event {
        SagaEvent::Completed => Some(SagaOutcome::Completed),
        SagaEvent::Compensated(it) => {
            Some(SagaOutcome::Compensated { failed_step: it.failed_step.clone(), reason: it.reason.clone() })
        }
        SagaEvent::Parked(it) => {
            Some(SagaOutcome::Parked { step: it.step.clone().unwrap_or_default(), reason: it.reason.clone() })
        }
        _ => None,
    });
    ended.unwrap_or(SagaOutcome::Abandoned)
}

pub(super) fn in_words(outcome: &SagaOutcome) -> String {
    match outcome {
        SagaOutcome::Completed => "completed".to_owned(),
        SagaOutcome::Compensated { failed_step, reason } => {
            format!("compensated because of `{failed_step}`: {reason}")
        }
        SagaOutcome::Parked { step, reason } => format!("parked at `{step}`: {reason}"),
        SagaOutcome::Abandoned => "abandoned".to_owned(),
    }
}

pub(super) fn timeline_in_words(timeline: &[TimelineEntry]) -> String {
    let mut text = String::new();
    for entry in timeline {
        let (kind, more) = (entry.event.kind(), about(&entry.event));
        // Writing to a text does not fail.
        let _ = writeln!(text, "  {:>8}  {kind} {more}", entry.version);
    }
    text
}

/// The step that an event is about, and what went wrong.
fn about(event: &SagaEvent) -> String {
    match event {
        SagaEvent::StepIntended(it) | SagaEvent::CompensationIntended(it) => {
            format!("`{}`, attempt {}", it.step, it.attempt)
        }
        SagaEvent::StepSent(it) | SagaEvent::CompensationSent(it) => format!("`{}` to {}", it.step, it.to),
        SagaEvent::StepSucceeded(it) | SagaEvent::CompensationSucceeded(it) => {
            let to = it.to.as_deref().map_or_else(String::new, |to| format!(" to {to}"));
            format!("`{}`{to}", it.step)
        }
        SagaEvent::StepFailed(it) | SagaEvent::CompensationFailed(it) => {
            format!("`{}`, attempt {}: {}", it.step, it.attempt, it.errors.join(": "))
        }
        SagaEvent::Compensated(it) => format!("`{}`: {}", it.failed_step, it.reason),
        SagaEvent::Parked(it) => format!("{:?}: {}", it.step, it.reason),
        SagaEvent::Skipped(it) => format!("`{}`", it.step),
        _ => String::new(),
    }
}

/// What is broken, in words.
pub(super) fn check(
    steps: &[StepInfo],
    ending: &Ending,
    stored: &HashMap<IdempotencyKey, u32>,
) -> Result<(), String> {
    if let Some((key, times)) = stored.iter().find(|(_, times)| **times > 1) {
        return Err(format!(
            "  expected  each command stored once\n  found     `{key}` stored {times} times"
        ));
    }
    let history = History::of(&ending.timeline);
    history.each_once()?;
    history.nothing_after_the_end(&ending.timeline)?;
    match &ending.outcome {
        SagaOutcome::Completed => history.all_done(steps),
        SagaOutcome::Compensated { .. } => history.all_undone(steps),
        _ => Ok(()),
    }
}

/// The steps by what has become of them, in the order of the events.
#[derive(Default)]
struct History<'t> {
    intended: Vec<&'t str>,
    sent: Vec<&'t str>,
    done: Vec<&'t str>,
    undone: Vec<&'t str>,
}

impl<'t> History<'t> {
    fn of(timeline: &'t [TimelineEntry]) -> Self {
        let mut history = Self::default();
        for entry in timeline {
            match &entry.event {
                SagaEvent::StepIntended(it) => history.intended.push(&it.step),
                SagaEvent::StepSent(it) => history.sent.push(&it.step),
                SagaEvent::StepSucceeded(it) => history.done.push(&it.step),
                SagaEvent::CompensationSucceeded(it) => history.undone.push(&it.step),
                _ => {}
            }
        }
        history
    }

    fn each_once(&self) -> Result<(), String> {
        for (steps, what) in [(&self.done, "done"), (&self.undone, "undone")] {
            let twice = (1..steps.len()).find(|at| steps[..*at].contains(&steps[*at]));
            if let Some(at) = twice {
                return Err(format!(
                    "  expected  each step {what} once\n  found     `{}` {what} twice",
                    steps[at]
                ));
            }
        }
        Ok(())
    }

    fn nothing_after_the_end(&self, timeline: &[TimelineEntry]) -> Result<(), String> {
        let ends = |entry: &TimelineEntry| {
            matches!(entry.event, SagaEvent::Completed | SagaEvent::Compensated(_) | SagaEvent::Abandoned(_))
        };
        match timeline.iter().position(ends) {
            Some(at) if at + 1 < timeline.len() => Err(format!(
                "  expected  nothing after the end\n  found     {}",
                timeline[at + 1].event.kind()
            )),
            _ => Ok(()),
        }
    }

    fn all_done(&self, steps: &[StepInfo]) -> Result<(), String> {
        let names: Vec<_> = steps.iter().map(|info| info.name).collect();
        if self.done == names && self.undone.is_empty() {
            return Ok(());
        }
        let (done, undone) = (self.done.join(", "), self.undone.join(", "));
        Err(format!(
            "  expected  done {}, and nothing undone\n  found     done {done}, undone {undone}",
            names.join(", ")
        ))
    }

    /// Compensations ran in reverse order for exactly the steps that were begun.
    fn all_undone(&self, steps: &[StepInfo]) -> Result<(), String> {
        let begun = |info: &&StepInfo| {
            let Undo::Compensation { needs_output, .. } = info.undo else { return false };
            self.done.contains(&info.name)
                || match info.kind {
                    StepKind::Command => self.sent.contains(&info.name),
                    StepKind::Foreign => !needs_output && self.intended.contains(&info.name),
                }
        };
        let expected: Vec<_> = steps.iter().rev().filter(begun).map(|info| info.name).collect();
        if self.undone == expected {
            return Ok(());
        }
        let (expected, found) = (expected.join(", "), self.undone.join(", "));
        Err(format!("  expected  undone, in this order: {expected}\n  found     undone: {found}"))
    }
}
