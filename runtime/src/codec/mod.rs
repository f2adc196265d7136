//! Events to bytes and back.

mod error;
mod meta;
mod value;

pub use error::{DecodeError, EncodeError};
pub use meta::{decode_meta, encode_meta};
pub use value::decode_value;
