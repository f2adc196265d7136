//! Events to bytes and back.

mod error;
mod finite;
mod golden;
mod json;
mod meta;
mod stored;
mod value;
mod variant;

pub use error::{DecodeError, EncodeError};
#[doc(hidden)]
pub use golden::{Golden, NoEvents, Sample};
pub use json::{decode_json, encode_json};
pub use meta::{decode_meta, encode_meta};
pub use stored::{OldPayload, Stored, StoredOtherwise};
#[doc(hidden)]
pub use stored::{
    Probe, ProbeOtherwise, check_can_be_absent, check_stored, check_stored_otherwise, check_version,
    decode_old, old_shape,
};
pub use value::decode_value;
pub use variant::{decode_variant, encode_variant};
