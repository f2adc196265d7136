//! `cargo gesta`: helps those who write a domain. One file per command.

mod check;
mod compat;
mod completion;
mod diagram;
mod docs;
mod expand;
mod lock;
mod model;
mod new;
mod plan;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::shared::{Failure, Output, Probe, run};

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
    /// A model in JSON, as `cargo gesta model --json` writes it, in place of the domain
    #[arg(long, global = true, value_name = "FILE")]
    pub model: Option<std::path::PathBuf>,
    /// Which domain, where there are several
    #[command(flatten)]
    pub which: Which,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// Where the domain is, where that is not the library or a program of the package.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Which {
    /// The domain, where there are several
    #[arg(long, global = true, value_name = "NAME")]
    pub domain: Option<String>,
    /// The example that has the domain
    #[arg(long, global = true, value_name = "NAME")]
    pub example: Option<String>,
    /// The integration test that has the domain
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "example")]
    pub test: Option<String>,
    /// Features to build it with
    #[arg(long, short = 'F', global = true, value_name = "FEATURES")]
    pub features: Vec<String>,
    /// With all features
    #[arg(long, global = true)]
    pub all_features: bool,
    /// Without the default features
    #[arg(long, global = true)]
    pub no_default_features: bool,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Makes a project that runs and tests at once
    New(new::New),
    /// Records what is new in gesta.lock and gesta.golden
    Lock(lock::Lock),
    /// Says who can read what whom has written, between two locks, or a lock and a store
    Compat(compat::Compat),
    /// Shows the whole domain: what it consists of, and who causes what
    Model(model::Model),
    /// Draws the domain, the states of an aggregate, or a saga
    Diagram(diagram::Diagram),
    /// Writes a page for each element of the domain, of its doc comments
    Docs(docs::Docs),
    /// Looks for what the compiler does not see: unhandled events, loops, parts that nobody asks
    Check(check::Check),
    /// Says what would happen if this build were started on a store
    Plan(plan::Plan),
    /// Shows what the macros have written
    Expand(expand::Expand),
    /// Writes the completion for a shell
    Completion(completion::Completion),
}

impl Arguments {
    /// How it answers.
    pub fn output(&self) -> Output {
        if self.json { Output::Json } else { Output::Human }
    }

    /// The model of the domain, or the one in the file that is named.
    ///
    /// # Errors
    /// When the domain is not found or does not compile, or the file holds no model.
    pub fn model(&self) -> Result<gesta::model::Model, Failure> {
        let Some(path) = &self.model else { return self.probe().model() };
        let file = || path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::NotFound(format!("{} cannot be read: {error}", file())))?;
        serde_json::from_str(&text)
            .map_err(|error| Failure::Other(format!("{} is not a model: {error}", file())))
    }

    /// Where the domain is to be found.
    pub fn probe(&self) -> Probe {
        Probe {
            manifest_path: self.manifest_path.clone(),
            package: self.package.clone(),
            which: self.which.clone(),
        }
    }
}

/// The program.
pub fn main() -> ExitCode {
    if let Some(code) = expand::in_place_of_rustc() {
        return code;
    }
    let Cargo::Gesta(arguments) = Cargo::parse();
    run("cargo gesta", arguments.output(), execute(arguments))
}

async fn execute(arguments: Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::New(command) => command.run(arguments.output()),
        Command::Lock(command) => command.run(&arguments),
        Command::Compat(command) => command.run(&arguments).await,
        Command::Model(command) => command.run(&arguments),
        Command::Diagram(command) => command.run(&arguments),
        Command::Docs(command) => command.run(&arguments),
        Command::Check(command) => command.run(&arguments),
        Command::Plan(command) => command.run(&arguments).await,
        Command::Expand(command) => command.run(&arguments),
        Command::Completion(command) => command.run(),
    }
}
