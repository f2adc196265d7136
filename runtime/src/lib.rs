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
#[doc = include_str!("../docs/id.md")]
pub use gesta_macros::Id;
#[doc = include_str!("../docs/provide.md")]
pub use gesta_macros::Provide;
#[doc = include_str!("../docs/schema.md")]
pub use gesta_macros::Schema;
#[doc = include_str!("../docs/event.md")]
pub use gesta_macros::event;
pub use gesta_macros::{aggregate, apply, command_handler, domain};
pub use testing as test;

/// The code in the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
