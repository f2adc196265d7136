//! The program `gesta`, run on stores that an application has written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how a test fails")]

mod addresses;
mod carrying;
mod damage;
mod deciding;
mod kit;
mod looking;
mod town;
