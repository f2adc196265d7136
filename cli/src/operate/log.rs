use std::{
    io::{self, Write},
    ops::ControlFlow,
    time::Duration,
};

use gesta::{
    admin::Operations,
    domain::Position,
    log::{Filter, LogEntry},
    store::{Item, LogEventRef, ReadLog, ReadStream, StoreError, StreamId},
};
use serde::Serialize;

use super::{
    Arguments,
    event::Event,
    filter::{self, Given},
};
use crate::shared::{Answer, Failure, Stages};

/// Arguments of `gesta log`.
#[derive(Debug, clap::Args)]
pub struct Log {
    /// Which events, WHAT=VALUE: event, regex, aggregate, id, stream, since, until, actor, tenant, correlation,
    /// causation, meta.NAME, path; see --help
    #[arg(long, short, value_name = "WHAT=VALUE", value_parser = Given::parse, long_help = filter::HELP)]
    filter: Vec<Given>,
    /// Only events behind this position
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    after: u64,
    /// Only the last so many events of the log, of which those are shown that pass the filters
    #[arg(long, value_name = "EVENTS", conflicts_with = "after")]
    last: Option<u64>,
    /// At most so many events
    #[arg(long, short = 'n', value_name = "EVENTS")]
    limit: Option<usize>,
    /// Goes on with what is appended, until it is ended
    #[arg(long)]
    follow: bool,
}

/// So many events are shown at a time, and so many are looked at.
const PAGE: usize = 1_000;
const CHUNK: u64 = 4_000;

/// So many events are looked at before anybody asks how many there are.
const WORTH: u64 = 40_000;

/// How long nothing need be heard until the log is looked at again, where others cannot tell of what they append.
const PAUSE: Duration = Duration::from_millis(250);
const LONG_PAUSE: Duration = Duration::from_secs(2);

impl Log {
    pub(super) async fn run(&self, all: &Arguments) -> Result<(), Failure> {
        let filter = filter::filter(&self.filter)?;
        let operations = all.open().await?;
        // Listened to before anything is read, so that nothing that comes meanwhile is missed.
        let mut more = operations.store().port().read_side().map(gesta::store::ReadSide::signals);
        let mut source = self.source(&operations).await?;
        let mut left = self.limit.unwrap_or(usize::MAX);
        // With a filter much may be read until something is found, so it is told how far that has come.
        let stages = (!self.filter.is_empty()).then(Stages::new);
        let (mut total, mut looked_at, mut seen) = (0, 0, false);
        while left > 0 {
            let some = source.next(&operations, &filter, left.min(PAGE)).await?;
            let events: Vec<Event> = some.passing.iter().map(Event::from).collect();
            let show = || all.output().some_of_many(&events);
            if !stages.as_ref().map_or_else(show, |stages| stages.aside(show))? {
                return Ok(());
            }
            (seen, left) = (seen || !events.is_empty(), left - events.len().min(left));
            if some.looked_at > 0 {
                // How much there is is asked for where it is worth it.
                if looked_at < WORTH && looked_at + some.looked_at >= WORTH {
                    total = operations.total_events().await?;
                }
                looked_at += some.looked_at;
                stages.iter().for_each(|stages| stages.at("looking for events", looked_at, total));
            } else if self.follow {
                stages.iter().for_each(Stages::end);
                wait(&operations, &mut more).await;
            } else {
                break;
            }
        }
        stages.iter().for_each(Stages::end);
        if !seen && !all.json && left > 0 {
            all.output().answer(&Nothing {})?;
        }
        Ok(())
    }

    async fn source(&self, operations: &Operations) -> Result<Source, Failure> {
        let after = match self.last {
            Some(last) => operations.place_of_last(last).await?,
            None => Position::from_raw(self.after),
        };
        // A stream is read by itself where it is the only one, which is much less than the log.
        let only = if self.follow { None } else { filter::only_stream(&self.filter)? };
        Ok(Source { only, after, version: 0 })
    }
}

/// Where events come from: the log, or the one stream whose events alone can pass.
struct Source {
    only: Option<StreamId>,
    after: Position,
    version: u64,
}

/// Some of the events, and how many were looked at to find them: none at the end.
#[derive(Default)]
struct Found {
    passing: Vec<LogEntry>,
    looked_at: u64,
}

impl Found {
    fn look(&mut self, event: LogEventRef<'_>, passes: bool, most: usize) -> ControlFlow<()> {
        self.looked_at += 1;
        if passes {
            self.passing.push(LogEntry::from(event));
        }
        if self.passing.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

impl Source {
    async fn next(
        &mut self,
        operations: &Operations,
        filter: &Filter,
        most: usize,
    ) -> Result<Found, StoreError> {
        let (port, mut some) = (operations.store().port(), Found::default());
        let Some(stream) = &self.only else {
            let read = ReadLog { after: self.after, limit: CHUNK };
            let mut visit = |event: LogEventRef<'_>| some.look(event, filter.matches(event), most);
            self.after = port.read_log(&read, &mut visit).await?;
            return Ok(some);
        };
        let read = ReadStream { after: self.version, limit: Some(CHUNK), ..ReadStream::all(stream.clone()) };
        let mut visit = |item: Item<'_>| {
            let Item::Event(event) = item else { return ControlFlow::Continue(()) };
            self.version = event.version;
            let event = LogEventRef { stream, event };
            some.look(event, event.event.position > self.after && filter.matches(event), most)
        };
        port.read_stream(&read, &mut visit).await?;
        Ok(some)
    }
}

/// That there is nothing to show.
#[derive(Debug, Serialize)]
struct Nothing {}

impl Answer for Nothing {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "no such events")
    }
}

/// Until something may have been appended.
async fn wait(operations: &Operations, more: &mut Option<tokio::sync::watch::Receiver<u64>>) {
    let hears = operations.store().port().read_side().is_some_and(gesta::store::ReadSide::hears_others);
    let pause = tokio::time::sleep(if hears { LONG_PAUSE } else { PAUSE });
    match more {
        // Heard or not, the log is looked at.
        Some(more) => {
            drop(tokio::time::timeout(pause.deadline() - tokio::time::Instant::now(), more.changed()).await)
        }
        None => pause.await,
    }
}
