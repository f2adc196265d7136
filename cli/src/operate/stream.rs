use std::io::{self, Write};

use serde::Serialize;

use super::{Arguments, event::Event, filter};
use crate::shared::{Answer, Failure, Table, shown};

/// Arguments of `gesta stream`.
#[derive(Debug, clap::Args)]
pub struct Stream {
    /// Its category and id: account/ann
    #[arg(value_name = "STREAM")]
    name: String,
    /// Only events after this version
    #[arg(long, value_name = "VERSION", default_value_t = 0)]
    after: u64,
    /// Only the last so many events
    #[arg(long, value_name = "EVENTS", conflicts_with = "after")]
    last: Option<u64>,
    /// At most so many events
    #[arg(long, short = 'n', value_name = "EVENTS")]
    limit: Option<u64>,
}

/// So many events are read at a time.
const PAGE: u64 = 500;

/// Some events of a stream.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Page(Vec<Event>);

impl Answer for Page {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut table = Table::new(["version", "position", "recorded", "event", "schema", "payload"]);
        for event in &self.0 {
            table.row([
                event.version.to_string(),
                event.position.to_string(),
                event.recorded_at.clone(),
                event.name.clone(),
                event.schema.to_string(),
                event.content(),
            ]);
        }
        table.write(out)
    }
}

impl Stream {
    pub(super) async fn run(&self, all: &Arguments) -> Result<(), Failure> {
        let stream = filter::stream(&self.name)?;
        let operations = all.open().await?;
        let Some(version) = operations.stream(&stream).await?.map(|state| state.version) else {
            return Err(filter::no_stream(&self.name));
        };
        let (mut after, mut left) = (self.after, self.limit.unwrap_or(u64::MAX));
        if let Some(last) = self.last {
            after = version.saturating_sub(last);
        }
        let (begin, mut seen) = (after, false);
        while left > 0 {
            let events = operations.events(&stream, after, left.min(PAGE)).await?;
            let Some(last) = events.last() else { break };
            (after, left, seen) = (last.version, left - events.len() as u64, true);
            let page = Page(events.iter().map(Event::from).collect());
            let full = page.0.len() as u64 == PAGE;
            if !show(all, page)? || !full {
                return Ok(());
            }
        }
        if !seen && begin < version && left > 0 {
            return Err(Failure::Other(format!(
                "{} is at version {version}, and its events are not found; `gesta verify` says what is wrong",
                self.name
            )));
        }
        if !seen && !all.json {
            all.output().answer(&Nothing { stream: &self.name, begin, version })?;
        }
        Ok(())
    }
}

/// That there is nothing to show of a stream.
#[derive(Debug, Serialize)]
struct Nothing<'n> {
    stream: &'n str,
    begin: u64,
    version: u64,
}

impl Answer for Nothing<'_> {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { stream, begin, version } = self;
        writeln!(out, "nothing after version {begin}: {} is at version {version}", shown(stream))
    }
}

/// A table for people, and a line for each event for programs. Whether anybody still reads.
fn show(all: &Arguments, page: Page) -> Result<bool, Failure> {
    if !all.json {
        return Ok(all.output().one_of_many(&page)?);
    }
    Ok(all.output().some_of_many(&page.0)?)
}
