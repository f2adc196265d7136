use std::{
    io::{self, Write},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use gesta::{
    admin::Operations,
    domain::Timestamp,
    store::{Append, Expected, NewEvent, Outcome, ReadStream, StreamId},
};
use serde::Serialize;

use super::Arguments;
use crate::shared::{Answer, Confirm, Failure, Progress, Table};

/// The category of the streams that it writes.
const CATEGORY: &str = "gesta-bench";

/// Arguments of `gesta bench`.
#[derive(Debug, clap::Args)]
pub struct Bench {
    /// How many events are appended
    #[arg(long, value_name = "EVENTS", default_value_t = 10_000)]
    events: u64,
    /// How many write at a time, each to a stream of its own
    #[arg(long, value_name = "WRITERS", default_value_t = 16)]
    writers: u64,
    /// How large a payload is
    #[arg(long, value_name = "BYTES", default_value_t = 200)]
    payload: usize,
    #[command(flatten)]
    confirm: Confirm,
}

/// How often something was done, and how long that took.
#[derive(Debug, Serialize)]
struct Row {
    what: &'static str,
    times: usize,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
}

#[derive(Debug, Serialize)]
struct Measured {
    rows: Vec<Row>,
    note: &'static str,
}

impl Answer for Measured {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut table = Table::new(["what", "times", "per second", "p50 ms", "p99 ms"]);
        for row in &self.rows {
            table.row([
                row.what.to_owned(),
                row.times.to_string(),
                format!("{:.0}", row.per_second),
                format!("{:.3}", row.p50_ms),
                format!("{:.3}", row.p99_ms),
            ]);
        }
        table.write(out)?;
        writeln!(out, "{}", self.note)
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are not so many")]
fn row(what: &'static str, mut took: Vec<Duration>, whole: Duration, each: usize) -> Row {
    took.sort();
    let at = |part: usize| took.get(took.len() * part / 100).or(took.last()).copied().unwrap_or_default();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
    Row {
        what,
        times: took.len() * each,
        per_second: (took.len() * each) as f64 / whole.as_secs_f64().max(f64::EPSILON),
        p50_ms: milliseconds(at(50)),
        p99_ms: milliseconds(at(99)),
    }
}

impl Bench {
    pub(super) async fn run(&self, all: &Arguments) -> Result<(), Failure> {
        let operations = all.open().await?;
        let actor = self.confirm.actor()?;
        self.confirm.ask(&format!(
            "{} events are appended to streams of the category `{CATEGORY}`, where they stay for ever, and whoever \
             follows the whole log gets them",
            self.events
        ))?;
        let streams = self.streams();
        let mut rows = vec![self.appends(&operations, &streams, &actor).await?];
        rows.push(reads(&operations, &streams).await?);
        rows.push(log(&operations).await?);
        rows.extend(flushes(all)?);
        let note = match rows.iter().any(|row| row.what.starts_with("flush")) {
            true => "a flush is what the disk takes to keep a page; appends that wait together share one",
            false => "the disk of a database elsewhere cannot be asked from here",
        };
        Ok(all.output().answer(&Measured { rows, note })?)
    }

    /// One for each writer, of this run.
    fn streams(&self) -> Vec<StreamId> {
        let run = Timestamp::from(SystemTime::now()).as_micros();
        (0..self.writers.max(1)).map(|writer| StreamId::new(CATEGORY, &format!("{run}-{writer}"))).collect()
    }

    async fn appends(
        &self,
        operations: &Operations,
        streams: &[StreamId],
        actor: &str,
    ) -> Result<Row, Failure> {
        let bar = Progress::of(self.events, "appending");
        let payload: Arc<[u8]> =
            format!("\"{}\"", "x".repeat(self.payload.saturating_sub(2))).into_bytes().into();
        let each = self.events / streams.len() as u64;
        let begin = Instant::now();
        let writers = streams.iter().map(|stream| {
            let (operations, stream, payload, bar) =
                (operations.clone(), stream.clone(), payload.clone(), bar.clone());
            let actor = actor.to_owned();
            tokio::spawn(async move {
                let mut took = Vec::new();
                for version in 0..each {
                    let event =
                        NewEvent { name: "gesta-bench.happened", version: 1, payload: payload.to_vec() };
                    let mut append = Append::new(stream.clone(), Expected::Version(version), vec![event]);
                    append.meta.actor = Some(actor.clone());
                    let begin = Instant::now();
                    let outcomes = operations.store().port().append(&[append]).await?;
                    took.push(begin.elapsed());
                    if !matches!(outcomes[..], [Outcome::Appended(_)]) {
                        return Err(Failure::Other(format!("{stream} was written to by somebody else")));
                    }
                    bar.more();
                }
                Ok(took)
            })
        });
        let mut took = Vec::new();
        for writer in writers.collect::<Vec<_>>() {
            let done = writer.await.map_err(|error| Failure::other(&error))?;
            took.extend(done?);
        }
        bar.end();
        Ok(row("append of one event", took, begin.elapsed(), 1))
    }
}

/// Each stream from its first event to its last.
async fn reads(operations: &Operations, streams: &[StreamId]) -> Result<Row, Failure> {
    let (mut took, begin) = (Vec::new(), Instant::now());
    for stream in streams {
        let begin = Instant::now();
        let mut visit = |_: gesta::store::Item<'_>| std::ops::ControlFlow::Continue(());
        operations.store().port().read_stream(&ReadStream::all(stream.clone()), &mut visit).await?;
        took.push(begin.elapsed());
    }
    Ok(row("read of a whole stream", took, begin.elapsed(), 1))
}

/// The log from its beginning, a thousand events at a time, for some seconds.
async fn log(operations: &Operations) -> Result<Row, Failure> {
    const PAGE: usize = 1_000;
    const LONGEST: Duration = Duration::from_secs(5);
    let (mut took, mut log, begin) = (Vec::new(), operations.log(), Instant::now());
    while begin.elapsed() < LONGEST {
        let begin = Instant::now();
        let page = log.page(PAGE).await?;
        if page.events.len() < PAGE {
            break;
        }
        took.push(begin.elapsed());
        log = log.after(page.next);
    }
    Ok(row("events of the log, read by the thousand", took, begin.elapsed(), PAGE))
}

/// What the disk takes, where the store is a file.
fn flushes(all: &Arguments) -> Result<Option<Row>, Failure> {
    let address = all.address()?;
    let Some(path) = address.strip_prefix("sqlite:") else { return Ok(None) };
    let path = path.strip_prefix("//").unwrap_or(path);
    let file = format!("{path}.bench-{}", std::process::id());
    let flushed = (|| {
        let mut disk = std::fs::File::options().write(true).create_new(true).open(&file)?;
        let (mut took, begin) = (Vec::new(), Instant::now());
        for _ in 0..200 {
            let begin = Instant::now();
            disk.write_all(&[0; 4_096])?;
            disk.sync_data()?;
            took.push(begin.elapsed());
        }
        Ok::<_, io::Error>(row("flush of a page to the disk", took, begin.elapsed(), 1))
    })();
    // Made by this call a moment ago.
    let _ = std::fs::remove_file(&file);
    Ok(Some(flushed.map_err(|error| Failure::Other(format!("{file} cannot be written: {error}")))?))
}
