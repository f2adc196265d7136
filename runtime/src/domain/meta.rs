use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// What is known about a command or an event beside its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meta {
    /// Who asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// For whom the data is kept, where one store serves several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// What it belongs to: the same for everything that follows from one request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// What directly caused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causation: Option<String>,
    /// The W3C trace context `traceparent` of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The W3C trace context `tracestate` of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracestate: Option<String>,
    /// Free pairs of the application.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
}

/// Names one execution of a command, so that repeating it stores nothing more.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A key from any text; two commands with the same text are the same command.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text of the key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for IdempotencyKey {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for IdempotencyKey {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&IdempotencyKey> for IdempotencyKey {
    fn from(key: &IdempotencyKey) -> Self {
        key.clone()
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
