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
        generate(self.shell, &mut Arguments::command(), "gesta", &mut std::io::stdout());
        Ok(())
    }
}
