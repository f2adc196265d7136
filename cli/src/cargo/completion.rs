use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::Cargo;
use crate::shared::Failure;

/// Arguments of `cargo gesta completion`.
#[derive(Debug, clap::Args)]
pub struct Completion {
    /// For which shell
    shell: Shell,
}

impl Completion {
    pub(super) fn run(&self) -> Result<(), Failure> {
        generate(self.shell, &mut Cargo::command(), "cargo", &mut std::io::stdout());
        Ok(())
    }
}
