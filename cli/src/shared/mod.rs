//! What all commands share.

mod answer;
mod ask;
mod failure;
mod probe;
mod progress;
mod run;

pub use answer::{Answer, Output, Table, harmless, shown};
pub use ask::Confirm;
pub use failure::Failure;
pub use probe::{CompiledDomain, Package, Probe};
pub use progress::{Progress, Stages};
pub use run::{run, tell};
