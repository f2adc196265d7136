use std::io::{self, Write};

use gesta::store::{StreamFilter, StreamState};
use serde::Serialize;

use super::{Arguments, moment};
use crate::shared::{Answer, Failure, Table};

/// Arguments of `gesta streams`.
#[derive(Debug, clap::Args)]
pub struct Streams {
    /// Only those of this category
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// Only those whose id begins like this
    #[arg(long, value_name = "PREFIX")]
    id: Option<String>,
    /// At most so many
    #[arg(long, short = 'n', value_name = "STREAMS", default_value_t = 50)]
    limit: usize,
    /// Goes on behind a page: what stands in its `next`
    #[arg(long, value_name = "KEY")]
    after: Option<uuid::Uuid>,
}

#[derive(Debug, Serialize)]
struct Row {
    stream: String,
    version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<String>,
}

/// A page of streams.
#[derive(Debug, Serialize)]
struct Page {
    streams: Vec<Row>,
    next: Option<uuid::Uuid>,
}

impl From<StreamState> for Row {
    fn from(state: StreamState) -> Self {
        Self {
            stream: format!("{}/{}", state.stream.category(), state.stream.id()),
            version: state.version,
            position: state.last.map(|(position, _)| position.raw()),
            changed_at: state.last.map(|(_, at)| at.to_string()),
        }
    }
}

impl Answer for Page {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.streams.is_empty() {
            return writeln!(out, "no streams");
        }
        let mut table = Table::new(["stream", "version", "changed"]);
        let missing = || "its last event is missing: see `gesta verify`".to_owned();
        for row in &self.streams {
            let changed =
                row.changed_at.clone().map_or_else(missing, |at| at.parse().map_or(at, moment::short));
            table.row([row.stream.clone(), row.version.to_string(), changed]);
        }
        table.write(out)?;
        match self.next {
            Some(next) => writeln!(out, "there are more: --after {next}"),
            None => Ok(()),
        }
    }
}

impl Streams {
    pub(super) async fn run(&self, all: &Arguments) -> Result<(), Failure> {
        let operations = all.open().await?;
        let filter = StreamFilter { category: self.category.clone(), id_prefix: self.id.clone() };
        let list = operations.streams(&filter, self.after, self.limit).await?;
        let mut page = Page { streams: list.streams.into_iter().map(Row::from).collect(), next: list.next };
        // Within a page people find them by their names.
        page.streams.sort_by(|a, b| a.stream.cmp(&b.stream));
        Ok(all.output().answer(&page)?)
    }
}
