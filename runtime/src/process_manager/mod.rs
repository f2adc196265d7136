//! Process managers: state that is kept by events, and decides what to send and when to be reminded.
//!
//! What an instance does is a function of its state and the event alone, so that it can be worked out again after a
//! crash: each command it sends has a key made of the instance and the event, and the new state is stored with the timers
//! once they are sent.

mod definition;
mod reaction;

pub use definition::{Input, Inputs, Manage, ProcessManager};
pub use reaction::{Deadline, IntoReactions, Reaction, Timer, TimerChange};
