use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use gesta::admin::StoreStatistics;
use serde::Serialize;

use super::{Arguments, moment};
use crate::shared::{Answer, Failure, Progress, Table};

/// Arguments of `gesta stats`.
#[derive(Debug, clap::Args)]
pub struct Stats {}

#[derive(Debug, Serialize)]
struct Type {
    name: String,
    schema: u16,
    events: u64,
    bytes: u64,
    first_at: String,
    last_at: String,
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
    types: Vec<Type>,
    bytes: BTreeMap<String, u64>,
    subscriptions: Vec<Subscription>,
    sagas: Vec<Count>,
    dead_letters: Vec<Count>,
}

impl From<StoreStatistics> for Counted {
    fn from(statistics: StoreStatistics) -> Self {
        let recorded = statistics.recorded();
        let types = statistics.types.iter().map(|tally| Type {
            name: tally.name.clone(),
            schema: tally.version,
            events: tally.events,
            bytes: tally.bytes,
            first_at: tally.recorded.0.to_string(),
            last_at: tally.recorded.1.to_string(),
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
            let last = of.last_at.parse().map_or(of.last_at.clone(), moment::short);
            let cells =
                [of.name.clone(), of.schema.to_string(), of.events.to_string(), of.bytes.to_string(), last];
            table.row(cells);
        }
        section(out, &table, self.types.is_empty())?;
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
        let mut bar: Option<Progress> = None;
        let counted = operations.statistics(|at, last| {
            bar.get_or_insert_with(|| Progress::of(last.raw(), "counting events")).at(at.raw());
        });
        let counted = counted.await;
        if let Some(bar) = bar {
            bar.end();
        }
        Ok(all.output().answer(&Counted::from(counted?))?)
    }
}
