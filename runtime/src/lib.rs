//! gesta

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;
pub mod app;
pub mod clock;
pub mod codec;
pub mod domain;
pub mod execute;
pub mod log;
pub mod prelude;
pub mod store;
pub mod testing;

pub use app::{App, Builder, connect};
pub use execute::ExecuteError;
pub use gesta_macros::{Id, Provide, Schema, aggregate, apply, command_handler, domain, event};
pub use testing as test;

/// The code in the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
