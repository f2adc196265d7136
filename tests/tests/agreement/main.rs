//! A program that cannot read what a store holds, or would write what those that run cannot read, does not start.

mod banks;
mod fleet;
mod locks;
mod stored;

use std::time::Duration;

use banks::{Deps, first, second};
use gesta::{
    App,
    app::{Disagreement, Finding, StartError},
    domain::Domain,
    store::{Fleet, Store},
};
use gesta_tests::Place;

/// Handles on one place. What is in memory is closed with the last handle of an application, so one is kept.
struct Handles<'p> {
    place: &'p Place,
    kept: Store,
}

impl<'p> Handles<'p> {
    async fn on(place: &'p Place) -> Self {
        Self { place, kept: place.open().await }
    }

    /// A handle with connections of its own, as another process would have it.
    async fn open(&self) -> Store {
        if self.place.in_memory() { self.kept.clone() } else { self.place.open().await }
    }
}

/// No wait is longer.
const PATIENCE: Duration = Duration::from_secs(60);

async fn start_first(store: &Store) -> Result<App<first::Bank>, StartError> {
    first::Bank::app(store.clone(), Deps { seen: Default::default() }).start().await
}

async fn start_second(store: &Store) -> Result<App<second::Bank>, StartError> {
    second::Bank::app(store.clone(), ()).start().await
}

fn fleet_of(store: &Store) -> &dyn Fleet {
    store.port().fleet().expect("the store keeps who runs on it")
}

/// Why an application does not start.
#[track_caller]
fn refused<D: Domain>(started: Result<App<D>, StartError>) -> Disagreement {
    match started {
        Err(StartError::Disagreement(disagreement)) => *disagreement,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("it has started"),
    }
}

/// What was found, one word and the event each.
fn found(disagreement: &Disagreement) -> Vec<String> {
    let word = |finding: &Finding| match finding {
        Finding::Unreadable { event, rows, .. } => format!("unreadable {event}, {rows}"),
        Finding::Reshaped { event, rows, .. } => format!("reshaped {event}, {rows}"),
        Finding::UnreadByOthers { event, .. } => format!("unread by others {event}"),
        Finding::WrittenByOthers { event, .. } => format!("written by others {event}"),
        other => panic!("unexpected: {other:?}"),
    };
    disagreement.findings.iter().map(word).collect()
}
