//! Typed events out of a store: one at a time, a stream's history, and the log as a whole.

mod decode;
mod entry;
mod filter;
mod history;
mod reader;

pub use decode::decode_event;
pub use entry::LogEntry;
pub use filter::{Filter, FilterError};
pub use history::{History, history};
pub use reader::{Log, LogStream, Page};
