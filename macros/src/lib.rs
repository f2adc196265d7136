//! The macros of gesta. Use them through the `gesta` crate, which documents them where they can be run.
