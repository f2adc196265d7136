//! A whole domain as data: what it consists of, and who causes what.
//!
//! [`Model`] is plain serde data, for programs that draw, document or compare a domain. It is built from what the types
//! of the domain say of themselves, when somebody asks: a program that does not ask carries none of it.

mod build;
mod element;
mod locks;

pub(crate) use build::Building;
pub use build::Describe;
pub use element::{AggregateModel, EventModel, Model, SagaModel, StepModel, VersionModel};
