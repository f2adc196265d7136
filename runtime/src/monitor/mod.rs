//! What is counted and timed ([`Statistics`]), and what the framework tells of trouble: events of its own, in the log
//! beside those of the domain.
//!
//! The events are called `gesta.*` and stand in streams of the category `gesta`, one for each subscription. Read them from
//! [`App::log`](crate::App::log), subscribe to them, or let an event handler react to [`MonitorEvent`].

mod alarm;
mod event;
mod histogram;
mod lag;
mod record;
mod sagas;
mod series;
mod snapshot;
mod statistics;

pub(crate) use alarm::Alarm;
pub use alarm::Thresholds;
pub use event::{
    Change, DeadLetterDecided, DeadLettered, Decision, HighErrorRate, MonitorEvent, Repaired, SagaParked,
    SlowEvent, SubscriptionChanged,
};
pub(crate) use record::told_together;
pub use record::{CATEGORY, record};
pub use snapshot::{Lag, SagaNumbers, Series, StatisticsSnapshot};
pub use statistics::Statistics;
