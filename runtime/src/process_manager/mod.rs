//! Process managers: state that is kept by events, and decides what to send and when to be reminded.
//!
//! What an instance does is a function of its state and the event alone, so that it can be worked out again after a
//! crash: each command it sends has a key made of the instance and the event, and the new state is stored with the timers
//! once they are sent.

mod definition;
mod error;
mod fired;
mod inputs;
mod instance;
mod kept;
mod names;
mod reaction;
mod reactor;
mod written;

pub use definition::{Input, Inputs, Manage, ProcessManager};
pub(crate) use fired::FiresDeadlines;
pub use instance::{Instance, SetDeadline};
pub(crate) use instance::{list, load};
pub use reaction::{Deadline, IntoReactions, Reaction, Timer, TimerChange};
pub(crate) use reactor::Reactor;
