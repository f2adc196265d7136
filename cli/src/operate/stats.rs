use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use gesta::admin::StoreStatistics;
use serde::Serialize;

use super::{Arguments, moment};
use crate::shared::{Answer, Failure, Stages, Table};

/// Arguments of `gesta stats`.
#[derive(Debug, clap::Args)]
pub struct Stats {
    /// Counts every event by its type, which reads the whole log; without it a large log is estimated from a part of it
    #[arg(long)]
    exact: bool,
}

/// Up to so many events are counted one by one; of more, so many are looked at.
const SAMPLE: u64 = 20_000;

#[derive(Debug, Serialize)]
struct Type {
    name: String,
    schema: u16,
    events: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct Subscription {
    name: String,
    paused: bool,
    position: u64,
    behind: u64,
}

#[derive(Debug, Serialize)]
struct Count {
    name: String,
    state: &'static str,
    count: u64,
}

/// What there is.
#[derive(Debug, Serialize)]
struct Counted {
    events: u64,
    last_position: u64,
    first_at: Option<String>,
    last_at: Option<String>,
    streams: BTreeMap<String, u64>,
    /// From how many events `types` is estimated; missing where all were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_from: Option<u64>,
    types: Vec<Type>,
    bytes: BTreeMap<String, u64>,
    subscriptions: Vec<Subscription>,
    sagas: Vec<Count>,
    dead_letters: Vec<Count>,
}

impl From<StoreStatistics> for Counted {
    fn from(statistics: StoreStatistics) -> Self {
        let recorded = statistics.recorded();
        // Of a sample nobody knows when the first and the last of all were recorded.
        let counted = statistics.sampled.is_none();
        let types = statistics.types.iter().map(|tally| Type {
            name: tally.name.clone(),
            schema: tally.version,
            events: tally.events,
            bytes: tally.bytes,
            first_at: counted.then(|| tally.recorded.0.to_string()),
            last_at: counted.then(|| tally.recorded.1.to_string()),
        });
        let subscriptions = statistics.subscriptions.iter().map(|at| Subscription {
            name: at.name.to_string(),
            paused: at.paused,
            position: at.position.raw(),
            behind: at.behind,
        });
        let sagas = statistics.sagas.iter().map(|of| Count {
            name: of.saga.to_string(),
            state: of.status.name(),
            count: of.instances,
        });
        let letters = statistics.dead_letters.iter().map(|of| Count {
            name: of.handler.to_string(),
            state: super::letters::state_name(of.state),
            count: of.deliveries,
        });
        Self {
            events: statistics.events(),
            last_position: statistics.last_position.raw(),
            first_at: recorded.map(|(first, _)| first.to_string()),
            last_at: recorded.map(|(_, last)| last.to_string()),
            estimated_from: statistics.sampled,
            types: types.collect(),
            subscriptions: subscriptions.collect(),
            sagas: sagas.collect(),
            dead_letters: letters.collect(),
            streams: statistics.streams.iter().map(|of| (of.category.clone(), of.streams)).collect(),
            bytes: statistics.sizes.iter().map(|size| (size.what.clone(), size.bytes)).collect(),
        }
    }
}

impl Answer for Counted {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let streams: u64 = self.streams.values().sum();
        writeln!(out, "{} events in {streams} streams, up to position {}", self.events, self.last_position)?;
        if let (Some(first), Some(last)) = (&self.first_at, &self.last_at) {
            writeln!(out, "recorded from {first} to {last}")?;
        }
        let mut table = Table::new(["event", "schema", "events", "bytes", "last"]);
        for of in &self.types {
            let last = of.last_at.as_ref();
            let last = last.map_or_else(|| "-".to_owned(), |at| at.parse().map_or(at.clone(), moment::short));
            let cells =
                [of.name.clone(), of.schema.to_string(), of.events.to_string(), of.bytes.to_string(), last];
            table.row(cells);
        }
        section(out, &table, self.types.is_empty())?;
        if let Some(some) = self.estimated_from {
            writeln!(
                out,
                "estimated from {some} events all over the log: a rare type may be missing; --exact counts all"
            )?;
        }
        let mut table = Table::new(["category", "streams"]);
        self.streams
            .iter()
            .for_each(|(category, streams)| table.row([category.clone(), streams.to_string()]));
        section(out, &table, self.streams.is_empty())?;
        let mut table = Table::new(["size of", "bytes", "which is"]);
        for (what, bytes) in &self.bytes {
            table.row([what.clone(), bytes.to_string(), moment::bytes(*bytes)]);
        }
        section(out, &table, self.bytes.is_empty())?;
        let mut table = Table::new(["subscription", "position", "behind", "paused"]);
        for at in &self.subscriptions {
            let paused = if at.paused { "paused" } else { "" };
            table.row([at.name.clone(), at.position.to_string(), at.behind.to_string(), paused.into()]);
        }
        section(out, &table, self.subscriptions.is_empty())?;
        for (what, counts) in [("saga", &self.sagas), ("handler", &self.dead_letters)] {
            let mut table = Table::new([what, "state", "count"]);
            for of in counts {
                table.row([of.name.clone(), of.state.to_owned(), of.count.to_string()]);
            }
            section(out, &table, counts.is_empty())?;
        }
        Ok(())
    }
}

fn section(out: &mut dyn Write, table: &Table, empty: bool) -> io::Result<()> {
    if empty {
        return Ok(());
    }
    writeln!(out)?;
    table.write(out)
}

impl Stats {
    pub(super) async fn run(&self, all: &Arguments) -> Result<(), Failure> {
        let operations = all.open().await?;
        let counted = if self.exact {
            let stages = Stages::new();
            let counted = operations.statistics(|done, of| stages.at("counting events", done, of)).await;
            stages.end();
            counted
        } else {
            operations.estimate(SAMPLE).await
        };
        Ok(all.output().answer(&Counted::from(counted?))?)
    }
}
