//! What `#[projection]` calls.

use std::fmt;

use serde::{Serialize, de::DeserializeOwned};

use crate::codec::{DecodeError, EncodeError};

/// A document that serde can write and read.
#[diagnostic::on_unimplemented(
    message = "the documents `{Self}` cannot be kept in a store",
    label = "a document is written and read by serde",
    note = "write `#[derive(Serialize, Deserialize)]` on `{Self}`"
)]
pub trait Document: Sized {
    /// Writes the document.
    fn to_json(&self) -> Result<Vec<u8>, EncodeError>;
    /// Reads a document that was written.
    fn from_json(json: &[u8]) -> Result<Self, DecodeError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Document for T {
    fn to_json(&self) -> Result<Vec<u8>, EncodeError> {
        Ok(serde_json::to_vec(self)?)
    }

    fn from_json(json: &[u8]) -> Result<Self, DecodeError> {
        Ok(serde_json::from_slice(json)?)
    }
}

/// How values of a type are written as JSON and read.
pub struct Json<T> {
    /// Writes one.
    pub encode: fn(&T) -> Result<Vec<u8>, EncodeError>,
    /// Reads one.
    pub decode: fn(&[u8]) -> Result<T, DecodeError>,
}

impl<T> fmt::Debug for Json<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Json")
    }
}

/// How these documents are written and read. Asked for once for both, so that what serde lacks is one mistake.
pub const fn document_json<P: Document>() -> Json<P> {
    Json { encode: P::to_json, decode: P::from_json }
}
