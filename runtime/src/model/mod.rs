//! A whole domain as data: what it consists of, and who causes what.
//!
//! [`Model`] is plain serde data, for programs that draw, document or compare a domain. It is built from what the types
//! of the domain say of themselves, when somebody asks: a program that does not ask carries none of it.
//!
//! Names are those of the store (`account.opened`, `transfer`), beside those of the source. What a step or a reaction
//! sends is known by the type of what it returns, so it is what it may send. Which event a command leads to is known
//! to its handler alone: an aggregate stands between its commands and its events.

mod build;
mod edges;
mod elements;
mod facts;
mod flow;
mod locks;
mod names;
mod policy;
mod read;

pub(crate) use build::Building;
pub use build::{Describe, Shown, ToJson};
pub use edges::{Edge, EdgeKind, ElementKind};
pub use elements::{
    AggregateModel, CommandModel, EventModel, ImpossibleModel, LifecycleModel, Model, StateModel,
    TransitionModel, VersionModel,
};
pub use flow::{
    CompensationModel, DeadlineModel, ProcessManagerModel, ReactionModel, SagaModel, SendModel, StepModel,
};
pub use policy::{BackoffModel, PolicyModel};
pub use read::{EventHandlerModel, FoldModel, ProjectionModel, QueryModel};
