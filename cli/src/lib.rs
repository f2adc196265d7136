//! The command lines of gesta.
//!
//! [`cargo`] is `cargo gesta`, for those who write a domain: it looks at the sources and at what the compiled domain
//! says of itself. [`operate`] is `gesta`, for those who operate a store. Each command is a file of its own in one of
//! the two; what they share (answers as tables or as JSON, questions, progress, exit codes) is in [`shared`].

pub mod cargo;
pub mod diagram;
pub mod findings;
pub mod operate;
pub mod pages;
pub mod shared;
