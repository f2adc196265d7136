use std::io::{self, Write};

use gesta::{
    admin::{Because, SubscriptionAt},
    domain::{Position, Start},
    store::{ShardState, SubscriptionState},
    subscription::SubscriptionError,
};
use serde::Serialize;

use super::{Arguments, moment};
use crate::shared::{Answer, Confirm, Failure, Table};

/// Arguments of `gesta subscriptions`.
#[derive(Debug, clap::Args)]
pub struct Subscriptions {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Lists them: how far each has come, and who works on it
    #[command(after_help = "Example:\n  gesta subscriptions list --json")]
    List,
    /// Shows the shards of one
    #[command(after_help = "Example:\n  gesta subscriptions show statements")]
    Show {
        /// Its name
        name: String,
    },
    /// Pauses one in all processes
    #[command(
        after_help = "Example:\n  gesta subscriptions pause statements --reason \"the printer is on fire\""
    )]
    Pause(Change),
    /// Lets one go on
    #[command(after_help = "Example:\n  gesta subscriptions resume statements")]
    Resume(Change),
    /// Sets one to another place; its parked deliveries are forgotten
    #[command(after_help = "Example:\n  gesta subscriptions reset statements --to 2h")]
    Reset {
        #[command(flatten)]
        change: Change,
        /// Where to: `start`, `now`, a position, a time, or so long ago: 2h
        #[arg(long, value_name = "PLACE", value_parser = start)]
        to: Start,
    },
}

#[derive(Debug, clap::Args)]
struct Change {
    /// Its name
    name: String,
    #[command(flatten)]
    confirm: Confirm,
}

fn start(text: &str) -> Result<Start, String> {
    match text {
        "start" => Ok(Start::Beginning),
        "now" => Ok(Start::Now),
        _ => match text.parse() {
            Ok(position) => Ok(Start::After(Position::from_raw(position))),
            Err(_) => moment::time(text)
                .map(Start::At)
                .map_err(|error| format!("{error}; or `start`, `now`, or a position")),
        },
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Shard {
    shard: u16,
    position: u64,
    behind: u64,
    owner: Option<String>,
    leased_until: Option<String>,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    paused: bool,
    position: u64,
    behind: u64,
    workers: usize,
    shards: Vec<Shard>,
}

#[derive(Debug, Serialize)]
struct All {
    last_position: u64,
    subscriptions: Vec<Row>,
}

impl Row {
    fn new(state: &SubscriptionState, last: Position) -> Self {
        let at = SubscriptionAt::new(state, last);
        let shard = |shard: &ShardState| Shard {
            shard: shard.shard,
            position: shard.position.raw(),
            behind: last.raw().saturating_sub(shard.position.raw()),
            owner: shard.owner.map(|owner| owner.to_string()),
            leased_until: shard.leased_until.filter(|_| shard.owner.is_some()).map(|at| at.to_string()),
        };
        Self {
            name: at.name.to_string(),
            paused: at.paused,
            position: at.position.raw(),
            behind: at.behind,
            workers: workers(state),
            shards: state.shards.iter().map(shard).collect(),
        }
    }
}

/// How many work on it.
pub(super) fn workers(state: &SubscriptionState) -> usize {
    let mut owners: Vec<_> = state.shards.iter().filter_map(|shard| shard.owner).collect();
    owners.sort();
    owners.dedup();
    owners.len()
}

impl Answer for All {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.subscriptions.is_empty() {
            return writeln!(out, "no subscriptions");
        }
        let mut table =
            Table::new(["subscription", "position", "behind", "shards", "leased", "workers", "paused"]);
        for row in &self.subscriptions {
            table.row([
                row.name.clone(),
                row.position.to_string(),
                row.behind.to_string(),
                row.shards.len().to_string(),
                row.shards.iter().filter(|shard| shard.owner.is_some()).count().to_string(),
                row.workers.to_string(),
                if row.paused { "paused".to_owned() } else { String::new() },
            ]);
        }
        table.write(out)?;
        writeln!(out, "the log ends at position {}", self.last_position)
    }
}

impl Answer for Row {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut table = Table::new(["shard", "position", "behind", "worker", "leased until"]);
        for shard in &self.shards {
            table.row([
                shard.shard.to_string(),
                shard.position.to_string(),
                shard.behind.to_string(),
                shard.owner.clone().unwrap_or_else(|| "nobody".to_owned()),
                shard.leased_until.clone().unwrap_or_default(),
            ]);
        }
        table.write(out)?;
        if self.paused { writeln!(out, "it is paused") } else { Ok(()) }
    }
}

/// What was done.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    pub(super) subscription: String,
    pub(super) done: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) position: Option<u64>,
}

impl Answer for Done {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        match self.position {
            Some(position) => writeln!(out, "{} is {} to position {position}", self.subscription, self.done),
            None => writeln!(out, "{} is {}", self.subscription, self.done),
        }
    }
}

impl From<SubscriptionError> for Failure {
    fn from(error: SubscriptionError) -> Self {
        match error {
            SubscriptionError::Store(error) => error.into(),
            SubscriptionError::Unknown { name } => Self::NotFound(format!(
                "there is no subscription `{name}`; `gesta subscriptions` lists those there are"
            )),
            SubscriptionError::NotHere { name } => Self::Usage(format!(
                "`{name}` keeps documents, which are right only when they are made from the beginning: --to start"
            )),
            other => Self::other(&other),
        }
    }
}

/// Who does something, and why.
pub(super) fn because(confirm: &Confirm) -> Result<Because, Failure> {
    Ok(Because { actor: confirm.actor()?, reason: confirm.reason.clone().unwrap_or_default() })
}

impl Subscriptions {
    pub(super) async fn run(&self, all: &Arguments) -> Result<(), Failure> {
        let operations = all.open().await?;
        let done = |subscription: &str, done, position: Option<Position>| {
            let position = position.map(Position::raw);
            all.output().answer(&Done { subscription: subscription.to_owned(), done, position })
        };
        match &self.action {
            None | Some(Action::List) => {
                let found = operations.subscriptions().await?;
                let rows = found.states.iter().map(|state| Row::new(state, found.last)).collect();
                all.output().answer(&All { last_position: found.last.raw(), subscriptions: rows })?;
            }
            Some(Action::Show { name }) => {
                let state = operations.subscription(name).await?;
                let last = operations.store().port().last_position().await?;
                all.output().answer(&Row::new(&state, last))?;
            }
            Some(Action::Pause(Change { name, confirm })) => {
                operations.subscription(name).await?;
                let because = because(confirm)?;
                confirm.ask(&format!("`{name}` stops in all processes until it is resumed"))?;
                operations.pause(name, &because).await?;
                done(name, "paused", None)?;
            }
            Some(Action::Resume(Change { name, confirm })) => {
                operations.subscription(name).await?;
                let because = because(confirm)?;
                confirm.ask(&format!("`{name}` goes on"))?;
                operations.resume(name, &because).await?;
                done(name, "resumed", None)?;
            }
            Some(Action::Reset { change: Change { name, confirm }, to }) => {
                operations.subscription(name).await?;
                let because = because(confirm)?;
                confirm.ask(&format!(
                    "`{name}` is set to another place: events behind it are delivered again, those before it are \
                     not, and what is parked is forgotten"
                ))?;
                let position = operations.reset(name, *to, &because).await?;
                done(name, "reset", Some(position))?;
            }
        }
        Ok(())
    }
}
