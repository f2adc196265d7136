use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};

use gesta::{
    domain::{Position, Projection},
    log::LogEntry,
    store::{DeliveryFilter, Find, LogEventRef, ReadLog, ReadSide, Store, generation_name},
};

use super::{ClerkSum, Notes, Tally, TillEvent, TillSum, books};

/// What the log says, read from the first event to the last.
#[derive(Debug, Default, PartialEq)]
pub struct Truth {
    /// By till.
    pub tills: BTreeMap<String, Tally>,
    /// By clerk.
    pub clerks: BTreeMap<String, Tally>,
    /// The position of the last event.
    pub last: Position,
}

impl Truth {
    /// Reads the log.
    ///
    /// # Panics
    /// When it cannot be read.
    pub async fn of(store: &Store) -> Self {
        let mut truth = Self::default();
        loop {
            let mut visit = |event: LogEventRef<'_>| {
                let entry = LogEntry::from(event);
                let TillEvent::Rang { clerk, cents } = entry.decode().expect("an event of a till");
                truth.tills.entry(entry.stream.id().to_owned()).or_default().add(cents);
                truth.clerks.entry(clerk.to_string()).or_default().add(cents);
                ControlFlow::Continue(())
            };
            let read = ReadLog { after: truth.last, limit: 1_000 };
            let to = store.port().read_log(&read, &mut visit).await.expect("the log");
            if to == truth.last {
                return truth;
            }
            truth.last = to;
        }
    }

    /// How many events there are.
    pub fn events(&self) -> u64 {
        self.tills.values().map(|tally| tally.events).sum()
    }
}

fn read_side(store: &Store) -> &dyn ReadSide {
    store.port().read_side().expect("a store with a read side")
}

/// Whether every subscription has come to a position, and no delivery waits. What is not so, otherwise.
///
/// # Errors
/// What is still to be done, or why that cannot be told.
pub async fn everything_is_done(store: &Store, last: Position, subscriptions: usize) -> Result<(), String> {
    let states = read_side(store).subscriptions(None).await.map_err(|error| error.to_string())?;
    let behind: Vec<String> = states
        .iter()
        .filter(|state| state.position() < last)
        .map(|state| format!("{} is at {}", state.name, state.position()))
        .collect();
    if states.len() < subscriptions || !behind.is_empty() {
        return Err(format!("{} of {subscriptions} subscriptions, {}", states.len(), behind.join(", ")));
    }
    let parked = read_side(store).list_deliveries(&DeliveryFilter::default(), 10).await;
    let parked = parked.map_err(|error| error.to_string())?;
    if parked.is_empty() { Ok(()) } else { Err(format!("parked: {parked:#?}")) }
}

/// Everything that follows the log and does not agree with it.
///
/// # Panics
/// When something cannot be read.
pub async fn differences(store: &Store, url: &str, notes: &Notes, truth: &Truth) -> Vec<String> {
    let mut wrong = compare("till_sum", &truth.tills, &documents::<TillSum>(store, |sum| sum.0).await);
    wrong.extend(compare("clerk_sum", &truth.clerks, &documents::<ClerkSum>(store, |sum| sum.0).await));
    let known = truth.tills.iter().map(books::known).collect();
    wrong.extend(compare("till_books", &known, &books::all(url).await));
    wrong.extend(noted(&notes.all().await, truth));
    wrong
}

fn compare<T: PartialEq + std::fmt::Debug>(
    what: &str,
    truth: &BTreeMap<String, T>,
    found: &BTreeMap<String, T>,
) -> Vec<String> {
    let keys = truth.keys().chain(found.keys().filter(|key| !truth.contains_key(*key)));
    keys.filter(|key| truth.get(*key) != found.get(*key))
        .map(|key| format!("{what} {key} {:?}, and the log says {:?}", found.get(key), truth.get(key)))
        .collect()
}

async fn documents<P: Projection>(store: &Store, tally: fn(P) -> Tally) -> BTreeMap<String, Tally> {
    let (mut found, mut after) = (BTreeMap::new(), None);
    loop {
        let collection: Arc<str> = generation_name(P::NAME, P::VERSION);
        let find =
            Find { collection, conditions: vec![], order: None, descending: false, after, limit: 1_000 };
        let page = read_side(store).find_documents(&find).await.expect("documents");
        after = page.last().map(|last| (last.place.clone(), last.document.key.clone()));
        if after.is_none() {
            return found;
        }
        found.extend(page.into_iter().filter_map(|found| {
            let document = P::decode(&found.document.body?).expect("a document");
            Some((found.document.key, tally(document)))
        }));
    }
}

/// At least once, and no event of a stream before its predecessor.
fn noted(notes: &[(String, String, u64)], truth: &Truth) -> Vec<String> {
    let (mut wrong, mut seen) = (Vec::new(), BTreeMap::<&str, u64>::new());
    for (handler, till, version) in notes {
        let last = seen.entry(till).or_default();
        if *version > *last + 1 {
            wrong.push(format!("{handler} was given {till} at version {version} after {last}"));
        }
        *last = (*last).max(*version);
    }
    let missed = truth.tills.iter().filter(|(till, tally)| seen.get(till.as_str()) != Some(&tally.events));
    wrong.extend(missed.map(|(till, tally)| {
        format!("the handler has seen {till} up to version {:?} of {}", seen.get(till.as_str()), tally.events)
    }));
    wrong
}
