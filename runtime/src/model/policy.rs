use serde::{Deserialize, Serialize};

use crate::{
    domain::{Backoff, DeliveryPolicy, Growth},
    saga::StepPolicy,
};

/// How something is tried.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PolicyModel {
    /// How often in all; none for without end.
    pub attempts: Option<u32>,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: u64,
    /// How long it is waited between two attempts.
    pub backoff: BackoffModel,
    /// How many events are handled at a time by one process; none where that is no question.
    pub concurrency: Option<usize>,
}

/// How a pause grows from attempt to attempt.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct BackoffModel {
    /// `fixed`, `linear` or `exponential`.
    pub growth: String,
    /// The first pause, in milliseconds.
    pub first_ms: u64,
    /// The longest pause, in milliseconds.
    pub cap_ms: u64,
    /// Which part of each pause is left to chance, from 0 to 1.
    pub jitter: f64,
}

impl From<&StepPolicy> for PolicyModel {
    fn from(policy: &StepPolicy) -> Self {
        Self {
            attempts: policy.attempts,
            timeout_ms: ms(policy.timeout),
            backoff: (&policy.backoff).into(),
            concurrency: None,
        }
    }
}

impl From<&DeliveryPolicy> for PolicyModel {
    fn from(policy: &DeliveryPolicy) -> Self {
        Self {
            attempts: Some(policy.attempts),
            timeout_ms: ms(policy.timeout),
            backoff: (&policy.backoff).into(),
            concurrency: Some(policy.concurrency),
        }
    }
}

impl From<&Backoff> for BackoffModel {
    fn from(backoff: &Backoff) -> Self {
        let growth = match backoff.growth {
            Growth::Fixed => "fixed",
            Growth::Linear => "linear",
            Growth::Exponential => "exponential",
        };
        Self {
            growth: growth.to_owned(),
            first_ms: ms(backoff.first),
            cap_ms: ms(backoff.cap),
            jitter: backoff.jitter,
        }
    }
}

fn ms(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
