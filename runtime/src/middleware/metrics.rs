use std::time::Instant;

use async_trait::async_trait;

use super::{CommandCall, Completed, Middleware, NextCommand, Refusal};
use crate::monitor::Statistics;

/// Counts and times commands and the events that they store. [`Builder::metrics`](crate::Builder::metrics) adds it with
/// the statistics of the application. What handlers and projections do is counted without it.
#[derive(Clone, Debug)]
pub struct Metrics {
    statistics: Statistics,
}

impl Metrics {
    /// Counts into these.
    pub fn new(statistics: Statistics) -> Self {
        Self { statistics }
    }
}

#[async_trait]
impl Middleware for Metrics {
    fn name(&self) -> &str {
        "metrics"
    }

    async fn command(&self, call: &mut CommandCall, next: NextCommand<'_>) -> Result<Completed, Refusal> {
        let begun = Instant::now();
        let result = next.run(call).await;
        let executed = result.as_ref().is_ok_and(|done| done.receipt().is_some());
        self.statistics.executed(call.command_name(), begun.elapsed(), executed);
        for event in result.iter().flat_map(Completed::events) {
            self.statistics.appended(event);
        }
        result
    }
}
