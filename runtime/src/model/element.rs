use serde::{Deserialize, Serialize};

/// A whole domain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Model {
    /// The version of gesta that the domain was built with.
    pub framework: String,
    /// The package in whose source the domain is.
    pub package: String,
    /// Its name, as written in `domain!`.
    pub domain: String,
    /// Its aggregates, in the order of the domain.
    pub aggregates: Vec<AggregateModel>,
    /// Its sagas, each in every version that is listed.
    pub sagas: Vec<SagaModel>,
}

/// An aggregate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AggregateModel {
    /// The category of its streams.
    pub name: String,
    /// Its type in the source.
    pub source: String,
    /// The package in whose source it is.
    pub package: String,
    /// What it records, in the order of the variants.
    pub events: Vec<EventModel>,
}

/// A type of event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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

/// One version of a type of event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VersionModel {
    /// 1 for the first.
    pub version: u16,
    /// The shape of the payload, such as `{cents:u64,reason:string}`.
    pub shape: String,
}

/// A saga, in one version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SagaModel {
    /// Its name in the store.
    pub name: String,
    /// Its type in the source.
    pub source: String,
    /// The package in whose source it is.
    pub package: String,
    /// The version of the definition.
    pub version: u16,
    /// Its steps, in the order in which they are done.
    pub steps: Vec<StepModel>,
}

/// A step of a saga.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepModel {
    /// Its name in the store.
    pub name: String,
    /// `command` or `foreign`.
    pub kind: String,
    /// What happens to it when a later one fails: `compensation`, `nothing`, `pivot` or `retriable`.
    pub undo: String,
    /// The shape of its output.
    pub output: String,
}
