use std::io::{self, Write};

use serde::Serialize;

use super::{Arguments, event::Event, filter};
use crate::shared::{Answer, Failure, Table};

/// Arguments of `gesta stream`.
#[derive(Debug, clap::Args)]
pub struct Stream {
    /// Its category and id: account/ann
    #[arg(value_name = "STREAM")]
    name: String,
    /// Only events after this version
    #[arg(long, value_name = "VERSION", default_value_t = 0)]
    after: u64,
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
        let (mut after, mut left) = (self.after, self.limit.unwrap_or(u64::MAX));
        loop {
            let events = operations.events(&stream, after, left.min(PAGE)).await?;
            let Some(last) = events.last() else { break };
            (after, left) = (last.version, left - events.len() as u64);
            let page = Page(events.iter().map(Event::from).collect());
            let full = page.0.len() as u64 == PAGE;
            if !show(all, page)? || !full || left == 0 {
                return Ok(());
            }
        }
        if after == 0 {
            return Err(Failure::NotFound(format!(
                "there is no stream {}; `gesta streams` lists those there are",
                self.name
            )));
        }
        Ok(())
    }
}

/// A table for people, and a line for each event for programs. Whether anybody still reads.
fn show(all: &Arguments, page: Page) -> Result<bool, Failure> {
    if !all.json {
        return Ok(all.output().one_of_many(&page)?);
    }
    for event in page.0 {
        if !all.output().one_of_many(&event)? {
            return Ok(false);
        }
    }
    Ok(true)
}
