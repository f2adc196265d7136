//! What tests need: given / when / then for aggregates, projections and process managers, a whole application in memory, and for the authors of
//! stores the promises that every one of them keeps.

#![allow(clippy::expect_used, clippy::panic, reason = "an assertion fails by a panic, as every test does")]

mod app;
mod columns;
pub mod contract;
mod document;
mod drive;
mod given;
mod instance;
mod reactions;
mod saga;
mod then;

pub use app::TestApp;
pub use document::{GivenDocuments, WhenDocuments, given_documents};
pub use given::{Given, NoDependencies, given, given_creating, given_creating_with};
pub use instance::{GivenInstance, WhenInstance, given_instance};
pub use reactions::{ExpectedReaction, ExpectedReactions};
pub use saga::{SagaStep, SagaSteps, SagaTest, SagaWorld, saga, saga_in};
pub use then::When;
