//! Example domains, shared by the example programs and the tests.

pub mod bank;
pub mod forms;
pub mod http;
pub mod installer;
pub mod loans;
pub mod show;
