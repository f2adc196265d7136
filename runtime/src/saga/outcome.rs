use super::progress::Progress;
use crate::store::SagaStatus;

/// What has become of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SagaOutcome {
    /// All steps are done.
    Completed,
    /// A step failed for good, and what was done before it is undone.
    Compensated {
        /// The step that failed.
        failed_step: String,
        /// Why.
        reason: String,
    },
    /// It can neither go on nor back by itself: somebody has to decide.
    Parked {
        /// The step that it is at.
        step: String,
        /// Why.
        reason: String,
    },
    /// Somebody has given it up as it was.
    Abandoned,
}

impl SagaOutcome {
    /// That of an instance; `None` while it is under way.
    pub(crate) fn of(progress: &Progress) -> Option<Self> {
        let (step, reason) = progress.failure.clone().unwrap_or_default();
        Some(match progress.status {
            SagaStatus::Completed => Self::Completed,
            SagaStatus::Compensated => Self::Compensated { failed_step: step, reason },
            SagaStatus::Abandoned => Self::Abandoned,
            SagaStatus::Parked => {
                let (step, reason) = progress.parked.clone().unwrap_or_default();
                Self::Parked { step: step.unwrap_or_default(), reason }
            }
            _ => return None,
        })
    }
}
