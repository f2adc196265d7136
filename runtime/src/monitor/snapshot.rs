use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::domain::Position;

/// What was counted and timed in this process since the application was started, and how far behind subscriptions are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StatisticsSnapshot {
    /// By the type of command: how long it took, and how many were not executed. Counted by the layer
    /// [`Metrics`](crate::middleware::Metrics).
    pub commands: BTreeMap<String, Series>,
    /// By the name of the event: how many were stored by commands. Counted by the layer
    /// [`Metrics`](crate::middleware::Metrics); no times.
    pub appended: BTreeMap<String, Series>,
    /// By the name of the event: how long handlers took for it, and how many attempts failed.
    pub events: BTreeMap<String, Series>,
    /// By the handler or plugin: how long its attempts took, and how many failed.
    pub handlers: BTreeMap<String, Series>,
    /// By the projection: how long an event took, as its part of a batch, and how many were in batches that failed.
    pub projections: BTreeMap<String, Series>,
    /// By the subscription: how far it is behind the log, in whatever process it runs.
    pub lags: BTreeMap<String, Lag>,
    /// By the saga: how its instances stand, in whatever process they are run.
    pub sagas: BTreeMap<String, SagaNumbers>,
    /// By saga and step, `transfer.clear`, and `transfer.clear/undo` for undoing it: how long the attempts took that
    /// have come to an end, and how many failed.
    pub steps: BTreeMap<String, Series>,
}

/// How the instances of a saga stand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SagaNumbers {
    /// How many were ever started.
    pub started: u64,
    /// How many go forward.
    pub running: u64,
    /// How many undo what they have done.
    pub compensating: u64,
    /// How many wait for somebody to decide.
    pub parked: u64,
    /// How many have done all their steps.
    pub completed: u64,
    /// How many have undone what they had done.
    pub compensated: u64,
    /// How many were given up.
    pub abandoned: u64,
    /// How long ago the oldest was started that has not ended; `None` where all have.
    pub oldest: Option<Duration>,
    /// The parked ones by the reason, of at most a thousand.
    pub parked_by_reason: BTreeMap<String, u64>,
    /// How many attempts of this process have ended without anybody knowing whether the step has happened.
    pub in_doubt: u64,
    /// How many attempts of this process to undo a step have failed.
    pub compensation_failures: u64,
}

/// Numbers about one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// How many, failed ones included.
    pub count: u64,
    /// How many of them failed.
    pub errors: u64,
    /// How many there were in a second, over the last minute.
    pub rate: f64,
    /// The mean time.
    pub mean: Duration,
    /// Half took less.
    pub p50: Duration,
    /// 95 of 100 took less.
    pub p95: Duration,
    /// 99 of 100 took less.
    pub p99: Duration,
}

/// How far a subscription is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lag {
    /// Up to where it is done.
    pub position: Position,
    /// How many events of the log are after that, those that it does not want included.
    pub events: u64,
    /// Whether there are more: only so many are counted.
    pub more: bool,
    /// How long ago the first of them was stored; zero where there is none.
    pub time: Duration,
    /// Whether somebody has paused it.
    pub paused: bool,
}
