use gesta::{
    domain::{Classify, FailureClass, IdempotencyKey},
    prelude::Schema,
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use super::{Account, Order, http};

/// Calls the service.
#[derive(Clone, Debug)]
pub struct ClearingHouse {
    address: String,
    /// Stands behind every key.
    mark: String,
}

/// What the service answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Schema)]
pub struct Cleared {
    /// Names what it has done.
    pub reference: String,
}

/// Why there is no answer, or no good one.
#[derive(Debug, thiserror::Error)]
pub enum ClearingError {
    /// It will not do it, however often it is asked.
    #[error("the clearing house refuses")]
    Refused,
    /// It may have happened, or not.
    #[error("the clearing house does not answer: {0}")]
    Away(#[from] std::io::Error),
    /// It may have happened, or not.
    #[error("the clearing house is in trouble: {0}")]
    Trouble(String),
}

impl Classify for ClearingError {
    fn class(&self) -> FailureClass {
        match self {
            Self::Refused => FailureClass::Permanent,
            Self::Away(_) | Self::Trouble(_) => FailureClass::Retryable,
        }
    }
}

impl ClearingHouse {
    /// The service at an address.
    pub fn at(address: impl Into<String>) -> Self {
        Self { address: address.into(), mark: String::new() }
    }

    /// The same, with other keys in every process.
    pub fn with_keys_of_this_process(self) -> Self {
        Self { mark: format!(" in process {}", std::process::id()), ..self }
    }

    /// Orders something: `reserve`, `release` or `notify`.
    ///
    /// # Errors
    /// [`ClearingError`].
    pub async fn order(
        &self,
        what: &str,
        key: &IdempotencyKey,
        transfer: &str,
    ) -> Result<Cleared, ClearingError> {
        let order = Order { key: format!("{key}{}", self.mark), transfer: transfer.into() };
        let body = serde_json::to_vec(&order).map_err(std::io::Error::from)?;
        let answer = self.call(&format!("POST /{what} HTTP/1.1"), &body).await?;
        serde_json::from_slice(&answer).map_err(|error| ClearingError::Trouble(error.to_string()))
    }

    /// What the service has been asked and has done.
    ///
    /// # Errors
    /// [`ClearingError`].
    pub async fn effects(&self) -> Result<Account, ClearingError> {
        let answer = self.call("GET /effects HTTP/1.1", b"").await?;
        serde_json::from_slice(&answer).map_err(|error| ClearingError::Trouble(error.to_string()))
    }

    async fn call(&self, first: &str, body: &[u8]) -> Result<Vec<u8>, ClearingError> {
        let mut stream = TcpStream::connect(&self.address).await?;
        http::write(&mut stream, first, body).await?;
        let answer = http::read(&mut stream).await?;
        match answer.first.split(' ').nth(1) {
            Some("200") => Ok(answer.body),
            Some("422") => Err(ClearingError::Refused),
            _ => Err(ClearingError::Trouble(answer.first)),
        }
    }
}
