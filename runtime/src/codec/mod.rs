//! Events to bytes and back.

mod error;
mod meta;

pub use error::{DecodeError, EncodeError};
pub use meta::{decode_meta, encode_meta};
