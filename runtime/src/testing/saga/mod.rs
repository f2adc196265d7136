//! Tests of sagas: single steps, and whole runs in which everything fails, repeats and crashes.

mod check;
mod enumerate;
mod kit;
mod plan;
mod play;
mod scene;
mod stage;
mod step;

pub use kit::{SagaTest, SagaWorld, saga_in};
pub use step::{SagaStep, SagaSteps, saga};
