use std::{
    io::{self, Write},
    time::{Duration, Instant},
};

use gesta::{
    admin::{GenerationReport, Operations},
    domain::{Position, Start},
    store::{GenerationState, StoreError},
};
use serde::Serialize;

use super::{
    Arguments, moment,
    subscriptions::{Done, because, workers},
};
use crate::shared::{Answer, Confirm, Failure, Progress, Table};

/// Arguments of `gesta projections`.
#[derive(Debug, clap::Args)]
pub struct Projections {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Lists them: their generations, how far each has come, and how fast it is
    #[command(after_help = "Example:\n  gesta projections list --json")]
    List,
    /// Removes the documents of one and lets them be made anew, from the first event; shows how far that has come
    #[command(after_help = "Example:\n  gesta projections rebuild balance --reason \"a handler was wrong\"")]
    Rebuild(Rebuild),
    /// Removes a generation that is not live
    #[command(after_help = "Example:\n  gesta projections drop balance@1")]
    Drop {
        /// The generation: balance@1
        name: String,
        #[command(flatten)]
        confirm: Confirm,
    },
}

#[derive(Debug, clap::Args)]
struct Rebuild {
    /// Its name; with a version one of its generations: balance@2
    name: String,
    /// Does not wait until it is done
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    confirm: Confirm,
}

#[derive(Debug, Serialize)]
struct Row {
    projection: String,
    version: u32,
    state: &'static str,
    declared_at: String,
    paused: bool,
    position: u64,
    behind: u64,
    workers: usize,
    /// Positions in a second.
    rate: Option<f64>,
    /// Seconds to the end of the log at that rate.
    remaining: Option<f64>,
}

#[derive(Debug, Serialize)]
struct All {
    projections: Vec<Row>,
}

/// How long it is looked at how fast they are.
const WINDOW: Duration = Duration::from_millis(500);

fn state_name(state: GenerationState) -> &'static str {
    match state {
        GenerationState::Building => "building",
        GenerationState::Live => "live",
        GenerationState::Superseded => "superseded",
    }
}

#[expect(clippy::cast_precision_loss, reason = "positions are at most 2^53 - 1")]
fn number(positions: u64) -> f64 {
    positions as f64
}

impl Row {
    fn new(report: &GenerationReport, rate: Option<f64>) -> Self {
        let position = report.subscription.position();
        let behind = report.last.raw().saturating_sub(position.raw());
        Self {
            projection: report.projection.clone(),
            version: report.generation.version,
            state: state_name(report.generation.state),
            declared_at: report.generation.declared_at.to_string(),
            paused: report.subscription.paused,
            position: position.raw(),
            behind,
            workers: workers(&report.subscription),
            rate,
            remaining: rate.filter(|rate| *rate > 0.0).map(|rate| number(behind) / rate),
        }
    }
}

impl Answer for All {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.projections.is_empty() {
            return writeln!(out, "no projections");
        }
        let titles = [
            "projection",
            "version",
            "state",
            "position",
            "behind",
            "per second",
            "left",
            "workers",
            "declared",
        ];
        let mut table = Table::new(titles);
        for row in &self.projections {
            let left = match row.remaining {
                Some(seconds) => format!("{seconds:.0} s"),
                None if row.behind > 0 && row.paused => "paused".to_owned(),
                None if row.behind > 0 => "stands still".to_owned(),
                None => String::new(),
            };
            table.row([
                row.projection.clone(),
                row.version.to_string(),
                row.state.to_owned(),
                row.position.to_string(),
                row.behind.to_string(),
                row.rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.0}")),
                left,
                row.workers.to_string(),
                row.declared_at.parse().map_or(row.declared_at.clone(), moment::short),
            ]);
        }
        table.write(out)
    }
}

/// They are looked at twice where one is behind: that is how fast they are.
async fn list(operations: &Operations) -> Result<All, StoreError> {
    let first = operations.projections().await?;
    if first.iter().all(|report| report.subscription.position() >= report.last) {
        return Ok(All { projections: first.iter().map(|report| Row::new(report, None)).collect() });
    }
    let begin = Instant::now();
    tokio::time::sleep(WINDOW).await;
    let second = operations.projections().await?;
    let seconds = begin.elapsed().as_secs_f64();
    let row = |report: &GenerationReport| {
        let before = first.iter().find(|before| before.name() == report.name())?;
        let (from, to) = (before.subscription.position().raw(), report.subscription.position().raw());
        Some(Row::new(report, to.checked_sub(from).map(|done| number(done) / seconds)))
    };
    Ok(All { projections: second.iter().filter_map(row).collect() })
}

/// The generation that is meant: the live one, or the one that is named.
async fn find(operations: &Operations, name: &str) -> Result<GenerationReport, Failure> {
    let reports = operations.projections().await?;
    let found = reports
        .into_iter()
        .find(|report| *report.name() == *name || (report.is_live() && report.projection == name));
    found.ok_or_else(|| {
        Failure::NotFound(format!(
            "there is no projection `{name}`; `gesta projections` lists those there are"
        ))
    })
}

impl Rebuild {
    async fn run(&self, all: &Arguments, operations: &Operations) -> Result<(), Failure> {
        let report = find(operations, &self.name).await?;
        let (name, because) = (report.name(), because(&self.confirm)?);
        self.confirm.ask(&format!(
            "the documents of `{name}` are removed and made anew; queries see them as they come"
        ))?;
        let until = operations.store().port().last_position().await?;
        operations.reset(&name, Start::Beginning, &because).await?;
        let done = match self.no_wait {
            true => "set back: it is rebuilt by the processes that run it",
            false if wait(operations, &name, until).await? => "rebuilt",
            false => "set back, but nobody works on it now: it is rebuilt once a process runs that has it",
        };
        Ok(all.output().answer(&Done { subscription: name.to_string(), done, position: None })?)
    }
}

/// How long nobody may work on it until it is not waited for any more.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(200);

/// Waits until a subscription has come to a position, as long as somebody works on it.
async fn wait(operations: &Operations, name: &str, until: Position) -> Result<bool, Failure> {
    let bar = Progress::of(until.raw(), &format!("rebuilding {name}"));
    let mut last_seen = Instant::now();
    loop {
        let state = operations.subscription(name).await?;
        let at = state.position();
        bar.at(at.raw());
        if at >= until {
            bar.end();
            return Ok(true);
        }
        if workers(&state) > 0 {
            last_seen = Instant::now();
        }
        if last_seen.elapsed() > PATIENCE || state.paused {
            bar.end();
            return Ok(false);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn remove(
    all: &Arguments,
    operations: &Operations,
    name: &str,
    confirm: &Confirm,
) -> Result<(), Failure> {
    let report = find(operations, name).await?;
    if report.is_live() {
        return Err(Failure::Usage(format!(
            "`{}` answers queries; only a generation that is being built or superseded can be dropped",
            report.name()
        )));
    }
    let because = because(confirm)?;
    confirm.ask(&format!("`{}` is removed with its documents", report.name()))?;
    let version = report.generation.version;
    if !operations.drop_generation(&report.projection, version, &because).await? {
        return Err(Failure::Other(format!(
            "`{}` was not dropped: it answers queries by now, or somebody else has dropped it",
            report.name()
        )));
    }
    let done = Done { subscription: report.name().to_string(), done: "dropped", position: None };
    Ok(all.output().answer(&done)?)
}

impl Projections {
    pub(super) async fn run(&self, all: &Arguments) -> Result<(), Failure> {
        let operations = all.open().await?;
        match &self.action {
            None | Some(Action::List) => Ok(all.output().answer(&list(&operations).await?)?),
            Some(Action::Rebuild(rebuild)) => rebuild.run(all, &operations).await,
            Some(Action::Drop { name, confirm }) => remove(all, &operations, name, confirm).await,
        }
    }
}
