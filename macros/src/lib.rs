//! The macros of gesta. Use them through the `gesta` crate, which documents them where they can be run.

mod attribute;
mod driver;
mod errors;
mod keywords;
mod messages;
mod naming;
mod paths;
mod suggest;
