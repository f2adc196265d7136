use std::collections::BTreeMap;

use serde_json::Value;

/// The steps of a transfer in their order: name, whether it is foreign, and whether it is undone. The last one came with the
/// second version.
const STEPS: [(&str, bool, bool); 5] = [
    ("debit", false, true),
    ("clear", true, true),
    ("credit", false, false),
    ("notify", true, false),
    ("archive", false, false),
];

/// How a transfer has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// All steps are done.
    Completed,
    /// What was done is undone, because this step failed or was the one when somebody wanted it undone.
    Compensated(String),
    /// Somebody has given it up.
    Abandoned,
}

/// What the stream of a transfer says, checked event by event: no step twice, intent before result, undone in reverse
/// order, and nothing after the end.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// The version of the definition that it goes by; 0 before it has begun.
    definition: u64,
    backward: bool,
    parked: bool,
    end: Option<End>,
    forward: [Tries; 5],
    undo: [Tries; 5],
    /// The keys of foreign steps and compensations.
    keys: BTreeMap<String, (usize, bool)>,
}

#[derive(Clone, Debug, Default)]
struct Tries {
    begun: bool,
    intended: bool,
    attempt: u64,
    done: bool,
}

impl Journal {
    /// How it has ended.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Whether it waits for somebody to decide.
    pub fn is_parked(&self) -> bool {
        self.parked
    }

    /// Takes in an event, by the last part of its name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn take(&mut self, kind: &str, event: &Value) -> Result<(), String> {
        if let Some(end) = &self.end {
            return Err(format!("{kind} after the end {end:?}"));
        }
        let started = self.definition > 0;
        if started == (kind == "started") {
            return Err(format!("{kind}, and it has {} begun", if started { "already" } else { "not" }));
        }
        let decided =
            matches!(kind, "retried" | "skipped" | "compensation.ordered" | "rescheduled" | "abandoned");
        if self.parked && !decided {
            return Err(format!("{kind} while it is parked"));
        }
        match kind {
            "started" => self.definition = event["definition"].as_u64().unwrap_or_default(),
            "migrated" => self.migrated(event)?,
            "step.intended" => self.intended(event, false)?,
            "compensation.intended" => self.intended(event, true)?,
            "step.succeeded" => self.succeeded(event, false)?,
            "compensation.succeeded" => self.succeeded(event, true)?,
            "step.failed" => self.failed(event, false)?,
            "compensation.failed" => self.failed(event, true)?,
            "completed" => self.completed()?,
            "compensated" => self.compensated(event)?,
            "abandoned" => self.end = Some(End::Abandoned),
            "parked" => self.parked = true,
            "retried" => self.retried(),
            "compensation.ordered" => {
                self.backward = true;
                self.retried();
            }
            "rescheduled" => {}
            _ => return Err(format!("an event of an unknown kind: {kind}")),
        }
        Ok(())
    }

    fn tries(&mut self, undo: bool) -> &mut [Tries; 5] {
        if undo { &mut self.undo } else { &mut self.forward }
    }

    /// The step that is to be done or undone next.
    fn next(&self) -> Option<usize> {
        if !self.backward {
            let steps = if self.definition < 2 { 4 } else { 5 };
            return self.forward.iter().take(steps).position(|tries| !tries.done);
        }
        let left = |step: &usize| self.is_to_be_undone(*step) && !self.undo[*step].done;
        (0..STEPS.len()).rev().find(left)
    }

    /// A command that was refused has not happened; what was begun outside may have.
    fn is_to_be_undone(&self, step: usize) -> bool {
        let ((_, foreign, undone), tries) = (STEPS[step], &self.forward[step]);
        undone && (tries.done || (foreign && tries.begun))
    }

    /// The step of an event, which must be the one whose turn it is.
    fn step(&self, event: &Value, undo: bool) -> Result<usize, String> {
        let name = event["step"].as_str().unwrap_or_default();
        let step = STEPS.iter().position(|(step, ..)| *step == name).ok_or(format!("no step `{name}`"))?;
        // Somebody wants it undone while an attempt is under way: that comes to its end first.
        let ends = !undo && self.backward && self.forward[step].intended;
        let has_its_turn = undo == self.backward && self.next() == Some(step);
        if !ends && !has_its_turn {
            let direction = if undo { "undone" } else { "done" };
            let next = self.next().map_or("none", |step| STEPS[step].0);
            let back = if self.backward { "back" } else { "forward" };
            return Err(format!("`{name}` is {direction}, and it goes {back} with {next} next"));
        }
        Ok(step)
    }

    fn intended(&mut self, event: &Value, undo: bool) -> Result<(), String> {
        let step = self.step(event, undo)?;
        let (attempt, key) = (event["attempt"].as_u64().unwrap_or_default(), event["key"].to_string());
        let owner = *self.keys.entry(key).or_insert((step, undo));
        let one = self.keys.values().filter(|owned| **owned == (step, undo)).count() == 1;
        if owner != (step, undo) || !one {
            return Err(format!("the key of {event} is not the one of the step"));
        }
        let tries = &mut self.tries(undo)[step];
        if attempt <= tries.attempt {
            return Err(format!("attempt {attempt} after {}: {event}", tries.attempt));
        }
        *tries = Tries { begun: true, intended: true, attempt, done: false };
        Ok(())
    }

    fn succeeded(&mut self, event: &Value, undo: bool) -> Result<(), String> {
        let step = self.step(event, undo)?;
        let tries = &mut self.tries(undo)[step];
        if STEPS[step].1 && !tries.intended {
            return Err(format!("no intent before {event}"));
        }
        (tries.begun, tries.done, tries.intended) = (true, true, false);
        Ok(())
    }

    fn failed(&mut self, event: &Value, undo: bool) -> Result<(), String> {
        let step = self.step(event, undo)?;
        let tries = &mut self.tries(undo)[step];
        if STEPS[step].1 && !tries.intended {
            return Err(format!("no intent before {event}"));
        }
        tries.intended = false;
        self.backward |= event["compensate"] == true;
        Ok(())
    }

    /// Whether it goes by this definition.
    pub fn goes_by(&self, definition: u64) -> bool {
        self.definition == definition
    }

    fn migrated(&mut self, event: &Value) -> Result<(), String> {
        let to = event["definition"].as_u64().unwrap_or_default();
        if to <= self.definition {
            return Err(format!("it goes by version {} and is brought to {to}", self.definition));
        }
        self.definition = to;
        Ok(())
    }

    fn completed(&mut self) -> Result<(), String> {
        if self.backward || self.next().is_some() {
            return Err(format!("completed before its end: {self:?}"));
        }
        self.end = Some(End::Completed);
        Ok(())
    }

    fn compensated(&mut self, event: &Value) -> Result<(), String> {
        if !self.backward || self.next().is_some() {
            return Err(format!("compensated before everything is undone: {self:?}"));
        }
        self.end = Some(End::Compensated(event["failed_step"].as_str().unwrap_or_default().into()));
        Ok(())
    }

    /// With all attempts anew.
    fn retried(&mut self) {
        self.parked = false;
        for tries in self.forward.iter_mut().chain(&mut self.undo) {
            tries.attempt = 0;
        }
    }
}
