//! The program `gesta`, run on stores that an application has written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how a test fails")]
#![allow(unreachable_pub, reason = "the parts of a domain are as visible as it is")]

mod addresses;
mod carrying;
mod damage;
mod deciding;
mod failing;
mod gate;
mod kit;
mod looking;
mod town;
