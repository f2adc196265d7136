//! The names that a domain and an application are written with: `use gesta::prelude::*;`.

pub use std::time::Duration;

pub use crate::domain::{
    Aggregate, AggregateId, Dispatch, Event, Evolve, Id, IdempotencyKey, Meta, Position, Provide, Receipt,
    Recorded, Schema,
};
pub use crate::{
    Id, Provide, Schema, aggregate,
    app::{App, Builder},
    apply, command_handler, event,
    execute::ExecuteError,
    process_manager::Timer,
    query::{QueryError, ReadError, Reader},
    saga::SagaOutcome,
};
// The modules of these names are not meant.
pub use gesta_macros::{event_handler, process_manager, projection, query_handler, saga};
