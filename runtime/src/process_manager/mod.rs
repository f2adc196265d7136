//! Process managers: state that is kept by events, and decides what to send and when to be reminded.
//!
//! What an instance does is a function of its state and the event alone, so that it can be worked out again after a
//! crash: each command it sends has a key made of the instance and the event, and the new state is stored with the timers and
//! an event `process.<name>.reacted`, in the transaction of the last command. An event that changes nothing stores nothing.
//!
//! * Events come to an instance in the order of the log, each once. An instance that fails is tried again, and becomes a dead
//!   letter of the handler `process.<name>`, by itself: [`App::dead_letters`](crate::App::dead_letters). Later events for it
//!   wait; other instances go on. A dead letter that is discarded was not seen; commands that were sent before the one
//!   that failed stay sent.
//! * A deadline that has come is an event `process.<name>.timer_fired` in the instance's stream. One that was set anew or taken
//!   away meanwhile does nothing.
//! * The code may change between two attempts at an event: commands that were sent stay what they were, by their place in the
//!   list.
//!
//! [`App::process_manager`](crate::App::process_manager) shows an instance, and
//! [`given_instance`](crate::test::given_instance) tests one.

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
pub(crate) use kept::moved;
pub use reaction::{Deadline, IntoReactions, Reaction, Timer, TimerChange};
pub(crate) use reactor::Reactor;
