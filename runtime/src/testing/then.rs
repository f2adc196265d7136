use std::{
    error::Error,
    fmt::{self, Debug},
};

use super::{columns, given::fold};
use crate::domain::{Aggregate, Misfit};

/// How many events of the history a failure shows.
const MOST_OF_THE_HISTORY: usize = 20;

/// What the aggregate has decided, to be compared with what was expected.
#[must_use = "nothing is checked until `.then(..)` or `.rejects(..)`"]
pub struct When<A: Aggregate, E> {
    pub(super) given: Vec<A::Event>,
    pub(super) state: Option<A>,
    pub(super) command: &'static str,
    pub(super) aggregate: &'static str,
    pub(super) decided: Decided<A::Event, E>,
}

pub(super) enum Decided<Event, E> {
    Events(Vec<Event>),
    Rejected(E),
    AlreadyExists,
    NotFound,
    WrongState { state: &'static str, needs: &'static [&'static str] },
    OutOfPlace { event: &'static str, misfit: Misfit },
}

impl<A: Aggregate<Event: Debug>, E: Error> Debug for When<A, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("When")
            .field("given", &self.given)
            .field("command", &self.command)
            .field("decided", &in_words(&self.decided))
            .finish_non_exhaustive()
    }
}

impl<A, E> When<A, E>
where
    A: Aggregate<Event: Debug>,
    E: Error,
{
    /// Exactly these events have happened, in this order.
    ///
    /// # Panics
    /// When others have, or the command was rejected: with what was expected and what has happened side by side.
    #[track_caller]
    pub fn then(self, expected: impl IntoIterator<Item = A::Event>)
    where
        A::Event: PartialEq,
    {
        let expected: Vec<A::Event> = expected.into_iter().collect();
        match &self.decided {
            Decided::Events(actual) if *actual == expected => {}
            Decided::Events(actual) => {
                self.fail("other events than expected", &columns::events(&expected, actual))
            }
            refused => {
                let expected = match &expected[..] {
                    [] => vec!["no events".to_owned()],
                    events => events.iter().map(|event| format!("{event:?}")).collect(),
                };
                self.fail("events were expected", &columns::texts(&expected, &in_words(refused)))
            }
        }
    }

    /// The command was accepted, and nothing has happened.
    ///
    /// # Panics
    /// When something has, or the command was rejected.
    #[track_caller]
    pub fn then_nothing(self) {
        match &self.decided {
            Decided::Events(actual) if actual.is_empty() => {}
            decided => self.unexpected("no events were expected", "no events", decided),
        }
    }

    /// The command was accepted, and this holds for the state after its events: a closure with assertions.
    ///
    /// # Panics
    /// When the closure does, or the command was rejected.
    #[track_caller]
    pub fn then_state(mut self, check: impl FnOnce(&A)) {
        match &self.decided {
            // Where states are declared they were folded when they were decided.
            Decided::Events(_) if A::LIFECYCLE.is_some() => {}
            Decided::Events(events) => {
                if let Err((event, misfit)) = fold(&mut self.state, events) {
                    let decided = Decided::<A::Event, E>::OutOfPlace { event, misfit };
                    self.unexpected("the command was to be accepted", "accepted", &decided)
                }
            }
            decided => self.unexpected("the command was to be accepted", "accepted", decided),
        }
        match &self.state {
            Some(state) => check(state),
            None => self.unexpected("a state was expected", "a state", &Decided::Events(Vec::new())),
        }
    }

    /// The handler has rejected the command with this error.
    ///
    /// # Panics
    /// When it was another error, or the command was accepted.
    #[track_caller]
    pub fn rejects(self, expected: E)
    where
        E: PartialEq,
    {
        match &self.decided {
            Decided::Rejected(actual) if *actual == expected => {}
            Decided::Rejected(actual) => {
                let table = columns::texts(&error_in_words(&expected), &error_in_words(actual));
                self.fail("rejected with another error than expected", &table)
            }
            decided => {
                let table = columns::texts(&error_in_words(&expected), &in_words(decided));
                self.fail("a rejection was expected", &table)
            }
        }
    }

    /// The handler has rejected the command, and this holds for its error: a closure with assertions, for errors
    /// that cannot be compared.
    ///
    /// # Panics
    /// When the closure does, or the command was accepted.
    #[track_caller]
    pub fn rejects_with(self, check: impl FnOnce(&E)) {
        match &self.decided {
            Decided::Rejected(error) => check(error),
            decided => self.unexpected("a rejection was expected", "rejected", decided),
        }
    }

    /// The command creates an aggregate that exists already: no handler was asked.
    ///
    /// # Panics
    /// When a handler was.
    #[track_caller]
    pub fn already_exists(self) {
        match &self.decided {
            Decided::AlreadyExists => {}
            decided => self.unexpected("the aggregate was to exist already", "already exists", decided),
        }
    }

    /// The command is for an aggregate that does not exist: no handler was asked.
    ///
    /// # Panics
    /// When a handler was.
    #[track_caller]
    pub fn not_found(self) {
        match &self.decided {
            Decided::NotFound => {}
            decided => self.unexpected("the aggregate was not to exist", "not found", decided),
        }
    }

    /// The command is not for the state of this name, in which the aggregate is: no handler was asked.
    ///
    /// # Panics
    /// When a handler was, or the aggregate is in another state.
    #[track_caller]
    pub fn rejects_in_state(self, name: &str) {
        match &self.decided {
            Decided::WrongState { state, .. } if *state == name => {}
            decided => {
                let expected = format!("wrong state: the aggregate is in `{name}`");
                self.unexpected("the command was to be for other states", &expected, decided)
            }
        }
    }

    /// The handler's answer, for tests that go on with it.
    ///
    /// # Errors
    /// The handler's.
    ///
    /// # Panics
    /// When no handler was asked.
    #[track_caller]
    pub fn into_result(self) -> Result<Vec<A::Event>, E> {
        match self.decided {
            Decided::Events(events) => Ok(events),
            Decided::Rejected(error) => Err(error),
            ref decided => self.unexpected("a decision was expected", "a decision", decided),
        }
    }

    #[track_caller]
    fn unexpected(&self, what: &str, expected: &str, decided: &Decided<A::Event, E>) -> ! {
        self.fail(what, &columns::texts(&[expected.to_owned()], &in_words(decided)))
    }

    #[track_caller]
    fn fail(&self, what: &str, table: &str) -> ! {
        let Self { aggregate, command, .. } = self;
        let given = history(&self.given);
        panic!("{what}\n\n  given, of {aggregate}\n{given}\n\n  when {command}\n\n{table}\n");
    }
}

/// The last events of a history, which explain the most.
fn history(events: &[impl Debug]) -> String {
    let left_out = events.len().saturating_sub(MOST_OF_THE_HISTORY);
    let mut rows: Vec<String> = events[left_out..].iter().map(|event| format!("    {event:?}")).collect();
    match (left_out, events.len()) {
        (_, 0) => rows.push("    nothing".into()),
        (0, _) => {}
        _ => rows.insert(0, format!("    .. {left_out} events before")),
    }
    rows.join("\n")
}

fn in_words<Event: Debug, E: Error>(decided: &Decided<Event, E>) -> Vec<String> {
    match decided {
        Decided::Events(events) if events.is_empty() => vec!["accepted, no events".into()],
        Decided::Events(events) => events.iter().map(|event| format!("{event:?}")).collect(),
        Decided::Rejected(error) => error_in_words(error),
        Decided::AlreadyExists => {
            vec!["the aggregate exists already:".into(), "a creating command is given nothing".into()]
        }
        Decided::NotFound => {
            vec!["the aggregate does not exist:".into(), "this command needs events in `given`".into()]
        }
        Decided::WrongState { state, needs } => vec![
            format!("wrong state: the aggregate is in `{state}`"),
            format!("this command is for `{}`", needs.join("` or `")),
        ],
        Decided::OutOfPlace { event, misfit } => {
            vec![format!("decided `{event}`, which does not fit:"), misfit.to_string()]
        }
    }
}

fn error_in_words(error: &impl Error) -> Vec<String> {
    vec![format!("rejected: {error:?}"), format!("\"{error}\"")]
}
