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
mod ours;
mod worker;
mod writer;

pub(crate) use declared::Declared;
pub(crate) use driver::DocumentDriver;
pub use folds::Folds;
