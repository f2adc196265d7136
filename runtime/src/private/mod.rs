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
mod flow;
mod fold;
mod follow;
mod keys;
mod managed;
mod part;
mod probe;
mod reacted;
mod shape;
mod shown;
mod stepped;
mod stored;

pub use crate::{
    app::{Builder, Register, Registry},
    execute, process_manager, query, saga, store,
};
pub use answered::Answered;
pub use decided::{Again, Decided, Dependency, NotClone, events};
pub use document::{Document, Json, document_json};
pub use flow::{
    NoProcess, NoReaction, NoSaga, NoSends, ProcessProbe, ReactionProbe, SagaProbe, SendsProbe,
    is_process_manager, is_saga,
};
pub use fold::{Folded, Folding, Initial, NoTransitions, lifecycle};
pub use follow::{
    FoldProbe, HandlerProbe, NoFold, NoHandler, NoProjection, NoQueries, ProjectionProbe, QueryProbe,
    check_folded, is_event_handler,
};
pub use keys::{
    IsKey, KeepsDocuments, KeyProbe, NoKey, keeps_documents, refuse_inline, refuse_states, route,
};
pub use managed::{
    InstanceField, IsInstance, ProcessState, input_id, instances, is_instance, process_json, reactions,
};
pub use part::{Mistaken, NoPart, NoSupply, PartProbe, SupplyProbe, Wanted};
pub use probe::{DomainProbe, NoProbe};
pub use reacted::{Class, Failing, Reacted, Unclassified, app_of, failed, id_in, sent, stream_id};
pub use shape::{NoShape, Probe, Snapshot, StateShape, snapshot};
pub use shown::{NoJson, NoText, ShownProbe};
pub use stepped::{
    Made, Output, Probed, SagaData, StepError, Stepped, command, durable, migrated, no_such_step, output,
    saga_json, step_failed,
};
pub use stored::{NotStored, Stored};

pub use crate::model::{Describe, Shown};
