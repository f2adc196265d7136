//! `gesta`: operates a store. One file per command.

mod completion;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::shared::{Failure, Output, run};

/// Operates a gesta event store.
///
/// Ends with 0 when it did what was asked; 1 when a check found something; 2 when the call makes no sense; 3 when what
/// was asked for is not there; 4 when the store cannot be reached; 5 when nobody agreed to a change; 6 otherwise.
#[derive(Debug, Parser)]
#[command(name = "gesta", version)]
pub struct Arguments {
    /// The store: `sqlite:bank.db` or `postgres://..`; the variable GESTA_STORE unless given
    #[arg(long, global = true, value_name = "URL")]
    pub store: Option<String>,
    /// Answers in JSON
    #[arg(long, global = true)]
    pub json: bool,
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

    /// Where the store is.
    ///
    /// # Errors
    /// [`Failure::Usage`] when nobody says where.
    pub fn address(&self) -> Result<String, Failure> {
        let given = self.store.clone().or_else(|| std::env::var("GESTA_STORE").ok());
        given.ok_or_else(|| {
            Failure::Usage("say which store: --store sqlite:bank.db, or the variable GESTA_STORE".into())
        })
    }
}

/// The program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    run("gesta", execute(arguments))
}

async fn execute(arguments: Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Completion(command) => command.run(),
    }
}
