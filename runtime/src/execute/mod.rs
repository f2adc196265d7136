//! A command's life: load, decide, append.
//!
//! The state of an aggregate stays in memory between commands (`slot.rs`). A command decides on it, changes it and
//! queues its events (`appender.rs`) while it holds the aggregate's turn; it is acknowledged after the commit. The
//! next command decides on the changed state meanwhile, so that commands on one aggregate share a transaction. What
//! makes this exact is the version check of the append: whatever was decided on a state that the store does not
//! confirm is decided again on a fresh one.

mod appender;
mod batch;
mod cache;
mod cause;
mod decision;
mod engine;
mod error;
mod executor;
mod gate;
mod inline;
mod layered;
mod load;
mod options;
mod outgoing;
mod queued;
mod request;
mod retry;
mod rivals;
mod settings;
mod slot;
mod snapshot;
mod within;

pub use cause::Cause;
pub use error::ExecuteError;
pub(crate) use executor::Executor;
pub(crate) use inline::{Inline, InlineDocument, Inlines};
pub use load::Loaded;
pub(crate) use load::{load, load_at};
pub use options::Options;
pub(crate) use outgoing::{Office, Routes};
pub use outgoing::{Outgoing, Rejection};
pub use request::Execute;
pub(crate) use retry::chance;
pub use settings::Settings;
pub use within::Within;

#[cfg(test)]
mod tests;
