//! What should not happen and does, at the level of the application, on every store.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{FutureExt, TryStreamExt, future::join_all};
use gesta::{
    App, Builder, ExecuteError,
    domain::{Meta, Position, Receipt},
    log::LogEntry,
    store::{Append, Expected, NewEvent, Outcome, Store, StoreError, StreamId},
};
use gesta_tests::{
    Place, on_every_store,
    post::{Couriers, Deliver, Deps, Parcel, ParcelEvent, ParcelId, Post, PostError, Register, Scan, Tariff},
};

mod calls;
mod names;
mod payloads;
mod unreadable;

fn deps() -> Deps {
    Deps { tariff: Tariff { heaviest: u64::MAX }, couriers: Couriers { patience: Duration::ZERO } }
}

/// In spite of events that it cannot read: what becomes of these is what is tested.
async fn start(store: &Store) -> App<Post> {
    Builder::new(store.clone(), deps()).allow_older().start().await.expect("an application")
}

fn id(text: &str) -> ParcelId {
    ParcelId(text.into())
}

fn register(to: impl Into<String>) -> Register {
    Register { to: to.into(), grams: 1 }
}

fn scan(depot: impl Into<String>) -> Scan {
    Scan { depots: vec![depot.into()] }
}

/// Stores events that no handler would.
async fn smuggle<const N: usize>(store: &Store, id: &str, events: [(&'static str, u16, &str); N]) {
    let events = events.map(|(name, version, payload)| NewEvent {
        name,
        version,
        payload: payload.as_bytes().to_vec(),
    });
    let append = Append {
        stream: StreamId::new("parcel", id),
        expected: Expected::Any,
        key: None,
        meta: Meta::default(),
        events: events.into(),
        documents: vec![],
        process: None,
        together: None,
    };
    let outcomes = store.port().append(&[append]).await.expect("an outcome");
    assert!(matches!(outcomes[..], [Outcome::Appended(_)]), "{outcomes:?}");
}

async fn depots(app: &App<Post>, id: &ParcelId) -> Vec<String> {
    app.load::<Parcel>(id).await.expect("loaded").expect("exists").depots.clone()
}

async fn log(app: &App<Post>) -> Vec<LogEntry> {
    app.log().stream().try_collect().await.expect("the log")
}
