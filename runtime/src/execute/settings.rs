use std::time::Duration;

/// How an application executes commands. The defaults suit a service; every number is a bound, none is reserved.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The largest payload of one event in bytes. 1,000,000 by default.
    pub payload_limit: usize,
    /// How many aggregates keep their state in memory. 32,768 by default.
    pub states: usize,
    /// How many commands may wait to be stored before more are refused as busy. 4,096 by default.
    pub queue: usize,
    /// How many commands share a transaction at most. 128 by default.
    pub batch: usize,
    /// How many transactions are under way at a time. 1 by default: the next one fills up meanwhile.
    pub lanes: usize,
    /// How often a command is decided again after a conflict. 16 by default.
    pub retries: u32,
    /// How long a command may take, unless it says otherwise. 30 seconds by default.
    pub timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            payload_limit: 1_000_000,
            states: 32_768,
            queue: 4_096,
            batch: 128,
            lanes: 1,
            retries: 16,
            timeout: Duration::from_secs(30),
        }
    }
}
