//! `cargo gesta new`, `lock`, `compat`, `plan`, `expand` and `gesta migrate-events` on a project as somebody would have it:
//! made, released, changed, and looked at with the code of before and after. On SQLite and PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "that is how a test fails")]

mod project;
mod stores;
mod story;
