use super::DecodeError;
use crate::domain::Meta;

/// The metadata as JSON; no bytes at all where there is none.
pub fn encode_meta(meta: &Meta) -> Vec<u8> {
    if *meta == Meta::default() {
        return Vec::new();
    }
    // Only strings under names that are strings: serde_json has no reason to refuse, and memory does not fail.
    serde_json::to_vec(meta).unwrap_or_default()
}

/// The metadata of an event in the store.
///
/// # Errors
/// [`DecodeError::Malformed`] when the bytes are neither nothing nor metadata as JSON.
pub fn decode_meta(bytes: &[u8]) -> Result<Meta, DecodeError> {
    if bytes.is_empty() { Ok(Meta::default()) } else { Ok(serde_json::from_slice(bytes)?) }
}
