/// Why a value could not be written as JSON.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The value, or a part of it, has no form in JSON.
    #[error("{0}")]
    Unwritable(String),
    /// The type of event is retired: what was stored is read, and nothing is added.
    #[error("`{name}` is retired: it is read and no longer written; record another event")]
    Retired {
        /// Its name in the store.
        name: &'static str,
    },
}

impl EncodeError {
    /// With the reason in words.
    pub fn new(reason: impl Into<String>) -> Self {
        Self::Unwritable(reason.into())
    }
}

impl From<serde_json::Error> for EncodeError {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error.to_string())
    }
}

/// Why bytes in the store could not be read as the type that they are said to be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes are not JSON of the expected shape.
    #[error("{0}")]
    Malformed(String),
    /// Written by a newer version of the program than this one.
    #[error("it was stored at version {stored}, and this program knows versions up to {known}")]
    NewerVersion {
        /// The version in the store.
        stored: u16,
        /// The newest version that this program can read.
        known: u16,
    },
}

impl From<serde_json::Error> for DecodeError {
    fn from(error: serde_json::Error) -> Self {
        Self::Malformed(error.to_string())
    }
}
