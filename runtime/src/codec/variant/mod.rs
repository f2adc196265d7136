//! An enum's variant without its name: the name stands beside the payload in the store.
//!
//! The enum's own serde impls do the work. Writing, [`write::Untagged`] drops the name that they give; reading,
//! [`read::Payload`] answers with an index when they ask which variant it is, and hands the bytes on.

mod read;
mod write;

use serde::{Serialize, de::DeserializeOwned};

use super::{DecodeError, EncodeError, finite, json};

/// Appends the payload of an enum's value, without the variant's name. A variant without fields is `{}`.
///
/// # Errors
/// As [`encode_json`](super::encode_json), and when the value is not a variant of an enum.
pub fn encode_variant<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    json::write(out, |json| value.serialize(write::Untagged(json)), || finite::check(value))
}

/// Reads a payload as the variant at `index` of the enum `T`, straight from the bytes.
///
/// # Errors
/// [`DecodeError::Malformed`] when the payload is not JSON, not that of this variant, or there is no such variant.
pub fn decode_variant<T: DeserializeOwned>(index: usize, payload: &[u8]) -> Result<T, DecodeError> {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    let mut json = serde_json::Deserializer::from_slice(payload);
    let value = T::deserialize(read::Payload { index, json: &mut json })?;
    json.end()?;
    Ok(value)
}

#[cfg(test)]
mod tests;
