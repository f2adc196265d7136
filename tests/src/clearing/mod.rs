//! A clearing house: a service outside, over HTTP, which does nothing twice that has the same key, and has bad manners
//! where that is wanted.

mod book;
mod client;
mod http;
mod manners;
mod service;

pub use book::{Account, Effect, Order};
pub use client::{Cleared, ClearingError, ClearingHouse};
pub use manners::Manners;
pub use service::{Clearing, Held, Moment};
