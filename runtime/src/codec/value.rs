use serde_json::Value;

use super::DecodeError;

/// A payload as JSON, for those who look at it without knowing its type.
///
/// # Errors
/// [`DecodeError::Malformed`] when the bytes are not JSON, or hold a number that no JSON value can take.
pub fn decode_value(payload: &[u8]) -> Result<Value, DecodeError> {
    Ok(serde_json::from_slice(payload)?)
}
