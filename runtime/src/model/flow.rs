use serde::{Deserialize, Serialize};

use super::PolicyModel;

/// A saga, in one version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SagaModel {
    /// Its name in the store.
    pub name: String,
    /// Its type in the source.
    pub source: String,
    /// The package in whose source it is.
    pub package: String,
    /// What is said of it in the source.
    pub doc: String,
    /// The version of the definition.
    pub version: u16,
    /// The shape of its data, such as `{from:string,cents:u64}`, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_shape: Option<String>,
    /// The events that start it; none for one that is only started by a call.
    pub started_by: Vec<ReactionModel>,
    /// Its steps, in the order in which they are done.
    pub steps: Vec<StepModel>,
    /// The types of what its steps need of the application.
    pub dependencies: Vec<String>,
}

/// A step of a saga.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct StepModel {
    /// Its name in the store.
    pub name: String,
    /// What is said of it in the source.
    pub doc: String,
    /// `command` or `foreign`.
    pub kind: String,
    /// What happens to it when a later one fails: `compensation`, `nothing`, `pivot` or `retriable`.
    pub undo: String,
    /// Why it need not be undone.
    pub reason: Option<String>,
    /// What undoes it.
    pub compensation: Option<CompensationModel>,
    /// How it is tried.
    pub policy: PolicyModel,
    /// The shape of its output.
    pub output: String,
    /// Whether the far side can be asked what became of an attempt.
    pub probe: bool,
    /// What it may send or start.
    pub sends: Vec<SendModel>,
}

/// What undoes a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct CompensationModel {
    /// Its name.
    pub name: String,
    /// `command` or `foreign`.
    pub kind: String,
    /// Whether it takes the output of the step.
    pub needs_output: bool,
    /// How it is tried.
    pub policy: PolicyModel,
    /// What it may send or start.
    pub sends: Vec<SendModel>,
}

/// A process manager.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ProcessManagerModel {
    /// Its name in the store.
    pub name: String,
    /// Its type in the source.
    pub source: String,
    /// What is said of it in the source.
    pub doc: String,
    /// The type that an instance is found by; empty where that is not known.
    pub key: String,
    /// The events that it reacts to.
    pub reactions: Vec<ReactionModel>,
    /// Its deadlines.
    pub deadlines: Vec<DeadlineModel>,
    /// How its events are delivered.
    pub policy: Option<PolicyModel>,
}

/// That something reacts to a type of event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ReactionModel {
    /// The event's name in the store.
    pub event: String,
    /// What is said of the reaction in the source.
    pub doc: String,
    /// What it may send.
    pub sends: Vec<SendModel>,
}

/// A deadline of a process manager.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct DeadlineModel {
    /// Its name.
    pub name: String,
    /// What is said of it in the source.
    pub doc: String,
    /// What may be sent when it comes.
    pub sends: Vec<SendModel>,
}

/// Something that may be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SendModel {
    /// A command to an aggregate.
    Command {
        /// The category of the aggregate's streams.
        aggregate: String,
        /// The command's type in the source.
        command: String,
    },
    /// The start of a saga.
    Saga {
        /// Its name in the store.
        name: String,
    },
    /// A change of a deadline.
    Timer,
}
