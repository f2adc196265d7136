//! Sagas: steps over several aggregates and services that are all done, or undone.
//!
//! A saga is data (the struct), and a list of steps ([`Saga::STEPS`]). Each instance is a stream of events of its own,
//! `saga.transfer/t-1`; nothing of it is executed again that has an outcome there. A step is either a *command* (a pure
//! function that returns a [`Dispatch`](crate::domain::Dispatch), stored in one transaction with what the saga notes of
//! it: exactly once) or *foreign* (an async function that calls something outside, at least once, with a key that is the
//! same for every attempt).

mod any;
mod attempt;
mod begin;
mod call;
mod child;
mod definition;
mod done;
mod driver;
mod event;
mod fork;
mod handle;
mod instance;
mod instances;
mod load;
mod observe;
mod operators;
mod outcome;
mod post;
mod progress;
mod quarantine;
mod standing;
mod start;
mod suspects;
mod text;

pub(crate) use any::{AnySaga, Definition, Held, Sagas, World, Wrap};
pub use begin::{Begun, Cause, StartOn, Starts};
pub use call::{Outputs, StepCall};
pub use child::{AnyChild, Child, Completed};
pub use definition::{RunsIn, Saga, StepInfo, StepKind, StepPolicy, Undo};
pub use done::{Durable, IntoStep, StepDone};
pub(crate) use driver::SagaDriver;
pub use event::{
    Compensated, Decided, Failed, Forked, Intended, Migrated, Parent, Parked, Receipts, SagaEvent, Sent,
    Skipped, Started, Succeeded,
};
pub use handle::SagaHandle;
pub use instances::Instances;
pub use operators::TimelineEntry;
pub use outcome::SagaOutcome;
pub(crate) use post::Post;
pub(crate) use progress::Direction;
pub(crate) use start::start as start_saga;
pub use start::{SagaError, StartSaga};
