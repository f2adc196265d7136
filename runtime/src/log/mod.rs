//! Typed events out of a store, and the log as a whole.

mod decode;

pub use decode::decode_event;
