//! Events to bytes and back.

mod error;

pub use error::{DecodeError, EncodeError};
