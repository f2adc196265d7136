use serde::{Deserialize, Serialize};

use super::{PolicyModel, ReactionModel};

/// A projection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ProjectionModel {
    /// Its name in the store.
    pub name: String,
    /// Its type in the source.
    pub source: String,
    /// What is said of it in the source.
    pub doc: String,
    /// Grows when the documents are to be built anew.
    pub version: u32,
    /// The type that a document is found by; empty where that is not known.
    pub key: String,
    /// Whether documents change in the transaction of the append itself.
    pub inline: bool,
    /// The names of the indexes.
    pub indexes: Vec<String>,
    /// What its documents are folded from.
    pub folds: Vec<FoldModel>,
}

/// How the events of one aggregate change the documents of a projection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct FoldModel {
    /// The category of the aggregate's streams.
    pub aggregate: String,
    /// The field that names the document; none where the id of the stream does.
    pub by: Option<String>,
    /// The events that change documents, by their names in the store.
    pub applies: Vec<String>,
    /// Those that do not matter.
    pub ignores: Vec<String>,
    /// Those that end a document.
    pub deletes: Vec<String>,
}

/// A query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct QueryModel {
    /// Its type in the source.
    pub name: String,
    /// The projection that answers, by its name in the store.
    pub projection: String,
    /// The handler in the source.
    pub handler: String,
    /// What the handler returns, as written in the source.
    pub returns: String,
    /// What is said of the handler in the source.
    pub doc: String,
}

/// An event handler.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EventHandlerModel {
    /// Its name in the store.
    pub name: String,
    /// Its type in the source.
    pub source: String,
    /// What is said of it in the source.
    pub doc: String,
    /// The events that it reacts to.
    pub reactions: Vec<ReactionModel>,
    /// How its events are delivered.
    pub policy: Option<PolicyModel>,
    /// The types of what it needs of the application.
    pub dependencies: Vec<String>,
}
