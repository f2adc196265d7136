use std::error::Error;

use crate::domain::Position;

/// Why an input of a process manager has come to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReactionError {
    #[error(
        "`{command}` was not done by {target}: {source}; put right what is in the way and retry this delivery, or discard it: \
         then the instance has not seen the event"
    )]
    NotDone { command: &'static str, target: String, source: Box<dyn Error + Send + Sync> },
    #[error(
        "`{key}` is not a key of the process manager `{process_manager}`; is it routed by the wrong field? Put it right \
         and retry this delivery, or discard it"
    )]
    NoKey { process_manager: &'static str, key: String },
    #[error(
        "this program's process manager `{process_manager}` does not react to `{event}`, another version of it did; \
         discard the delivery, or retry it once there is a reaction again"
    )]
    Unwanted { process_manager: &'static str, event: String },
    #[error(
        "this program's process manager `{process_manager}` has no deadline `{deadline}`, another version of it had one; \
         discard the delivery, or retry it once there is one again"
    )]
    NoDeadline { process_manager: &'static str, deadline: String },
    #[error(
        "nobody could tell which instance of `{process_manager}` this event is for when it came; `{instance}` has seen what \
         came after it (up to {seen}) and does not go back: discard the delivery"
    )]
    TooLate { process_manager: &'static str, instance: String, seen: Position },
    #[error(
        "the instance `{instance}` of `{process_manager}` was changed by somebody else, again and again; try again"
    )]
    Overtaken { process_manager: &'static str, instance: String },
}
