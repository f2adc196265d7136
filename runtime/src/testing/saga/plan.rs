//! What goes wrong in a scenario.

use crate::saga::{Direction, StepInfo, StepPolicy, Undo};

/// What goes wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) fails: Vec<Fails>,
    /// Everything is done twice.
    pub(super) repeats: bool,
    pub(super) crash: Option<Crash>,
    /// Where it has to be parked, somebody lets it go on, and nothing fails any more.
    pub(super) helps: bool,
}

/// A step, or undoing it, that fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fails {
    pub(super) step: usize,
    pub(super) direction: Direction,
    /// So often; `None` for always.
    pub(super) times: Option<u32>,
}

/// The application is killed at an append.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crash {
    /// At which, from 1.
    pub(super) at: usize,
    pub(super) side: Side,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Before,
    After,
}

impl Plan {
    pub(super) fn and_fails(mut self, step: usize, direction: Direction, times: Option<u32>) -> Self {
        self.fails.push(Fails { step, direction, times });
        self
    }

    pub(super) fn crashing(&self, at: usize, side: Side) -> Self {
        Self { crash: Some(Crash { at, side }), ..self.clone() }
    }

    pub(super) fn helping(mut self) -> Self {
        self.helps = true;
        self
    }

    /// Whether an instance must be parked at a step by its definition: the step or its compensation fails for good,
    /// or it may not be tried again after a crash.
    pub(super) fn parks(&self, step: &StepInfo, place: usize) -> bool {
        let once = |policy: StepPolicy| policy.attempts == Some(1);
        let undone_once = matches!(step.undo, Undo::Compensation { policy, .. } if once(policy));
        self.fails.iter().any(|fails| fails.step == place && fails.times.is_none())
            || self.crash.is_some() && (once(step.policy) || undone_once)
    }

    /// Its name, by which it is run alone.
    pub(super) fn name(&self, steps: &[StepInfo]) -> String {
        let mut parts: Vec<_> = self.fails.iter().map(|fails| fails.name(steps)).collect();
        if self.repeats {
            parts.push("everything repeats".to_owned());
        }
        if let Some(crash) = self.crash {
            let side = if crash.side == Side::Before { "before" } else { "after" };
            parts.push(format!("crash {side} {}", crash.at));
        }
        if parts.is_empty() { "undisturbed".to_owned() } else { parts.join(", ") }
    }
}

impl Fails {
    fn name(&self, steps: &[StepInfo]) -> String {
        let step = steps.get(self.step).map_or("?", |info| info.name);
        let what = match self.direction {
            Direction::Forward => step.to_owned(),
            Direction::Backward => format!("undoing {step}"),
        };
        match self.times {
            Some(times) => format!("{what} fails {times} times"),
            None => format!("{what} fails"),
        }
    }
}
