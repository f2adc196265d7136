use std::io::{ErrorKind, Write};

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::Arguments;
use crate::shared::Failure;

/// Arguments of `gesta completion`.
#[derive(Debug, clap::Args)]
pub struct Completion {
    /// For which shell
    shell: Shell,
}

impl Completion {
    pub(super) fn run(&self) -> Result<(), Failure> {
        // It is written at once: whoever has read enough of it may go away.
        let mut script = Vec::new();
        generate(self.shell, &mut Arguments::command(), "gesta", &mut script);
        match std::io::stdout().write_all(&script) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        }
    }
}
