//! Following the log: events to those who want them, in order per stream, at least once, shared out over processes.
//!
//! A durable subscription has a fixed number of shards, each with a position in the store. The processes that can
//! work on it lease its shards ([`crate::store::Shards`]). What is done with the events is a [`Driver`]'s: it is given
//! the leases of its process and a [`Feed`] of events, and commits what follows from them together with the positions.

mod batch;
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
mod worker;

pub use batch::Batch;
pub use driver::{Driver, Plan, Work};
pub(crate) use engine::Engine;
pub use engine::EngineSettings;
pub use error::SubscriptionError;
pub use feed::Feed;
pub use progress::ProgressSender;
pub use shard::{shard_of_key, shard_of_stream};
pub use status::{SubscriptionStatus, Trouble};
pub use stop::Stop;
pub use subscribe::{Subscribe, Subscription};
