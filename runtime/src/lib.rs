//! A framework for event-sourced domains: written as annotated types, checked by the compiler, executed exactly on
//! PostgreSQL, SQLite or in memory.
//!
//! Read in this order:
//!
//! 1. The macros, as a domain is written: [`Id`](macro@Id), [`event`](macro@event), [`aggregate`](macro@aggregate),
//!    [`apply`](macro@apply), [`command_handler`](macro@command_handler), [`projection`](macro@projection),
//!    [`query_handler`](macro@query_handler), [`event_handler`](macro@event_handler), [`saga`](macro@saga),
//!    [`process_manager`](macro@process_manager), [`domain!`](macro@domain) and [`Provide`](macro@Provide). `use gesta::prelude::*` imports them.
//! 2. [`connect`] opens a store. `domain!` gives the domain a function `app`, which makes a [`Builder`], and that
//!    starts an [`App`]: it creates, executes, loads, answers queries, runs projections and handlers, and shows the
//!    history and the [`log`].
//! 3. [`test`](testing) tests a domain without a store, and has an application in memory with time by hand.
//! 4. [`domain`](mod@domain) has the traits behind the macros, [`store`] says what every store promises, and
//!    [`execute`] what happens to a command.
//! 5. [`subscription`] says how the log is followed, [`projection`](mod@projection) and [`query`] how documents are kept and read,
//!    [`event_handler`](mod@event_handler) what becomes of a delivery that fails, [`middleware`], [`plugin`] and [`monitor`] the rest.
//!
//! What is not there yet is in the README.

#[doc(hidden)]
#[path = "private/mod.rs"]
pub mod __private;
pub mod admin;
pub mod app;
pub mod clock;
pub mod codec;
pub mod domain;
pub mod event_handler;
pub mod evolution;
pub mod execute;
pub mod log;
pub mod middleware;
pub mod model;
pub mod monitor;
pub mod plugin;
pub mod prelude;
pub mod process_manager;
pub mod projection;
pub mod query;
pub mod saga;
pub mod schedule;
pub mod store;
pub mod subscription;
pub mod testing;

pub use app::{App, Builder, connect};
pub use execute::ExecuteError;
#[doc = include_str!("../docs/id.md")]
pub use gesta_macros::Id;
#[doc = include_str!("../docs/provide.md")]
pub use gesta_macros::Provide;
#[doc = include_str!("../docs/schema.md")]
pub use gesta_macros::Schema;
#[doc = include_str!("../docs/aggregate.md")]
pub use gesta_macros::aggregate;
#[doc = include_str!("../docs/apply.md")]
pub use gesta_macros::apply;
#[doc = include_str!("../docs/command_handler.md")]
pub use gesta_macros::command_handler;
#[doc = include_str!("../docs/domain.md")]
pub use gesta_macros::domain;
#[doc = include_str!("../docs/event.md")]
pub use gesta_macros::event;
#[doc = include_str!("../docs/event_handler.md")]
pub use gesta_macros::event_handler;
#[doc = include_str!("../docs/process_manager.md")]
pub use gesta_macros::process_manager;
#[doc = include_str!("../docs/projection.md")]
pub use gesta_macros::projection;
#[doc = include_str!("../docs/query_handler.md")]
pub use gesta_macros::query_handler;
#[doc = include_str!("../docs/saga.md")]
pub use gesta_macros::saga;
pub use testing as test;

/// The code in the README compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
