//! gesta

pub mod clock;
pub mod codec;
pub mod domain;
pub mod log;
pub mod store;
