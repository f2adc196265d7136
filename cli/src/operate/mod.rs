//! `gesta`: operates a store. One file per command.

mod bench;
mod completion;
mod event;
mod filter;
mod letters;
mod log;
mod migrate;
mod moment;
mod projections;
mod sagas;
mod state;
mod stats;
mod stream;
mod streams;
mod subscriptions;
mod transfer;
mod verify;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use gesta::admin::Operations;

use crate::shared::{Failure, Output, run, tell};

/// Operates a gesta event store.
///
/// Ends with 0 when it did what was asked; 1 when a check found something; 2 when the call makes no sense; 3 when what
/// was asked for is not there; 4 when the store cannot be reached; 5 when nobody agreed to a change; 6 otherwise; 130 when
/// it was ended by Ctrl-C. With --json a failure is a line of JSON on the error output.
#[derive(Debug, Parser)]
#[command(name = "gesta", version)]
pub struct Arguments {
    /// The store: `sqlite:bank.db` or `postgres://..`; the variable GESTA_STORE unless given
    #[arg(long, global = true, value_name = "URL")]
    pub store: Option<String>,
    /// Answers in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// How long the store may be silent, in seconds
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 30)]
    pub timeout: u64,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lists streams: how many events each has, and when it has changed last
    #[command(after_help = "Examples:\n  gesta streams --category account --id a-1")]
    Streams(streams::Streams),
    /// Shows the events of a stream
    #[command(after_help = "Examples:\n  gesta stream account/ann --last 20")]
    Stream(stream::Stream),
    /// Shows the state of an aggregate, now or as it was; needs the code of the domain, in this folder
    #[command(after_help = "Examples:\n  gesta state account/ann --at 7")]
    State(state::State),
    /// Shows the log: the events of all streams in the order in which they were stored
    #[command(
        after_help = "Examples:\n  gesta log --last 50\n  gesta log --follow --filter event=account.* --filter since=2h"
    )]
    Log(log::Log),
    /// Projections: how far each has come, and making one anew
    #[command(
        after_help = "Examples:\n  gesta projections\n  gesta projections rebuild balance --reason \"a handler was wrong\""
    )]
    Projections(projections::Projections),
    /// Subscriptions: how far each has come, who works on it, pausing it, setting it to another place
    #[command(
        after_help = "Examples:\n  gesta subscriptions\n  gesta subscriptions reset statements --to 2h"
    )]
    Subscriptions(subscriptions::Subscriptions),
    /// Sagas: what their instances are at, what has happened to them, and decisions about those that are parked
    #[command(
        after_help = "Examples:\n  gesta sagas --state parked --idle 1h\n  gesta sagas timeline transfer/t-1\n  gesta sagas retry transfer/t-1 transfer/t-2 --reason \"the line works again\""
    )]
    Sagas(sagas::Sagas),
    /// Dead letters: events that handlers could not handle, and decisions about them
    #[command(
        after_help = "Examples:\n  gesta dead-letters --handler statements\n  gesta dead-letters show --handler statements --position 17\n  gesta dead-letters retry --handler statements --reason \"the printer works again\""
    )]
    DeadLetters(letters::Letters),
    /// Looks over everything that is kept, and says what is wrong, what it means, and what to do
    #[command(
        after_help = "Examples:\n  gesta verify\n  gesta verify --decode --package bank\n  gesta verify --repair --backup before.ndjson"
    )]
    Verify(verify::Verify),
    /// Counts what there is
    #[command(after_help = "Examples:\n  gesta stats --json")]
    Stats(stats::Stats),
    /// Copies a store into a new one, every event in its newest version
    #[command(
        after_help = "Examples:\n  gesta migrate-events --from sqlite:old.db --to sqlite:new.db --package bank"
    )]
    MigrateEvents(migrate::MigrateEvents),
    /// Writes all events to a file, one per line as JSON
    #[command(
        after_help = "Examples:\n  gesta export bank.ndjson\n  gesta export --filter aggregate=account | gzip > accounts.gz"
    )]
    Export(transfer::Export),
    /// Stores what was exported; goes on where it was ended before
    #[command(
        after_help = "Examples:\n  gesta --store sqlite:copy.db import bank.ndjson --create\n  gesta import --check bank.ndjson"
    )]
    Import(transfer::Import),
    /// Measures appends and reads, in streams of their own
    #[command(after_help = "Examples:\n  gesta --store sqlite:try.db bench --events 100000 --writers 8")]
    Bench(bench::Bench),
    /// Writes the completion for a shell
    #[command(after_help = "Examples:\n  gesta completion bash > /etc/bash_completion.d/gesta")]
    Completion(completion::Completion),
}

impl Arguments {
    /// How it answers.
    pub fn output(&self) -> Output {
        if self.json { Output::Json } else { Output::Human }
    }

    /// The store, which must be there.
    ///
    /// # Errors
    /// [`Failure::Usage`] when nobody says where it is, [`Failure::NotFound`] when it is not there,
    /// [`Failure::Unavailable`] when it cannot be reached.
    pub async fn open(&self) -> Result<Operations, Failure> {
        Ok(Operations::open(&self.address()?, Some(Duration::from_secs(self.timeout.max(1)))).await?)
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
    match Arguments::try_parse() {
        Ok(arguments) => run("gesta", arguments.output(), execute(arguments)),
        Err(error) if error.use_stderr() && std::env::args().any(|argument| argument == "--json") => {
            tell("gesta", Output::Json, &Failure::Usage(error.render().to_string().trim_end().to_owned()))
        }
        Err(error) => error.exit(),
    }
}

async fn execute(arguments: Arguments) -> Result<(), Failure> {
    let all = &arguments;
    match &all.command {
        Command::Streams(command) => command.run(all).await,
        Command::Stream(command) => command.run(all).await,
        Command::State(command) => command.run(all).await,
        Command::Log(command) => command.run(all).await,
        Command::Projections(command) => command.run(all).await,
        Command::Subscriptions(command) => command.run(all).await,
        Command::Sagas(command) => command.run(all).await,
        Command::DeadLetters(command) => command.run(all).await,
        Command::Stats(command) => command.run(all).await,
        Command::MigrateEvents(command) => command.run(all),
        Command::Verify(command) => command.run(all).await,
        Command::Export(command) => command.run(all).await,
        Command::Import(command) => command.run(all).await,
        Command::Bench(command) => command.run(all).await,
        Command::Completion(command) => command.run(),
    }
}
