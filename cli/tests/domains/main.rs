//! What `cargo gesta` shows of a domain: its model, what is drawn, written and found of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how a test fails")]

mod committed;
mod found;
mod loops;
mod programs;
