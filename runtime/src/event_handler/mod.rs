//! Deliveries of events to handlers.

mod board;
mod breaker;
mod call;
mod dead_letters;
mod deliver;
mod driver;
mod gauges;
mod item;
mod ledger;
mod parked;
mod reading;
mod run;
mod save;
mod status;
mod tell;
mod window;
mod write;

use crate::store::{ReadSide, Store, StoreError};

pub use breaker::BreakerState;
pub(crate) use call::World;
pub use dead_letters::DeadLetters;
pub(crate) use driver::HandlerDriver;
pub(crate) use gauges::Handlers;
pub use status::{HandlerStatus, ParkedCounts};

/// The part of a store that handlers need.
fn port(store: &Store) -> Result<&dyn ReadSide, StoreError> {
    store.port().read_side().ok_or(StoreError::Unsupported { store: "this store", what: "deliver events" })
}
