//! Looking after a store: what there is in it, and what operators do about it. Nothing here needs the code of a
//! domain but [`probe`], which answers for it.
//!
//! The program `gesta` is a door to this module.

mod decide;
mod decode;
mod export;
mod import;
mod lock;
mod migrate;
mod operations;
mod plan;
pub mod probe;
mod state;
mod statistics;
mod streams;
mod subscriptions;
mod transfer;
mod verify;

pub use decide::{compensate, fork};
pub use decode::{DecodeProgress, Decoded, DecodedSnapshots, decode_all};
pub use export::{ExportError, Exported};
pub use import::{ImportError, Imported, check_export};
pub use lock::{StoreLock, StorePart};
pub use migrate::{
    MigrateError, MigratedEvents, MigrationProgress, MigrationStage, RECORDED_AT, migrate_events,
};
pub use operations::Operations;
pub use plan::{
    Plan, PlannedProjection, PlannedRefusal, PlannedSaga, RebuildState, RefusalKind, RunningProgram, plan,
};
pub use state::{StateReport, state_of};
pub use statistics::{LettersOf, SagasOf, StoreStatistics, StreamsOf, SubscriptionAt};
pub use streams::StreamList;
pub use subscriptions::{Because, GenerationReport, Subscriptions};
pub use verify::{RepairError, Verified};
