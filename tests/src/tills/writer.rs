use std::time::{Duration, Instant};

use gesta::{
    domain::{Event, IdempotencyKey, Meta},
    store::{Append, Expected, NewEvent, Outcome, Store, StreamId},
};

use super::{ClerkId, TillEvent};
use crate::Dice;

/// Rings amounts up at many tills, some of them much oftener than others.
#[derive(Debug)]
pub struct Writer {
    store: Store,
    dice: Dice,
    seed: u64,
    tills: u64,
    batches: u64,
}

/// What is appended at once.
const BATCH: usize = 40;

/// How long a database may be away.
const PATIENCE: Duration = Duration::from_secs(60);

impl Writer {
    /// At so many tills.
    pub fn new(store: Store, seed: u64, tills: u64) -> Self {
        Self { store, dice: Dice::new(seed), seed, tills, batches: 0 }
    }

    /// Appends some more events, exactly once whatever happens to the database meanwhile. How many.
    ///
    /// # Panics
    /// When the database stays away.
    pub async fn ring(&mut self) -> usize {
        let batch: Vec<Append> = (0..BATCH).map(|number| self.append(number)).collect();
        self.batches += 1;
        let patience = Instant::now() + PATIENCE;
        loop {
            match self.store.port().append(&batch).await {
                Ok(outcomes) => {
                    let kept = |outcome: &Outcome| {
                        matches!(
                            outcome,
                            Outcome::Appended(_) | Outcome::Duplicate(_) | Outcome::Conflict { .. }
                        )
                    };
                    assert!(outcomes.iter().all(kept), "{outcomes:?}");
                    // A key that is there already ends the chain of its stream: the rest is for the next try.
                    if !outcomes.iter().any(|outcome| matches!(outcome, Outcome::Conflict { .. })) {
                        return batch.iter().map(|append| append.events.len()).sum();
                    }
                    return self.one_by_one(&batch).await;
                }
                Err(error) => self.wait(&error, patience).await,
            }
        }
    }

    async fn one_by_one(&self, batch: &[Append]) -> usize {
        let (mut events, patience) = (0, Instant::now() + PATIENCE);
        for append in batch {
            while let Err(error) = self.store.port().append(std::slice::from_ref(append)).await {
                self.wait(&error, patience).await;
            }
            events += append.events.len();
        }
        events
    }

    async fn wait(&self, error: &gesta::store::StoreError, patience: Instant) {
        assert!(error.is_retryable() && Instant::now() < patience, "the store does not recover: {error}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    fn append(&mut self, number: usize) -> Append {
        // The smaller of two throws: the first tills ring the most.
        let till = self.dice.roll(self.tills).min(self.dice.roll(self.tills));
        let events = (0..=self.dice.roll(2)).map(|_| self.event()).collect();
        Append {
            stream: StreamId::new("till", &till.to_string()),
            expected: Expected::Any,
            key: Some(IdempotencyKey::new(format!("{}.{}.{number}", self.seed, self.batches))),
            meta: Meta::default(),
            documents: Vec::new(),
            events,
            process: None,
            together: None,
        }
    }

    fn event(&mut self) -> NewEvent {
        let clerk = ClerkId(self.dice.roll(29));
        let cents = i64::try_from(self.dice.roll(20_000)).expect("a small number") - 5_000;
        let mut payload = Vec::new();
        TillEvent::Rang { clerk, cents }.encode(&mut payload).expect("an event");
        NewEvent { name: "till.rang", version: 1, payload }
    }
}
