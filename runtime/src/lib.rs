//! gesta

pub mod app;
pub mod clock;
pub mod codec;
pub mod domain;
pub mod execute;
pub mod log;
pub mod store;
pub mod testing;

pub use app::connect;
