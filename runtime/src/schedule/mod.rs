//! Commands that are sent later, or again and again.
//!
//! A command that is scheduled is kept as JSON in a stream of its own, `schedule/<id>`, with a timer. When that fires, an
//! event in the stream says so, and whoever has its shard sends the command: with a key of its own, and in the transaction
//! of its events the schedule is done. A command that is refused is a dead letter of the handler `schedule`.
//!
//! What recurs is code, named by [`Builder::recurring`](crate::Builder::recurring); the store keeps the next time, as a timer
//! of the stream `recurring/<name>`. When it fires, the timer is set to the time after it in the same transaction, so each time
//! comes once, whoever is there. A command that is refused then is a dead letter for that time alone; the next time comes.

mod commands;
#[cfg(feature = "cron")]
mod cron;
mod error;
mod fires;
mod keep;
mod made;
mod recurring;
mod send;
mod times;

pub use commands::Commands;
#[cfg(feature = "cron")]
pub use cron::Cron;
pub use error::InvalidTimes;
pub(crate) use fires::{FiresRecurring, FiresScheduled};
pub use keep::Schedule;
pub(crate) use keep::{cancel, list};
pub use made::{ScheduleId, Scheduled};
pub use recurring::{Missed, RecurringState};
pub(crate) use recurring::{Recurrences, Recurring};
pub(crate) use send::Sender;
pub use times::{Every, IntoTimes, Times};

/// The category of the streams of scheduled commands, their collection, and the subscription that sends them.
pub(crate) const SCHEDULE: &str = "schedule";

/// The category of the streams of what recurs.
pub(crate) const RECURRING: &str = "recurring";

/// The shards of the subscription. They do not change, so that whoever schedules knows the shard of the timer.
pub(crate) const SHARDS: u16 = 16;
