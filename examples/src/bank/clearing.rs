//! The clearing house between the banks, as seen from one of them.

use std::io;

use gesta::{
    domain::{Classify, FailureClass},
    prelude::*,
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

use crate::http;

/// Calls the clearing house: a service over HTTP that does one thing for each idempotency key, and answers the same
/// whenever the key comes again.
#[derive(Clone, Debug, Default)]
pub struct Clearing {
    address: String,
}

/// What the clearing house says when it has reserved an amount.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub struct Cleared {
    /// What it calls the reservation.
    pub reference: String,
}

/// Why an amount is not reserved.
#[derive(Debug, thiserror::Error)]
pub enum ClearingError {
    /// It will not be, however often it is asked.
    #[error("the clearing house refuses: {0}")]
    Refused(String),
    /// The service is in trouble. It may have been reserved, or not: the next attempt finds out.
    #[error("the clearing house answers `{0}`")]
    Trouble(String),
    /// There is no answer. It may have been reserved, or not: the next attempt finds out.
    #[error("the clearing house does not answer")]
    Down(#[from] io::Error),
}

impl Classify for ClearingError {
    fn class(&self) -> FailureClass {
        match self {
            Self::Refused(_) => FailureClass::Permanent,
            Self::Trouble(_) | Self::Down(_) => FailureClass::Retryable,
        }
    }
}

impl Clearing {
    /// The service at an address such as `127.0.0.1:8080`.
    pub fn at(address: impl Into<String>) -> Self {
        Self { address: address.into() }
    }

    /// Reserves an amount; `version` says which movement of the account it is for.
    ///
    /// # Errors
    /// [`ClearingError`].
    pub async fn reserve(
        &self,
        key: &IdempotencyKey,
        cents: u64,
        version: u64,
    ) -> Result<Cleared, ClearingError> {
        let body = serde_json::json!({ "cents": cents, "version": version }).to_string();
        let headers = [("Host", self.address.as_str()), ("Idempotency-Key", key.as_str())];
        let mut connection = TcpStream::connect(&self.address).await?;
        http::write(&mut connection, "POST /clearances HTTP/1.1", &headers, &body).await?;
        let answer = http::read(&mut connection).await?;
        match answer.first.split(' ').nth(1) {
            Some("200") => Ok(serde_json::from_str(&answer.body).map_err(io::Error::from)?),
            Some("422") => Err(ClearingError::Refused(answer.body)),
            _ => Err(ClearingError::Trouble(answer.first)),
        }
    }
}
