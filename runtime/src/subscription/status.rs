use std::{
    error::Error,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    clock::Clock,
    domain::{Position, Timestamp},
    store::{ShardState, SubscriptionState},
};

/// How a subscription stands: in the store, and in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionStatus {
    /// Its name.
    pub name: Arc<str>,
    /// Whether somebody has paused it.
    pub paused: bool,
    /// Up to where all of its shards are done.
    pub position: Position,
    /// The last position of the log. Positions have gaps: the difference is not a number of events.
    pub last: Position,
    /// Its shards: how far each has come, and which worker has it.
    pub shards: Vec<ShardState>,
    /// The shards that this process works on.
    pub here: Vec<u16>,
    /// What went wrong in this process last, until it has come further.
    pub trouble: Option<Trouble>,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trouble {
    /// What, with its causes.
    pub message: String,
    /// When it happened last, by the clock of this machine.
    pub at: Timestamp,
    /// Up to where everything was done by then: what goes wrong comes after it.
    pub position: Option<Position>,
    /// How often in a row, without coming further in between.
    pub times: u32,
}

impl SubscriptionStatus {
    pub(super) fn new(state: SubscriptionState, last: Position) -> Self {
        let position = state.position();
        let SubscriptionState { name, paused, shards } = state;
        Self { name, paused, position, last, shards, here: Vec::new(), trouble: None }
    }

    /// Whether everything in the log is done.
    pub fn is_caught_up(&self) -> bool {
        self.position >= self.last
    }
}

/// What goes wrong with a subscription in this process.
#[derive(Debug)]
pub(super) struct Troubles {
    name: Arc<str>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    here: Vec<u16>,
    last: Option<Trouble>,
}

impl Troubles {
    pub(super) fn new(name: Arc<str>) -> Self {
        Self { name, state: Mutex::default() }
    }

    /// Notes the shards that are worked on from now on.
    pub(super) fn work_on(&self, shards: Vec<u16>) {
        self.state().here = shards;
    }

    pub(super) fn here(&self) -> Vec<u16> {
        self.state().here.clone()
    }

    /// Logs an error and keeps it.
    pub(super) fn note(&self, error: &(dyn Error + 'static), position: Option<Position>) {
        self.note_text(chain(error), position);
    }

    pub(super) fn note_text(&self, message: String, position: Option<Position>) {
        let mut state = self.state();
        let before =
            state.last.as_ref().filter(|last| last.position == position).map_or(0, |last| last.times);
        let times = before.saturating_add(1);
        tracing::error!(
            subscription = %self.name,
            shards = ?state.here,
            position = position.map(Position::raw),
            times,
            "a subscription failed after this position and is tried again: {message}"
        );
        state.last = Some(Trouble { message, at: Clock::real().now(), position, times });
    }

    /// What is not over yet: nothing, once the subscription has come further.
    pub(super) fn current(&self, position: Option<Position>) -> Option<Trouble> {
        self.state().last.clone().filter(|last| position <= last.position)
    }

    /// A panic cannot leave it half changed: nothing in between panics.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An error and its causes, unless they are told in it already.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
