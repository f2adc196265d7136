//! Dead letters that are retried again and again by a rule, once at each time in whatever process.

use std::{fmt, sync::Arc, time::Duration};

use super::StartError;
use crate::{
    domain::Timestamp,
    event_handler::{DeadLetters, Handlers},
    schedule::{InvalidTimes, Times},
    store::{Commit, DocumentWrite, ReadSide, Store, StoreError},
    subscription::{Stop, moved},
};

/// Which dead letters are retried, and when.
#[derive(Clone)]
pub(super) struct Retries {
    name: Arc<str>,
    times: Arc<dyn Times>,
    which: Arc<dyn Fn(DeadLetters) -> DeadLetters + Send + Sync>,
}

/// Where it stands which time was the last one, as the revision of a document.
const COLLECTION: &str = "gesta.retries";

/// It is looked at least so often what time it is for the database.
const LONGEST: Duration = Duration::from_secs(60);

/// How long it is waited after a failure.
const PAUSE: Duration = Duration::from_secs(1);

impl Retries {
    pub(super) fn new(
        name: &str,
        times: Result<Arc<dyn Times>, InvalidTimes>,
        which: impl Fn(DeadLetters) -> DeadLetters + Send + Sync + 'static,
    ) -> Result<Self, InvalidTimes> {
        Ok(Self { name: name.into(), times: times?, which: Arc::new(which) })
    }

    /// All of them, unless one cannot be run.
    pub(super) fn all(given: Vec<(String, Result<Self, InvalidTimes>)>) -> Result<Vec<Self>, StartError> {
        let mut all: Vec<Self> = Vec::with_capacity(given.len());
        for (name, retries) in given {
            if all.iter().any(|other| *other.name == *name) {
                return Err(StartError::RecurringTwice { name });
            }
            all.push(retries.map_err(|source| StartError::Recurring { name, source })?);
        }
        Ok(all)
    }

    /// Retries them at every time until it is asked to stop.
    pub(super) async fn run(self, store: Store, handlers: Handlers, stop: Stop) {
        while !stop.is_asked() {
            let mut moves = store.port().read_side().and_then(ReadSide::clock_moves);
            let wait = match self.look(&store, &handlers).await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::warn!(name = %self.name, %error, "dead letters cannot be retried; again after a while");
                    PAUSE
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = moved(&mut moves) => {}
                () = stop.asked() => {}
            }
        }
    }

    /// Retries them if it is time; how long it is until the next time.
    async fn look(&self, store: &Store, handlers: &Handlers) -> Result<Duration, StoreError> {
        let what = "deliver events";
        let side = store.port().read_side().ok_or(StoreError::Unsupported { store: "this store", what })?;
        let now = side.now().await?;
        let found = side.load_documents(COLLECTION, &[&self.name]).await?;
        let last = found.into_iter().flatten().next().map(|document| document.revision);
        let due = self.times.last(now).map_or(0, |time| time.as_micros().unsigned_abs());
        match last {
            // Times before the first start do not count.
            None => drop(self.note(side, 0, now.as_micros().unsigned_abs()).await?),
            Some(last) if due > last => {
                if self.note(side, last, due).await? {
                    let letters = (self.which)(DeadLetters::new(store.clone(), handlers.clone()));
                    let count = letters.retry(format!("schedule {}", self.name), "it was time").await?;
                    tracing::info!(name = %self.name, count, "dead letters are tried again");
                }
            }
            Some(_) => {}
        }
        let next = self.times.next(now).map(|next| between(now, next));
        Ok(next.map_or(LONGEST, |wait| wait.min(LONGEST)))
    }

    /// Notes a time before anything is done at it; false where another process was sooner.
    async fn note(&self, side: &dyn ReadSide, before: u64, time: u64) -> Result<bool, StoreError> {
        let document = DocumentWrite {
            collection: COLLECTION.into(),
            key: self.name.to_string(),
            body: Some(b"{}".to_vec()),
            indexes: Vec::new(),
            revision: time,
            expected: Some(before),
        };
        match side.commit(&Commit { documents: vec![document], ..Commit::default() }).await {
            Ok(()) => Ok(true),
            Err(StoreError::Stale { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// A little longer than it is: a time must not be looked for before it has come.
fn between(now: Timestamp, next: Timestamp) -> Duration {
    let micros = next.as_micros().saturating_sub(now.as_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0)).saturating_add(Duration::from_millis(1))
}

impl fmt::Debug for Retries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retries")
            .field("name", &self.name)
            .field("times", &self.times)
            .finish_non_exhaustive()
    }
}
