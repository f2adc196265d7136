//! What tests need: for the stores themselves, the promises that every one of them keeps.

pub mod contract;
