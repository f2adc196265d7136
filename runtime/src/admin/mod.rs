//! What operates a whole application or store, beyond a single call.

pub mod probe;
