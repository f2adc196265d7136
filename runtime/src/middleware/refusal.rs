use std::sync::Arc;

use crate::domain::HandlerFailure;

/// Why a layer does not let something through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the layer `{layer}` refused it: {reason}")]
pub struct Refusal {
    layer: Arc<str>,
    reason: String,
}

impl Refusal {
    /// For this reason. The layer's name is added when it is returned.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { layer: Arc::from(""), reason: reason.into() }
    }

    /// Which layer refused; empty until the layer has returned it.
    pub fn layer(&self) -> &str {
        &self.layer
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// By this layer, unless an inner one was named before.
    pub(super) fn by(self, layer: &str) -> Self {
        if self.layer.is_empty() { Self { layer: layer.into(), ..self } } else { self }
    }

    /// As a failure of a delivery that stays: the event goes to the dead letters.
    pub fn permanent(layer: &str, reason: impl Into<String>) -> HandlerFailure {
        HandlerFailure::permanent(Self::new(reason).by(layer))
    }

    /// As a failure of a delivery that may pass: the event is tried again.
    pub fn retryable(layer: &str, reason: impl Into<String>) -> HandlerFailure {
        HandlerFailure::retryable(Self::new(reason).by(layer))
    }
}

impl From<&str> for Refusal {
    fn from(reason: &str) -> Self {
        Self::new(reason)
    }
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self::new(reason)
    }
}
