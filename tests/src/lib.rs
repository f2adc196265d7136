//! What the tests of this folder share.

mod database;

pub use database::{Database, Kind};
