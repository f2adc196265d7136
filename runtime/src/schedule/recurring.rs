use std::{fmt, sync::Arc};

use super::{InvalidTimes, RECURRING, Times, keep::side};
use crate::{
    domain::Timestamp,
    execute::Outgoing,
    store::{Store, StoreError, StreamId},
};

/// What becomes of times that have passed while nobody was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Missed {
    /// The last of them is made up for, and the others are not.
    #[default]
    Last,
    /// All of them are made up for, one after the other.
    All,
}

/// Something that recurs, as the application has it.
pub(crate) struct Recurring {
    pub(super) name: String,
    pub(super) times: Arc<dyn Times>,
    pub(super) missed: Missed,
    pub(super) make: Make,
}

pub(super) type Make = Box<dyn Fn() -> Outgoing + Send + Sync>;

/// All that recurs in an application.
pub(crate) type Recurrences = Arc<Vec<Recurring>>;

/// How something that recurs stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecurringState {
    /// Its name.
    pub name: String,
    /// Its rule.
    pub rule: String,
    /// When it comes next, by the clock of the database; `None` before anybody has run it, and if it never does.
    pub due_at: Option<Timestamp>,
}

impl Recurring {
    pub(crate) fn new(
        name: String,
        times: Result<Arc<dyn Times>, InvalidTimes>,
        missed: Missed,
        make: impl Fn() -> Outgoing + Send + Sync + 'static,
    ) -> Result<Self, InvalidTimes> {
        Ok(Self { name, times: times?, missed, make: Box::new(make) })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn stream(&self) -> StreamId {
        StreamId::new(RECURRING, &self.name)
    }

    /// How it stands.
    pub(crate) async fn state(&self, store: &Store) -> Result<RecurringState, StoreError> {
        let timer = side(store)?.timers_of(&self.stream()).await?.into_iter().next();
        let due_at = timer.map(|timer| timer.due_at);
        Ok(RecurringState { name: self.name.clone(), rule: self.times.rule(), due_at })
    }
}

impl fmt::Debug for Recurring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recurring")
            .field("name", &self.name)
            .field("times", &self.times)
            .finish_non_exhaustive()
    }
}
