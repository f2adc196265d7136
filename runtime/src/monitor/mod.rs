//! What the framework tells of trouble: events of its own, in the log beside those of the domain.
//!
//! They are called `gesta.*` and stand in streams of the category `gesta`, one for each subscription. Read them from
//! [`App::log`](crate::App::log), subscribe to them, or let an event handler react to [`MonitorEvent`].

mod event;
mod record;

pub use event::{DeadLetterDecided, DeadLettered, Decision, MonitorEvent};
pub use record::{CATEGORY, record};
