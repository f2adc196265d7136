//! What generated code names. Nothing here is part of the public contract.

pub use ::core;
pub use ::std;
pub use serde;
pub use serde_json;
pub use uuid;

pub use crate::{codec, domain};

mod answered;
mod decided;
mod document;
mod follow;
mod keys;
mod part;
mod reacted;
mod shape;

pub use crate::{
    app::{Builder, Register, Registry},
    query, store,
};
pub use answered::Answered;
pub use decided::{Again, Decided, Dependency, NotClone, events};
pub use document::{Document, DocumentJson, document_json};
pub use follow::{
    FoldProbe, HandlerProbe, NoFold, NoHandler, NoProjection, NoQueries, ProjectionProbe, QueryProbe,
    check_folded, is_event_handler,
};
pub use keys::{IsKey, KeepsDocuments, KeyProbe, NoKey, keeps_documents, refuse_inline, route};
pub use part::{Mistaken, NoPart, NoSupply, PartProbe, SupplyProbe, Wanted};
pub use reacted::{Class, Failing, Reacted, Unclassified, app_of, failed, sent, stream_id};
pub use shape::{NoShape, Probe, Snapshot, StateShape, snapshot};
