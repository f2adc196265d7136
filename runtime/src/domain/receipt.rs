use serde::{Deserialize, Serialize};

use super::Position;

/// What a command has done. The same idempotency key gives the same receipt again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The version of the stream after the command: 1 after its first event, 0 where there is none.
    pub version: u64,
    /// The position of the stream's last event, to wait for with `.after(position)`.
    pub position: Position,
    /// How many events the command has stored.
    pub events: usize,
}
