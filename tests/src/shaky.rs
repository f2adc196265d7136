use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use async_trait::async_trait;
use gesta::store::{Append, Commit, EventStore, Outcome, ReadSide, Store, StoreError};
use tokio::sync::Notify;

use crate::{
    altered::{Alteration, Altered},
    appends::Dice,
};

/// What is left out, to see that it is needed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Omission {
    /// Nothing.
    Nothing,
    /// No note on a card has a key.
    Keys,
    /// No timer that fires has a key.
    FiringKeys,
    /// No document is checked for its revision.
    Revisions,
}

impl Omission {
    fn of(self, batch: &[Append]) -> Vec<Append> {
        let mut batch = batch.to_vec();
        for append in &mut batch {
            match self {
                Self::Nothing => {}
                Self::Keys if append.events.iter().any(|event| event.name == "card.noted") => {
                    append.key = None
                }
                Self::FiringKeys if append.events.iter().any(|event| tells_of_time(event.name)) => {
                    append.key = None
                }
                Self::Keys | Self::FiringKeys => {}
                Self::Revisions => forget_revisions(append),
            }
        }
        batch
    }
}

/// Whether the time of something has come.
fn tells_of_time(event: &str) -> bool {
    event.ends_with(".timer_fired") || matches!(event, "schedule.due" | "recurring.came")
}

fn forget_revisions(append: &mut Append) {
    append.documents.iter_mut().for_each(|document| document.expected = None);
    append.together.iter_mut().for_each(|together| forget_revisions(together));
}

/// A store that fails every now and then: before it has done something, or after it has. Appends fail more often than
/// commits, after which a worker begins anew. Its clones share the dice.
#[derive(Clone, Debug)]
pub struct Shaky(Arc<Inner>);

/// So many faults, and then all goes well: what has become of them can be seen then.
const MOST: u64 = 60;

#[derive(Debug)]
struct Inner {
    dice: Mutex<Dice>,
    omission: Omission,
    shakes: AtomicBool,
    faults: AtomicU64,
}

impl Shaky {
    /// Other faults for each seed.
    pub fn new(seed: u64, omission: Omission) -> Self {
        let dice = Mutex::new(Dice::new(seed));
        Self(Arc::new(Inner { dice, omission, shakes: true.into(), faults: 0.into() }))
    }

    /// Makes a store fail.
    pub fn shake(&self, store: Store) -> Store {
        Store::new(Altered::new(store, self.clone()))
    }

    /// Lets everything go well from now on, or fail again. How many faults there were.
    pub fn shaking(&self, shaking: bool) -> u64 {
        self.0.shakes.store(shaking, Ordering::SeqCst);
        self.0.faults.load(Ordering::SeqCst)
    }

    /// Whether this call fails before or after the store has done it.
    fn roll(&self, sides: u64) -> (bool, bool) {
        if !self.0.shakes.load(Ordering::SeqCst) || self.0.faults.load(Ordering::SeqCst) >= MOST {
            return (false, false);
        }
        let roll = self.0.dice.lock().expect("no panic").roll(sides);
        self.0.faults.fetch_add(u64::from(roll < 2), Ordering::SeqCst);
        (roll == 0, roll == 1)
    }
}

fn down() -> StoreError {
    StoreError::Unavailable { what: "shaking", source: "it is shaky".into() }
}

fn lost() -> StoreError {
    StoreError::OutcomeUnknown { streams: "something".into(), source: "it is shaky".into() }
}

#[async_trait]
impl Alteration for Shaky {
    async fn append(&self, inner: &dyn EventStore, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        let (before, after) = self.roll(6);
        if before {
            return Err(down());
        }
        let outcomes = inner.append(&self.0.omission.of(batch)).await?;
        if after { Err(lost()) } else { Ok(outcomes) }
    }

    async fn commit(&self, inner: &dyn ReadSide, commit: &Commit) -> Result<(), StoreError> {
        let (before, after) = self.roll(24);
        if before {
            return Err(down());
        }
        inner.commit(commit).await?;
        if after { Err(lost()) } else { Ok(()) }
    }
}

/// A store in which the first reaction of a process manager is on its way for long: the connection is lost, and it arrives
/// when nobody waits for it any more.
#[derive(Clone, Debug)]
pub struct Belated(Arc<Letter>);

#[derive(Debug)]
struct Letter {
    category: &'static str,
    omission: Omission,
    sent: AtomicBool,
    go: Notify,
    outcomes: Mutex<Option<Vec<Outcome>>>,
    arrived: Notify,
}

impl Belated {
    /// Those of this process manager.
    pub fn new(category: &'static str, omission: Omission) -> Self {
        let (go, arrived) = Default::default();
        Self(Arc::new(Letter {
            category,
            omission,
            sent: false.into(),
            go,
            outcomes: Mutex::default(),
            arrived,
        }))
    }

    /// Keeps a reaction that is sent to a store.
    pub fn delay(&self, store: Store) -> Store {
        Store::new(Altered::new(store.clone(), Slow { belated: self.clone(), store }))
    }

    /// Whether there is one on its way.
    pub fn is_sent(&self) -> bool {
        self.0.sent.load(Ordering::SeqCst)
    }

    /// Lets it arrive. What the store says.
    ///
    /// # Panics
    /// When another test has panicked.
    pub async fn arrive(&self) -> Vec<Outcome> {
        self.0.go.notify_one();
        self.0.arrived.notified().await;
        self.0.outcomes.lock().expect("no panic").take().unwrap_or_default()
    }
}

#[derive(Debug)]
struct Slow {
    belated: Belated,
    store: Store,
}

#[async_trait]
impl Alteration for Slow {
    async fn append(&self, inner: &dyn EventStore, batch: &[Append]) -> Result<Vec<Outcome>, StoreError> {
        let letter = &self.belated.0;
        let is_about = |append: &Append| append.stream.category() == letter.category;
        if !batch.iter().any(is_about) || letter.sent.swap(true, Ordering::SeqCst) {
            return inner.append(batch).await;
        }
        let (letter, store, batch) = (Arc::clone(letter), self.store.clone(), letter.omission.of(batch));
        tokio::spawn(async move {
            letter.go.notified().await;
            let outcomes = store.port().append(&batch).await.expect("outcomes");
            *letter.outcomes.lock().expect("no panic") = Some(outcomes);
            letter.arrived.notify_one();
        });
        Err(lost())
    }
}
