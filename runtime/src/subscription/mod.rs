//! Following the log: events to those who want them, in order per stream, at least once, shared out over processes.
//!
//! A durable subscription has a fixed number of shards, each with a position in the store. The processes that can
//! work on it lease its shards ([`crate::store::Shards`]). What is done with the events is a [`Driver`]'s: it is given
//! the leases of its process and a [`Feed`] of events, and commits what follows from them together with the positions.
//! Projections and event handlers are drivers; [`App::subscribe`](crate::App::subscribe) subscribes in code.
//!
//! What runs in an application:
//!
//! * One task keeps the leases of all its subscriptions, by one claim every third of the time for which they are good
//!   ([`Builder::lease`](crate::Builder::lease)). Shards beyond the fair share are given back, those that came last
//!   first. If the store cannot be asked for so long that the leases may have run out, the work stops.
//! * One task for each durable subscription runs its driver with the shards that are there. A driver that fails or
//!   panics is reported, and started again with positions from the store after 100 ms, 200 ms and so on up to 10
//!   seconds; [`App::subscriptions`](crate::App::subscriptions) shows what went wrong.
//! * One task reads the end of the log for all feeds. It is woken by what this process appends, by what others append
//!   where the store can tell, and looks by itself after 20 ms to 1 s otherwise (50 ms where the store cannot tell).
//!   A feed that is further behind than the last 20,000 events reads for itself, ahead of its driver.
//!
//! An application that is shut down finishes what it is at and gives its leases back. One that is dropped, or
//! killed, is replaced when they have run out. What it was at is not committed by then, or refused afterwards.

mod batch;
mod core;
mod driver;
mod engine;
mod error;
mod feed;
mod fetch;
mod handler;
mod member;
mod membership;
mod named;
mod page;
mod passing;
mod progress;
mod shard;
mod start;
mod status;
mod stop;
mod subscribe;
mod tail;
#[cfg(test)]
mod tests;
mod timers;
mod worker;

pub use batch::Batch;
pub use driver::{Driver, Plan, Work};
pub(crate) use engine::Engine;
pub use engine::EngineSettings;
pub use error::SubscriptionError;
pub use feed::Feed;
pub use progress::ProgressSender;
pub use shard::{shard_of_key, shard_of_stream};
pub(crate) use start::position_of;
pub use status::{SubscriptionStatus, Trouble};
pub use stop::Stop;
pub use subscribe::{Subscribe, Subscription};
pub(crate) use timers::{Fires, Wheel, moved};
