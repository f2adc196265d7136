use super::Durable;
use crate::{
    codec::decode_json,
    domain::{HandlerFailure, IdempotencyKey},
};

/// One call of a step or a compensation.
#[derive(Clone, Copy, Debug)]
pub struct StepCall<'a> {
    /// The saga's name.
    pub saga: &'a str,
    /// The instance.
    pub id: &'a str,
    /// The same for every attempt at this step of this instance, in every process, and for nothing else.
    pub key: &'a IdempotencyKey,
    /// Which attempt this is: 1 for the first.
    pub attempt: u32,
    /// What the steps have come to so far.
    pub outputs: &'a Outputs,
}

/// The outputs of the steps of an instance, as JSON, by the places of the steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outputs(Vec<Option<Vec<u8>>>);

impl Outputs {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A step has this output.
    pub fn set(&mut self, step: usize, json: Vec<u8>) {
        if self.0.len() <= step {
            self.0.resize(step + 1, None);
        }
        if let Some(place) = self.0.get_mut(step) {
            *place = Some(json);
        }
    }

    /// The output of a step, if it has one.
    pub fn get(&self, step: usize) -> Option<&[u8]> {
        self.0.get(step)?.as_deref()
    }
}

impl StepCall<'_> {
    /// The output of a step, by its place.
    ///
    /// # Errors
    /// When the step has none, or it cannot be read as a `T`: permanent, because it will be the same the next time.
    pub fn output<T: Durable>(&self, step: usize) -> Result<T, HandlerFailure> {
        let Some(json) = self.outputs.get(step) else {
            return Err(HandlerFailure::permanent(format!(
                "the saga {}/{} has no output of its step number {step} yet",
                self.saga, self.id
            )));
        };
        decode_json(json).map_err(|error| {
            HandlerFailure::permanent(format!(
                "the output of step number {step} of the saga {}/{} cannot be read: {error}",
                self.saga, self.id
            ))
        })
    }
}
