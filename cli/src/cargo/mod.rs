//! `cargo gesta`: helps those who write a domain. One file per command.

mod completion;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::shared::{Failure, Output, run};

/// What cargo calls: `cargo gesta model` runs `cargo-gesta gesta model`.
#[derive(Debug, Parser)]
#[command(name = "cargo", bin_name = "cargo")]
pub enum Cargo {
    /// Looks at a gesta domain
    Gesta(Arguments),
}

/// Looks at a gesta domain: its model, its gesta.lock, what would happen on a store.
///
/// Ends with 0 when it did what was asked; 1 when a check found something; 2 when the call makes no sense; 3 when what
/// was asked for is not there; 4 when something outside cannot be reached; 5 when nobody agreed to a change; 6 otherwise.
#[derive(Debug, clap::Args)]
#[command(version)]
pub struct Arguments {
    /// Answers in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// The Cargo.toml of the domain
    #[arg(long, global = true, value_name = "PATH")]
    pub manifest_path: Option<String>,
    /// The package of the domain, in a workspace
    #[arg(long, short, global = true, value_name = "NAME")]
    pub package: Option<String>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Writes the completion for a shell
    Completion(completion::Completion),
}

impl Arguments {
    /// How it answers.
    pub fn output(&self) -> Output {
        if self.json { Output::Json } else { Output::Human }
    }
}

/// The program.
pub fn main() -> ExitCode {
    let Cargo::Gesta(arguments) = Cargo::parse();
    run("cargo gesta", execute(arguments))
}

async fn execute(arguments: Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Completion(command) => command.run(),
    }
}
