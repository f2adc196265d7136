//! Documents folded from events, kept by the store beside how far they have come.
//!
//! A worker (`worker.rs`) gathers events, folds them into the documents that it has before it (`desk.rs`), and writes
//! those that have changed in one transaction with the positions of its shards (`writer.rs`), while it goes on with the
//! next events. A document belongs to the shard of its key, so one worker alone writes it.

mod declared;
mod desk;
mod driver;
mod failure;
mod folds;
mod gather;
mod inline;
mod ours;
mod promotion;
mod sql;
mod status;
mod worker;
mod writer;

pub(crate) use declared::Declared;
pub(crate) use driver::DocumentDriver;
pub use folds::Folds;
pub(crate) use inline::InlineProjection;
pub(crate) use promotion::promote_when_built;
pub use sql::SqlProjection;
pub(crate) use sql::{SqlDriver, check_sql};
pub(crate) use status::Rates;
pub use status::{GenerationStatus, ProjectionStatus};
