use std::ops::ControlFlow;

use gesta::{
    domain::{IdempotencyKey, Meta},
    store::{Append, EventStore, Expected, Item, NewEvent, Outcome, ReadStream, StoreError, StreamId},
};

/// The stream `account/id`.
pub fn stream(id: &str) -> StreamId {
    StreamId::new("account", id)
}

/// An append of events with these payloads.
pub fn append<'p>(id: &str, expected: Expected, payloads: impl IntoIterator<Item = &'p str>) -> Append {
    let event = |payload: &str| NewEvent { name: "account.deposited", version: 1, payload: payload.into() };
    let events = payloads.into_iter().map(event).collect();
    Append {
        stream: stream(id),
        expected,
        key: None,
        meta: Meta::default(),
        events,
        documents: vec![],
        process: None,
        together: None,
    }
}

/// The same with an idempotency key.
pub fn keyed(append: Append, key: impl Into<String>) -> Append {
    Append { key: Some(IdempotencyKey::new(key)), ..append }
}

/// Appends one.
///
/// # Errors
/// Those of the store.
pub async fn one(store: &impl EventStore, append: Append) -> Result<Outcome, StoreError> {
    let mut outcomes = store.append(&[append]).await?;
    Ok(outcomes.remove(0))
}

/// The payloads of the stream `account/id`.
///
/// # Errors
/// Those of the store.
pub async fn payloads(store: &impl EventStore, id: &str) -> Result<Vec<String>, StoreError> {
    let mut seen = Vec::new();
    let mut visit = |item: Item<'_>| {
        if let Item::Event(event) = item {
            seen.push(String::from_utf8_lossy(event.payload).into_owned());
        }
        ControlFlow::Continue(())
    };
    store.read_stream(&ReadStream::all(stream(id)), &mut visit).await?;
    Ok(seen)
}

/// Numbers that look random and are the same in every run (xorshift64*).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Other numbers for each seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }
}
