use std::{sync::Arc, time::Duration};

use tokio::sync::oneshot;

use super::{cache::AnySlot, gate::Pass, retry, slot::Chain};
use crate::store::{Append, EventStore, Expected, Outcome, StoreError};

/// An append with everything that depends on it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) append: Append,
    pub(super) ticket: Ticket,
}

/// Who waits for an append, and what rests on it.
#[derive(Debug)]
pub(super) struct Ticket {
    chain: Arc<Chain>,
    reply: Option<oneshot::Sender<Result<Outcome, StoreError>>>,
    /// Keeps the aggregate's slot from being evicted meanwhile, and the application from shutting down.
    _kept: (AnySlot, Arc<Pass>),
}

impl Ticket {
    pub(super) fn new(
        chain: Arc<Chain>,
        slot: AnySlot,
        pass: Arc<Pass>,
    ) -> (Self, oneshot::Receiver<Result<Outcome, StoreError>>) {
        let (reply, outcome) = oneshot::channel();
        (Self { chain, reply: Some(reply), _kept: (slot, pass) }, outcome)
    }

    /// Gives up an append that was never queued: nothing rests on it.
    pub(super) fn discard(mut self) {
        self.reply = None;
    }

    fn settle(mut self, result: Result<Outcome, StoreError>) {
        if !matches!(result, Ok(Outcome::Appended(_))) {
            self.chain.break_off();
        }
        // Nobody may be waiting any more; the append stands all the same.
        let _ = self.reply.take().map(|reply| reply.send(result));
    }
}

/// Whatever becomes of the lane, a state that rests on an unsettled append is not to be decided on.
impl Drop for Ticket {
    fn drop(&mut self) {
        if self.reply.is_some() {
            self.chain.break_off();
        }
    }
}

/// How often a store that is unavailable is tried, and how long it is waited in between.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// Stores a batch, and tells every waiting command what has become of it.
pub(super) async fn store(store: &dyn EventStore, jobs: Vec<Job>) {
    let (appends, tickets): (Vec<_>, Vec<_>) =
        jobs.into_iter().filter_map(unbroken).map(|job| (job.append, job.ticket)).unzip();
    if appends.is_empty() {
        return;
    }
    match append_patiently(store, &appends, false).await {
        Ok(Patient { outcomes, .. }) => {
            tickets.into_iter().zip(outcomes).for_each(|(ticket, outcome)| ticket.settle(Ok(outcome)));
        }
        Err(error) if appends.len() == 1 && !matches!(error, StoreError::OutcomeUnknown { .. }) => {
            tickets.into_iter().for_each(|ticket| ticket.settle(Err(retold(&error, &appends[0]))));
        }
        Err(error @ (StoreError::Unavailable { .. } | StoreError::Closed)) => {
            let told = appends.iter().zip(tickets);
            told.for_each(|(append, ticket)| ticket.settle(Err(retold(&error, append))));
        }
        Err(error) => {
            tracing::warn!(%error, appends = appends.len(), "a batch failed; its appends are settled one by one");
            store_apart(store, appends, tickets, &error).await;
        }
    }
}

/// Settles one by one what failed together: so that one bad append does not fail its neighbours, and so that what
/// can be repeated is repeated when the connection was lost.
async fn store_apart(store: &dyn EventStore, appends: Vec<Append>, tickets: Vec<Ticket>, error: &StoreError) {
    let unknown = matches!(error, StoreError::OutcomeUnknown { .. });
    let mut down = None;
    for (append, ticket) in appends.into_iter().zip(tickets) {
        let repeatable = append.key.is_some() || append.events.is_empty();
        if ticket.chain.is_broken() {
            ticket.settle(Ok(rests_on_nothing(&append)));
        } else if unknown && !repeatable {
            ticket.settle(Err(retold(error, &append)));
        } else if let Some(down) = &down {
            ticket.settle(Err(retold(if unknown { error } else { down }, &append)));
        } else {
            let append = [append];
            let [single] = &append;
            match append_patiently(store, &append, repeatable).await {
                Ok(Patient { outcomes, repeated }) => {
                    let outcome = outcomes.into_iter().next();
                    ticket.settle(
                        outcome.map(|o| found_again(o, single, unknown || repeated)).ok_or_else(no_outcome),
                    );
                }
                Err(last) => {
                    let told = if unknown && last.is_retryable() { error } else { &last };
                    ticket.settle(Err(retold(told, single)));
                    // A stream that somebody holds says nothing about the others.
                    let lost =
                        matches!(last, StoreError::Unavailable { .. } | StoreError::OutcomeUnknown { .. });
                    down = lost.then_some(last);
                }
            }
        }
    }
}

struct Patient {
    outcomes: Vec<Outcome>,
    /// Whether an earlier try may have been stored.
    repeated: bool,
}

/// Appends, and again after a pause while the store is unavailable; where it is `repeatable`, also after a lost
/// connection.
async fn append_patiently(
    store: &dyn EventStore,
    appends: &[Append],
    repeatable: bool,
) -> Result<Patient, StoreError> {
    let mut repeated = false;
    let mut attempt = 1;
    loop {
        let error = match store.append(appends).await {
            Ok(outcomes) => return Ok(Patient { outcomes, repeated }),
            Err(error) => error,
        };
        let lost = matches!(error, StoreError::OutcomeUnknown { .. });
        let again = matches!(error, StoreError::Unavailable { .. }) || (lost && repeatable);
        repeated |= lost;
        if !again || attempt == TRIES {
            return Err(if repeated && !lost { became_unknown(error, appends) } else { error });
        }
        tokio::time::sleep(retry::delay(attempt, PAUSE, LONGEST_PAUSE)).await;
        attempt += 1;
    }
}

/// The last try has stored nothing, but an earlier one may have.
fn became_unknown(error: StoreError, appends: &[Append]) -> StoreError {
    let streams = appends.iter().map(|append| append.stream.to_string()).collect::<Vec<_>>().join(", ");
    StoreError::OutcomeUnknown { streams, source: Box::new(error) }
}

/// Answers a job whose chain is broken: it was decided on a state that never was.
fn unbroken(job: Job) -> Option<Job> {
    if !job.ticket.chain.is_broken() {
        return Some(job);
    }
    job.ticket.settle(Ok(rests_on_nothing(&job.append)));
    None
}

/// The store was not asked, so the version that was expected is all that can be said.
fn rests_on_nothing(append: &Append) -> Outcome {
    match append.expected {
        Expected::Version(actual) => Outcome::Conflict { actual },
        Expected::Any => Outcome::Conflict { actual: 0 },
    }
}

/// After a lost connection, a key that was used for exactly this version means that the first try was stored.
fn found_again(outcome: Outcome, append: &Append, repeated: bool) -> Outcome {
    match (outcome, append.expected) {
        (Outcome::Duplicate(receipt), Expected::Version(before))
            if repeated && receipt.version == before + append.events.len() as u64 =>
        {
            Outcome::Appended(receipt)
        }
        (outcome, _) => outcome,
    }
}

/// The same error for one append of the batch.
fn retold(error: &StoreError, append: &Append) -> StoreError {
    let source = || error.to_string().into();
    match error {
        StoreError::Unavailable { what, .. } => StoreError::Unavailable { what, source: source() },
        StoreError::OutcomeUnknown { source, .. } => StoreError::OutcomeUnknown {
            streams: append.stream.to_string(),
            source: source.to_string().into(),
        },
        StoreError::Held { .. } => StoreError::Held { streams: append.stream.to_string(), source: source() },
        StoreError::Closed => StoreError::Closed,
        StoreError::InvalidName { what, reason } => StoreError::InvalidName { what: what.clone(), reason },
        StoreError::InvalidTogether { stream, other, reason } => {
            StoreError::InvalidTogether { stream: stream.clone(), other: other.clone(), reason }
        }
        StoreError::Backend { source, .. } => StoreError::Backend {
            what: format!("appending to {}", append.stream),
            source: source.to_string().into(),
        },
        _ => StoreError::Backend { what: format!("appending to {}", append.stream), source: source() },
    }
}

fn no_outcome() -> StoreError {
    StoreError::Backend { what: "appending".into(), source: "the store gave no outcome".into() }
}
