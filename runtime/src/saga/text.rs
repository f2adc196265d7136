//! What has happened to an instance, in words for people.

use std::fmt;

use super::{Failed, Intended, SagaEvent, Sent, Succeeded};

/// One line: `step download failed at attempt 1: the server does not answer; tried again in 120 ms`.
impl fmt::Display for SagaEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Started(started) => match &started.forked {
                None => f.write_str("started"),
                Some(fork) => write!(f, "started from {} by {}: {}", fork.from, fork.actor, fork.reason),
            },
            Self::Migrated(migrated) => write!(f, "brought to version {}", migrated.definition),
            Self::StepIntended(intended) => begins(f, "step", intended),
            Self::StepSent(sent) => sends(f, "step", sent),
            Self::StepSucceeded(succeeded) => succeeds(f, "step", succeeded),
            Self::StepFailed(failed) => fails(f, "step", failed),
            Self::CompensationIntended(intended) => begins(f, "undoing", intended),
            Self::CompensationSent(sent) => sends(f, "undoing", sent),
            Self::CompensationSucceeded(succeeded) => succeeds(f, "undoing", succeeded),
            Self::CompensationFailed(failed) => fails(f, "undoing", failed),
            Self::Completed => f.write_str("completed"),
            Self::Compensated(end) => match end.failed_step.as_str() {
                "" => write!(f, "compensated: {}", end.reason),
                step => write!(f, "compensated after {step}: {}", end.reason),
            },
            Self::Parked(parked) => match &parked.step {
                Some(step) => write!(f, "parked at {step}: {}", parked.reason),
                None => write!(f, "parked: {}", parked.reason),
            },
            Self::Retried(decided) => write!(f, "retried by {}: {}", decided.actor, decided.reason),
            Self::Skipped(skipped) => {
                write!(f, "{} skipped by {}: {}", skipped.step, skipped.actor, skipped.reason)
            }
            Self::CompensationOrdered(decided) => {
                write!(f, "sent back by {}: {}", decided.actor, decided.reason)
            }
            Self::Rescheduled(decided) => write!(f, "rescheduled by {}: {}", decided.actor, decided.reason),
            Self::Abandoned(decided) => write!(f, "abandoned by {}: {}", decided.actor, decided.reason),
        }
    }
}

fn begins(f: &mut fmt::Formatter<'_>, what: &str, intended: &Intended) -> fmt::Result {
    write!(f, "{what} {} begins, attempt {}", intended.step, intended.attempt)
}

fn sends(f: &mut fmt::Formatter<'_>, what: &str, sent: &Sent) -> fmt::Result {
    write!(f, "{what} {} has sent command {} to {}", sent.step, sent.index + 1, sent.to)
}

fn succeeds(f: &mut fmt::Formatter<'_>, what: &str, succeeded: &Succeeded) -> fmt::Result {
    write!(f, "{what} {} is done", succeeded.step)?;
    match &succeeded.to {
        Some(to) => write!(f, ", by a command to {to}"),
        None => Ok(()),
    }
}

fn fails(f: &mut fmt::Formatter<'_>, what: &str, failed: &Failed) -> fmt::Result {
    write!(f, "{what} {} failed at attempt {}: {}", failed.step, failed.attempt, failed.errors.join(": "))?;
    if failed.in_doubt {
        f.write_str("; it may have happened all the same")?;
    }
    match failed.retry_in_ms {
        Some(pause) => write!(f, "; tried again in {pause} ms"),
        None => Ok(()),
    }
}
