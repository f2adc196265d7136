//! An aggregate with states whose type is `Debug` and nothing else.

use std::convert::Infallible;

use gesta::prelude::*;

/// Names a gate.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Id)]
pub struct GateId(pub String);

/// What happens to a gate.
#[event]
#[derive(Clone, Debug, PartialEq)]
pub enum GateEvent {
    /// There is one.
    Built,
    /// People can pass.
    Opened {
        /// So many beside each other.
        width: u64,
    },
}

/// A gate of the town.
#[aggregate(id = GateId, event = GateEvent, states)]
#[derive(Debug)]
pub enum Gate {
    /// Nobody passes.
    Shut,
    /// People pass.
    Open {
        /// So many beside each other.
        #[allow(dead_code, reason = "it is shown")]
        width: u64,
    },
}

#[apply(GateEvent, impossible(Shut => [Built], Open => _))]
impl Gate {
    #[to(Shut)]
    fn built() -> Self {
        Self::Shut
    }

    #[from(Shut)]
    #[to(Open)]
    fn opened(width: &u64) -> Self {
        Self::Open { width: *width }
    }
}

/// Builds a gate that is open.
#[derive(Debug)]
pub struct Build;

#[command_handler]
impl Gate {
    fn build(_: Build) -> Result<[GateEvent; 2], Infallible> {
        Ok([GateEvent::Built, GateEvent::Opened { width: 4 }])
    }
}
