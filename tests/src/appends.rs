use gesta::{
    domain::{IdempotencyKey, Meta},
    store::{Append, Expected, NewEvent, StreamId},
};

/// The stream `account/id`.
pub fn stream(id: &str) -> StreamId {
    StreamId::new("account", id)
}

/// An append of events with these payloads.
pub fn append<'p>(id: &str, expected: Expected, payloads: impl IntoIterator<Item = &'p str>) -> Append {
    let event = |payload: &str| NewEvent { name: "account.deposited", version: 1, payload: payload.into() };
    let events = payloads.into_iter().map(event).collect();
    Append { stream: stream(id), expected, key: None, meta: Meta::default(), events }
}

/// The same with an idempotency key.
pub fn keyed(append: Append, key: impl Into<String>) -> Append {
    Append { key: Some(IdempotencyKey::new(key)), ..append }
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
