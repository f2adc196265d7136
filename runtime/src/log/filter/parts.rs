use std::{fmt, sync::Arc};

use serde_json::Value;

use crate::{domain::Meta, store::LogEventRef};

pub(super) type NameTest = Test<dyn Fn(&str) -> bool + Send + Sync>;
pub(super) type PayloadTest = Test<dyn Fn(&Value) -> bool + Send + Sync>;
pub(super) type EventTest = Test<dyn Fn(LogEventRef<'_>) -> bool + Send + Sync>;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum MetaTest {
    Actor(String),
    Tenant(String),
    Correlation(String),
    Causation(String),
    Value(String, String),
}

/// A test as a function, with the words in which it was asked for.
pub(super) struct Test<F: ?Sized> {
    pub(super) asked: String,
    pub(super) holds: Arc<F>,
}

impl MetaTest {
    pub(super) fn holds(&self, meta: &Meta) -> bool {
        match self {
            Self::Actor(wanted) => meta.actor.as_ref() == Some(wanted),
            Self::Tenant(wanted) => meta.tenant.as_ref() == Some(wanted),
            Self::Correlation(wanted) => meta.correlation.as_ref() == Some(wanted),
            Self::Causation(wanted) => meta.causation.as_ref() == Some(wanted),
            Self::Value(name, wanted) => meta.values.get(name) == Some(wanted),
        }
    }
}

impl<F: ?Sized> Clone for Test<F> {
    fn clone(&self) -> Self {
        Self { asked: self.asked.clone(), holds: Arc::clone(&self.holds) }
    }
}

impl<F: ?Sized> fmt::Debug for Test<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.asked)
    }
}
