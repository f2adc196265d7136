use serde::{Deserialize, Serialize};

use super::{Edge, EventHandlerModel, ProcessManagerModel, ProjectionModel, QueryModel, SagaModel};

/// A whole domain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Model {
    /// The version of gesta that the domain was built with.
    pub framework: String,
    /// The package in whose source the domain is.
    pub package: String,
    /// Its name, as written in `domain!`.
    pub domain: String,
    /// What is said of it in the source.
    pub doc: String,
    /// Its aggregates, in the order of the domain, as all parts are.
    pub aggregates: Vec<AggregateModel>,
    /// Its sagas, each in every version that is listed.
    pub sagas: Vec<SagaModel>,
    /// Its process managers.
    pub process_managers: Vec<ProcessManagerModel>,
    /// Its projections.
    pub projections: Vec<ProjectionModel>,
    /// What its projections are asked.
    pub queries: Vec<QueryModel>,
    /// Its event handlers.
    pub event_handlers: Vec<EventHandlerModel>,
    /// Who causes what.
    pub edges: Vec<Edge>,
}

/// An aggregate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AggregateModel {
    /// The category of its streams.
    pub name: String,
    /// Its type in the source.
    pub source: String,
    /// The package in whose source it is.
    pub package: String,
    /// What is said of it in the source.
    pub doc: String,
    /// The type that names an instance; empty where that is not known.
    pub id: String,
    /// After how many events a snapshot is taken; none where none is.
    pub snapshot_every: Option<u64>,
    /// The shape of its state as snapshots hold it, such as `{balance:u64}`, where that is known.
    pub snapshot_shape: Option<String>,
    /// What it decides about, in the order of the handlers.
    pub commands: Vec<CommandModel>,
    /// What it records, in the order of the variants.
    pub events: Vec<EventModel>,
    /// Its states and what leads from one to another, where that is declared.
    pub lifecycle: Option<LifecycleModel>,
}

impl AggregateModel {
    /// Its event of that variant in the source, such as `Opened`.
    pub fn variant(&self, variant: &str) -> Option<&EventModel> {
        self.events.iter().find(|event| event.variant() == variant)
    }
}

/// A command to an aggregate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct CommandModel {
    /// Its type in the source.
    pub name: String,
    /// Its handler in the source.
    pub handler: String,
    /// What is said of the handler in the source.
    pub doc: String,
    /// Whether it creates the aggregate.
    pub creates: bool,
    /// The states that it is for; none where it is for all of them.
    pub states: Vec<String>,
    /// The type of the reason for which it is rejected; empty where that is not known.
    pub error: String,
    /// The types of what its handler needs of the application.
    pub dependencies: Vec<String>,
}

/// A type of event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EventModel {
    /// The name in the store, such as `account.opened`.
    pub name: String,
    /// The name in the source, such as `AccountEvent::Opened`.
    pub source: String,
    /// The package in whose source it is.
    pub package: String,
    /// What is said of it in the source.
    pub doc: String,
    /// Whether it is only read and no longer written.
    pub retired: bool,
    /// Every version that can be read, oldest first; the last one is written today.
    pub versions: Vec<VersionModel>,
}

impl EventModel {
    /// Its variant in the source, such as `Opened`.
    pub fn variant(&self) -> &str {
        self.source.rsplit("::").next().unwrap_or(&self.source)
    }
}

/// One version of a type of event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct VersionModel {
    /// 1 for the first.
    pub version: u16,
    /// The shape of the payload, such as `{cents:u64,reason:string}`.
    pub shape: String,
}

/// The states of an aggregate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LifecycleModel {
    /// The states, in the order of the source.
    pub states: Vec<StateModel>,
    /// What leads from one to another.
    pub transitions: Vec<TransitionModel>,
    /// What is declared not to happen.
    pub impossible: Vec<ImpossibleModel>,
}

/// A state that an aggregate can be in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct StateModel {
    /// Its name.
    pub name: String,
    /// What is said of it in the source.
    pub doc: String,
}

/// What an event does to an aggregate in some states.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TransitionModel {
    /// The event's name in the store.
    pub event: String,
    /// Whether it makes the first state.
    pub begins: bool,
    /// The states that it leads from; none where it begins, and all of them where it begins nothing.
    pub from: Vec<String>,
    /// The states that it leads to; none where the state stays, or where that is not told.
    pub to: Vec<String>,
    /// Whether the state stays the one that it is.
    pub stays: bool,
    /// What is said of it in the source.
    pub doc: String,
}

/// Events that cannot happen in a state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ImpossibleModel {
    /// The state.
    pub state: String,
    /// The events' names in the store; none where nothing can happen.
    pub events: Vec<String>,
}
