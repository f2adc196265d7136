use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use crate::{
    domain::{IdempotencyKey, Meta},
    store::Append,
};

/// What may be said of one execution.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// Makes it repeatable.
    pub key: Option<IdempotencyKey>,
    /// Stored beside its events.
    pub meta: Meta,
    /// The version that the stream must have.
    pub expect_version: Option<u64>,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// What is to be stored in the same transaction, or neither is.
    pub(crate) together: Option<Box<Append>>,
    /// Is set once this very execution has stored its append, with what is together: not if the key was used before.
    pub(crate) stored: Option<Arc<AtomicBool>>,
}
