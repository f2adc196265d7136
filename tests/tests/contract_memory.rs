//! The promises of an event store, kept by the store in memory.

use gesta::{
    store::{Memory, Store},
    testing::contract::Fixture,
};

struct InMemory(Memory);

impl Fixture for InMemory {
    const DURABLE: bool = false;

    async fn create() -> Self {
        Self(Memory::new())
    }

    async fn open(&self) -> Store {
        self.0.clone().into()
    }
}

gesta::store_contract!(InMemory);
gesta::read_side_contract!(InMemory);
gesta::process_contract!(InMemory);
gesta::fleet_contract!(InMemory);
gesta::inspect_contract!(InMemory);
