//! The runs that a saga must survive, one after the other.

use super::{
    kit::SagaTest,
    plan::{Plan, Side},
    play::Ending,
};
use crate::{
    app::Register,
    saga::{Direction, RunsIn, Saga, SagaOutcome, StepInfo, Undo},
};

impl<D: Register, S: Saga + RunsIn<D>> SagaTest<D, S>
where
    D::Deps: Clone,
{
    /// Lets each step fail: twice, so that it is tried again; and for good, so that what was done before is undone, while
    /// each compensation fails twice as well. A step after the pivot, and a compensation, is parked when it fails for
    /// good, and goes on when somebody has helped. How many runs there were.
    ///
    /// # Panics
    /// When a run ends in another way, or a promise is broken.
    pub async fn every_step_fails(&self) -> usize {
        let base = self.play(&self.failing).await;
        let mut runs = 0;
        for step in 0..S::STEPS.len() {
            for plan in failures_of(&self.failing.clone().helping(), step, S::STEPS) {
                if !self.wants(&plan) {
                    continue;
                }
                let ending = self.play(&plan).await;
                self.judge(&base, &ending);
                runs += 1;
            }
        }
        runs
    }

    /// Lets everything happen twice: each append is given to the store again, as after an answer that was lost, and each
    /// call outside is made a second time with the same key; undisturbed, and in each run in which a step fails for good.
    /// How many runs there were.
    ///
    /// # Panics
    /// When a run ends in another way than without repetitions, or a promise is broken.
    pub async fn every_step_repeats(&self) -> usize {
        let (first, mut runs) = (self.play(&self.failing).await, 0);
        for plan in self.ways() {
            let twice = Plan { repeats: true, ..plan.clone() };
            if self.wants(&twice) {
                let base = self.play(&plan).await;
                self.judge(&first, &base);
                let ending = self.play(&twice).await;
                self.judge_same(&base, &ending);
                runs += 1;
            }
        }
        runs
    }

    /// Kills the application right before and right after each append of the saga, and lets another one go on with what
    /// is stored; undisturbed, and in each run in which a step fails for good. How many runs there were.
    ///
    /// # Panics
    /// When a run ends in another way than without the crash, or a promise is broken.
    pub async fn crash_at_every_point(&self) -> usize {
        let (first, mut runs) = (self.play(&self.failing).await, 0);
        for plan in self.ways() {
            let base = self.play(&plan).await;
            self.judge(&first, &base);
            for at in 1..=base.appends.len() {
                for side in [Side::Before, Side::After] {
                    let crashing = plan.crashing(at, side);
                    if self.wants(&crashing) {
                        let ending = self.play(&crashing).await;
                        self.judge_same(&base, &ending);
                        runs += 1;
                    }
                }
            }
        }
        runs
    }

    /// The ways that a run can take: undisturbed, and with each step failing for good.
    fn ways(&self) -> Vec<Plan> {
        let failing = self.failing.clone().helping();
        let each = |step| failing.clone().and_fails(step, Direction::Forward, None);
        [failing.clone()].into_iter().chain((0..S::STEPS.len()).map(each)).collect()
    }

    fn wants(&self, plan: &Plan) -> bool {
        self.only.as_ref().is_none_or(|only| plan.name(S::STEPS).contains(only))
    }

    /// A run in which steps have failed ends as the undisturbed one, or is compensated because of one of them.
    fn judge(&self, base: &Ending, ending: &Ending) {
        let fails = &ending.plan.fails;
        let for_good = fails.iter().filter(|fails| fails.times.is_none());
        let failed: Vec<_> =
            for_good.filter_map(|fails| S::STEPS.get(fails.step)).map(|info| info.name).collect();
        match (&ending.outcome, &base.outcome) {
            (SagaOutcome::Compensated { failed_step, .. }, _) if failed.contains(&failed_step.as_str()) => {}
            (found, expected) if is_same(found, expected) => {}
            (_, expected) => {
                let mut expected = super::check::in_words(expected);
                if !failed.is_empty() {
                    expected = format!("{expected}, or compensated because of `{}`", failed.join("` or `"));
                }
                ending.fail(&expected)
            }
        }
        judge_state(base, ending);
    }

    fn judge_same(&self, base: &Ending, ending: &Ending) {
        if !is_same(&base.outcome, &ending.outcome) {
            ending.fail(&format!("{}, as without that", super::check::in_words(&base.outcome)));
        }
        judge_state(base, ending);
    }
}

/// How a step is let fail.
fn failures_of(failing: &Plan, step: usize, steps: &[StepInfo]) -> Vec<Plan> {
    let some = |attempts: Option<u32>| attempts.map_or(2, |most| most.saturating_sub(1).min(2));
    let forward = Direction::Forward;
    let mut plans = Vec::new();
    let times = some(steps[step].policy.attempts);
    if times > 0 {
        plans.push(failing.clone().and_fails(step, forward, Some(times)));
    }
    let for_good = failing.clone().and_fails(step, forward, None);
    plans.push(for_good.clone());
    for (undone, info) in steps.iter().enumerate().take(step + 1) {
        if let Undo::Compensation { policy, .. } = info.undo {
            let times = some(policy.attempts);
            if times > 0 {
                plans.push(for_good.clone().and_fails(undone, Direction::Backward, Some(times)));
            }
            plans.push(for_good.clone().and_fails(undone, Direction::Backward, None));
        }
    }
    plans
}

fn is_same(one: &SagaOutcome, other: &SagaOutcome) -> bool {
    use SagaOutcome::{Compensated, Parked};
    match (one, other) {
        (Compensated { failed_step: one, .. }, Compensated { failed_step: other, .. })
        | (Parked { step: one, .. }, Parked { step: other, .. }) => one == other,
        _ => one == other,
    }
}

/// A compensated run leaves the world as it was, and a completed one as the undisturbed run does.
fn judge_state(base: &Ending, ending: &Ending) {
    let Some((before, after)) = &ending.states else { return };
    let (expected, why) = match (&ending.outcome, &base.outcome, &base.states) {
        (SagaOutcome::Compensated { .. }, ..) => (before, "as it was before"),
        (SagaOutcome::Completed, SagaOutcome::Completed, Some((_, base))) => {
            (base, "as the undisturbed run leaves it")
        }
        _ => return,
    };
    if after != expected {
        ending.broken(&format!("  expected  {expected}, {why}\n  found     {after}"));
    }
}
