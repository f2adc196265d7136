//! States of an aggregate: what begins them, what leads from one to another, and which commands are for which.

mod folding;
mod ledger;
mod order;
mod refusing;
mod sending;

use gesta::{
    App,
    domain::Meta,
    prelude::*,
    store::{Append, Expected, NewEvent, Outcome, Store, StoreError, StreamId},
};
use gesta_tests::{Place, on_every_store};
use ledger::*;
use order::*;
use sending::{Eager, Rush};

gesta::domain! {
    Shop { aggregates: [Order, Ledger], sagas: [Rush], process_managers: [Eager] }
}

async fn start(store: &Store) -> App<Shop> {
    Shop::app(store.clone(), ()).start().await.expect("started")
}

fn id(text: &str) -> OrderId {
    OrderId(text.into())
}

fn open() -> Open {
    Open { customer: "Ann".into() }
}

fn add(cents: u64) -> AddLine {
    AddLine { item: "book".into(), cents }
}

fn place_order() -> PlaceOrder {
    PlaceOrder { address: "here".into() }
}

fn opened() -> OrderEvent {
    OrderEvent::Opened { customer: "Ann".into() }
}

fn line(cents: u64) -> OrderEvent {
    OrderEvent::LineAdded { item: "book".into(), cents }
}

fn placed() -> OrderEvent {
    OrderEvent::Placed { address: "here".into() }
}

fn draft(cents: u64) -> Order {
    Order::Draft(Draft { customer: "Ann".into(), cents })
}

/// Writes what no handler would.
async fn smuggle(store: &Store, stream: StreamId, events: &[(&'static str, &str)]) {
    let events = events.iter().map(|(name, payload)| NewEvent {
        name,
        version: 1,
        payload: payload.as_bytes().to_vec(),
    });
    let append = Append {
        stream,
        expected: Expected::Any,
        key: None,
        meta: Meta::default(),
        events: events.collect(),
        documents: vec![],
        process: None,
        together: None,
    };
    let outcomes = store.port().append(&[append]).await.expect("an outcome");
    assert!(matches!(outcomes[..], [Outcome::Appended(_)]), "{outcomes:?}");
}
