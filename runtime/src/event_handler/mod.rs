//! Deliveries of events to handlers: at least once, each stream in its order.
//!
//! What becomes of an event, for one handler:
//!
//! ```text
//!            feed ─▶ in the window ─▶ an attempt ─▶ done
//!                        │                │
//!     the stream is      │                │ it fails, and attempts are left ─▶ Retrying ◀─────────────┐
//!     blocked            ▼                │                                      │ when it is due      │ fails again
//!                     Waiting             │                                      ▼                     │
//!                        │                │                                   an attempt ──────────────┤
//!                        │ those before   │                                      │ succeeds            │
//!                        │ it are gone    │                                      ▼                     │
//!                        └───▶ an attempt (as the head of its stream)          done: removed           │
//!                                         │                                                            │
//!                                         │ it fails for good, or no attempts are left ◀───────────────┘
//!                                         ▼
//!                                       Dead ◀──▶ Permanent          somebody decides:
//!                                         │            │               retry   ─▶ Retrying, with all attempts
//!                                         └─────┬──────┘               discard ─▶ Discarded: kept, holds up nobody
//!                                               ▼
//!                                     retried or discarded
//! ```
//!
//! * **Parked** is everything from Waiting to Permanent. A parked event blocks its stream for this handler: later events
//!   of the stream are parked behind it, in order. Everything else flows, and the position moves past what is parked.
//! * **Only the worker that leases the shard** adds deliveries and takes them away, in the commit that checks its
//!   lease. People change the state of heads and of dead letters; the store keeps their decision if an attempt
//!   under way fails ([`DeliveryWrite::Park`](crate::store::DeliveryWrite::Park)). So whoever decides, from whatever
//!   process, no two events of a stream are out at a time, and none overtakes another.
//! * **The position of a shard** is the last one before its first event that is neither done nor parked. After a crash
//!   events behind it are delivered again, except those that were parked; each has the same
//!   [key](crate::domain::Delivery::key) every time.
//! * **A process that dies** at its work leaves a mark behind. Whoever comes next parks what the dead one may have been at,
//!   and tells the store of each attempt at it before it begins, so that an event that kills processes becomes a dead
//!   letter like any other that fails. An attempt that is told of before and then fails counts twice.
//! * **The circuit breaker** is of the handler in this process. While it is open nothing is tried: events stay in the window,
//!   and the feed waits when that is full. Then one event is a probe, one that was never tried if there is one.
//!   A failure does not use up the last attempt of an event while the handler fails for several streams.
//! * **A greater priority** comes first: a handler begins with an event when those above it in this process, that have the
//!   event in their shards, have ended their attempt at it. One that is paused, elsewhere, or has an open breaker is
//!   not waited for.
//!
//! People look at what is parked and decide about it with [`App::dead_letters`](crate::App::dead_letters); how the
//! handlers stand is told by [`App::event_handlers`](crate::App::event_handlers).

mod board;
mod breaker;
mod call;
mod care;
mod dead_letters;
mod deliver;
mod driver;
mod gauges;
mod item;
mod ledger;
mod marks;
mod parked;
mod reading;
mod run;
mod save;
mod status;
mod tell;
#[cfg(test)]
mod tests;
mod window;
mod write;

use crate::store::{ReadSide, Store, StoreError};

pub use breaker::BreakerState;
pub(crate) use call::{Call, Outcome, World, outcome_of};
pub use dead_letters::DeadLetters;
pub(crate) use driver::HandlerDriver;
pub(crate) use gauges::Handlers;
pub use status::{HandlerStatus, ParkedCounts};

/// The part of a store that handlers need.
fn port(store: &Store) -> Result<&dyn ReadSide, StoreError> {
    store.port().read_side().ok_or(StoreError::Unsupported { store: "this store", what: "deliver events" })
}
