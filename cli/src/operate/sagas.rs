use std::{
    io::{self, Write},
    time::{Duration, SystemTime},
};

use gesta::{
    admin::probe::Request,
    domain::Timestamp,
    saga::{Instances, SagaError, TimelineEntry},
    store::{SagaFilter, SagaState, SagaStatus},
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    Arguments, moment,
    state::{Code, address},
};
use crate::shared::{Answer, Confirm, Failure, Table, shown};

/// Arguments of `gesta sagas`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Sagas {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Lists instances
    #[command(after_help = "Example:\n  gesta sagas list --saga transfer --state parked --error timeout")]
    List(List),
    /// Shows what has happened to one, from the start
    #[command(after_help = "Example:\n  gesta sagas timeline transfer/t-1")]
    Timeline {
        /// Its saga and id: transfer/t-1
        #[arg(value_name = "SAGA/ID")]
        name: String,
    },
    /// Lets those go on that are parked, with all attempts anew
    #[command(after_help = "Example:\n  gesta sagas retry transfer/t-1 --reason \"the line works again\"")]
    Retry(Decide),
    /// Takes the step at which one is parked for done, with this output for later steps
    #[command(
        after_help = "Example:\n  gesta sagas skip-with transfer/t-1 '{\"reference\":\"x-7\"}' --reason \"it was done by hand\""
    )]
    SkipWith {
        /// Its saga and id: transfer/t-1
        #[arg(value_name = "SAGA/ID")]
        name: String,
        /// What the step would have come to, as JSON; `null` for a compensation
        #[arg(value_name = "JSON")]
        output: String,
        #[command(flatten)]
        confirm: Confirm,
    },
    /// Tries them at another time than planned
    #[command(after_help = "Example:\n  gesta sagas reschedule transfer/t-1 --in 15m")]
    Reschedule {
        #[command(flatten)]
        decide: Decide,
        /// After so long: 15m; 0 for at once
        #[arg(long = "in", value_name = "DURATION", value_parser = moment::duration)]
        after: Duration,
    },
    /// Gives them up as they are: nothing more is done, and nothing is undone
    #[command(after_help = "Example:\n  gesta sagas abandon transfer/t-1 --reason \"settled by hand\"")]
    Abandon(Decide),
    /// Undoes what one has done; needs the code of the saga, in this folder
    #[command(after_help = "Example:\n  gesta sagas compensate transfer/t-1 --package bank")]
    Compensate {
        /// Its saga and id: transfer/t-1
        #[arg(value_name = "SAGA/ID")]
        name: String,
        #[command(flatten)]
        confirm: Confirm,
        #[command(flatten)]
        code: Box<Code>,
    },
    /// Starts another instance at a step of one, which stays as it is; needs the code of the saga, in this folder
    #[command(after_help = "Example:\n  gesta sagas fork transfer/t-1 t-2 --step credit")]
    Fork {
        /// Its saga and id: transfer/t-1
        #[arg(value_name = "SAGA/ID")]
        name: String,
        /// The id of the new instance: t-2
        #[arg(value_name = "NEW_ID")]
        to: String,
        /// The step that the new one begins with; the outputs of those before it are taken from the old one
        #[arg(long, value_name = "NAME")]
        step: String,
        #[command(flatten)]
        confirm: Confirm,
        #[command(flatten)]
        code: Box<Code>,
    },
}

#[derive(Debug, clap::Args)]
struct List {
    /// Of this saga
    #[arg(long, value_name = "NAME")]
    saga: Option<String>,
    /// In this state: running, compensating, parked, completed, compensated, abandoned
    #[arg(long, value_name = "STATE", value_parser = status)]
    state: Vec<SagaStatus>,
    /// At this step
    #[arg(long, value_name = "NAME")]
    step: Option<String>,
    /// With an error that contains this text
    #[arg(long, value_name = "TEXT")]
    error: Option<String>,
    /// Started longer ago than this: 2h
    #[arg(long, value_name = "DURATION", value_parser = moment::duration)]
    older: Option<Duration>,
    /// Without any change for so long: 2h
    #[arg(long, value_name = "DURATION", value_parser = moment::duration)]
    idle: Option<Duration>,
    /// At most so many
    #[arg(long, short = 'n', value_name = "SAGAS", default_value_t = 50)]
    limit: u64,
    /// Goes on behind a page: what stands in its `next`
    #[arg(long, value_name = "SAGA/ID")]
    after: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Decide {
    /// Their sagas and ids: transfer/t-1
    #[arg(value_name = "SAGA/ID", required = true)]
    names: Vec<String>,
    #[command(flatten)]
    confirm: Confirm,
}

fn status(name: &str) -> Result<SagaStatus, String> {
    let all = || SagaStatus::ALL.map(SagaStatus::name).join(", ");
    SagaStatus::named(name).ok_or_else(|| format!("there is no state `{name}`; there are {}", all()))
}

/// Saga and id of `transfer/t-1`, or of its stream.
fn parts(name: &str) -> Result<(&str, &str), Failure> {
    let parts = name.strip_prefix("saga.").unwrap_or(name).split_once('/');
    parts.filter(|(saga, id)| !saga.is_empty() && !id.is_empty()).ok_or_else(|| {
        Failure::Usage(format!("`{name}` is no instance of a saga; write the saga and the id: transfer/t-1"))
    })
}

fn ago(duration: Duration) -> Timestamp {
    SystemTime::now().checked_sub(duration).unwrap_or(SystemTime::UNIX_EPOCH).into()
}

#[derive(Debug, Serialize)]
struct Row {
    saga: String,
    id: String,
    state: &'static str,
    step: Option<String>,
    attempts: u32,
    due_at: Option<String>,
    error: Option<String>,
    definition: u16,
    started_at: String,
    updated_at: String,
}

impl From<SagaState> for Row {
    fn from(state: SagaState) -> Self {
        Self {
            saga: state.saga.to_string(),
            id: state.id,
            state: state.status.name(),
            step: state.step,
            attempts: state.attempts,
            due_at: state.due_at.map(|at| at.to_string()),
            error: state.error,
            definition: state.definition.0,
            started_at: state.started_at.to_string(),
            updated_at: state.updated_at.to_string(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Page {
    sagas: Vec<Row>,
    next: Option<String>,
}

impl Answer for Page {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.sagas.is_empty() {
            return writeln!(out, "no sagas");
        }
        let titles = ["saga", "state", "step", "attempts", "due", "started", "changed", "error"];
        let mut table = Table::new(titles);
        let short = |at: &String| at.parse().map_or(at.clone(), moment::short);
        for row in &self.sagas {
            table.row([
                format!("{}/{}", row.saga, row.id),
                row.state.to_owned(),
                row.step.clone().unwrap_or_default(),
                row.attempts.to_string(),
                row.due_at.as_ref().map_or_else(String::new, short),
                short(&row.started_at),
                short(&row.updated_at),
                row.error.clone().unwrap_or_default(),
            ]);
        }
        table.write(out)?;
        match &self.next {
            Some(next) => writeln!(out, "there are more: --after {}", shown(next)),
            None => Ok(()),
        }
    }
}

#[derive(Debug, Serialize)]
struct Entry {
    version: u64,
    recorded_at: String,
    kind: &'static str,
    text: String,
    actor: Option<String>,
}

#[derive(Debug, Serialize)]
struct Timeline {
    saga: String,
    entries: Vec<Entry>,
}

impl Timeline {
    fn new(saga: &str, entries: &[TimelineEntry]) -> Self {
        let entry = |entry: &TimelineEntry| Entry {
            version: entry.version,
            recorded_at: entry.recorded_at.to_string(),
            kind: entry.event.kind(),
            text: entry.event.to_string(),
            actor: entry.meta.actor.clone(),
        };
        Self { saga: saga.to_owned(), entries: entries.iter().map(entry).collect() }
    }
}

impl Answer for Timeline {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut table = Table::new(["version", "recorded", "what", "by"]);
        for of in &self.entries {
            let actor = of.actor.clone().unwrap_or_default();
            table.row([of.version.to_string(), of.recorded_at.clone(), of.text.clone(), actor]);
        }
        table.write(out)
    }
}

#[derive(Debug, Serialize)]
struct Done {
    sagas: Vec<String>,
    done: &'static str,
}

impl Answer for Done {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        self.sagas.iter().try_for_each(|saga| writeln!(out, "{} is {}", shown(saga), self.done))
    }
}

impl From<SagaError> for Failure {
    fn from(error: SagaError) -> Self {
        match error {
            SagaError::Store(error) => error.into(),
            SagaError::NotFound { .. } => Self::NotFound(error.to_string()),
            other => Self::other(&other),
        }
    }
}

impl List {
    async fn run(&self, all: &Arguments, instances: &Instances) -> Result<(), Failure> {
        let after = self.after.as_deref().map(parts).transpose()?;
        let filter = SagaFilter {
            saga: self.saga.clone(),
            id: None,
            status: self.state.clone(),
            step: self.step.clone(),
            error: self.error.clone(),
            started_before: self.older.map(ago),
            updated_before: self.idle.map(ago),
            after: after.map(|(saga, id)| (saga.to_owned(), id.to_owned())),
        };
        let found = instances.list(&filter, self.limit).await?;
        let full = found.len() as u64 == self.limit;
        let next = found.last().filter(|_| full).map(|last| format!("{}/{}", last.saga, last.id));
        Ok(all.output().answer(&Page { sagas: found.into_iter().map(Row::from).collect(), next })?)
    }
}

impl Decide {
    async fn run(
        &self,
        all: &Arguments,
        (what, done): (&str, &'static str),
        decide: impl AsyncFn((&str, &str), (&str, &str)) -> Result<(), SagaError>,
    ) -> Result<(), Failure> {
        let actor = self.confirm.actor()?;
        let names: Vec<_> = self.names.iter().map(|name| parts(name)).collect::<Result<_, _>>()?;
        self.confirm.ask(&format!("{} {what}", self.names.join(", ")))?;
        let reason = self.confirm.reason.as_deref().unwrap_or_default();
        let (mut settled, mut wrong) = (Vec::new(), Vec::new());
        for (name, parts) in self.names.iter().zip(names) {
            match decide(parts, (&actor, reason)).await.map_err(Failure::from) {
                Ok(()) => settled.push(name.clone()),
                Err(failure) => wrong.push(failure.saying(|text| format!("{name}: {text}"))),
            }
            // Of those behind it nobody knows more where the store is not there.
            if matches!(wrong.last(), Some(Failure::Unavailable(_))) {
                break;
            }
        }
        if !settled.is_empty() {
            all.output().answer(&Done { sagas: settled.clone(), done })?;
        }
        let left = self.names.len() - settled.len();
        let several = self.names.len() > 1;
        let told = wrong.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        match wrong.into_iter().next() {
            None => Ok(()),
            Some(failure) if several => {
                Err(failure.saying(|_| format!("{left} of {} are as they were: {told}", self.names.len())))
            }
            Some(failure) => Err(failure),
        }
    }
}

/// An instance about which the code of its saga decides, and who asks for it.
struct ByCode<'a> {
    name: &'a str,
    confirm: &'a Confirm,
    code: &'a Code,
}

impl ByCode<'_> {
    /// Asks the code of the saga to undo an instance.
    async fn undo(&self, all: &Arguments) -> Result<(), Failure> {
        let (saga, id) = parts(self.name)?;
        let actor = self.may(all, &format!("{} goes back: what it has done is undone", self.name)).await?;
        let request = Request::Compensate {
            store: address(&all.address()?)?,
            saga: saga.to_owned(),
            id: id.to_owned(),
            actor,
            reason: self.confirm.reason.clone().unwrap_or_default(),
        };
        self.code.ask::<()>(request).await?;
        Ok(all.output().answer(&Done { sagas: vec![self.name.to_owned()], done: "sent back" })?)
    }

    /// Asks the code of the saga to start another instance.
    async fn fork(&self, all: &Arguments, to: &str, step: &str) -> Result<(), Failure> {
        let (saga, id) = parts(self.name)?;
        // Both are written alike by those who copy and paste.
        let to = to.strip_prefix(saga).and_then(|rest| rest.strip_prefix('/')).unwrap_or(to);
        let other = format!("{saga}/{to}");
        let what = format!("{other} is started at {step}, with what {} has come to before", self.name);
        let actor = self.may(all, &what).await?;
        let request = Request::Fork {
            store: address(&all.address()?)?,
            saga: saga.to_owned(),
            id: id.to_owned(),
            to: to.to_owned(),
            step: step.to_owned(),
            actor,
            reason: self.confirm.reason.clone().unwrap_or_default(),
        };
        self.code.ask::<()>(request).await?;
        Ok(all.output().answer(&Done { sagas: vec![other], done: "started" })?)
    }

    /// Who wants it, if there is such an instance and somebody agrees. What can be said without the code is said before
    /// anything is compiled.
    async fn may(&self, all: &Arguments, what: &str) -> Result<String, Failure> {
        let (saga, id) = parts(self.name)?;
        let actor = self.confirm.actor()?;
        let operations = all.open().await?;
        operations.sagas().timeline(saga, id).await?;
        operations.store().port().close().await;
        self.confirm.ask(what)?;
        Ok(actor)
    }
}

impl Sagas {
    pub(super) async fn run(&self, all: &Arguments) -> Result<(), Failure> {
        match &self.action {
            Some(Action::Compensate { name, confirm, code }) => {
                return ByCode { name, confirm, code }.undo(all).await;
            }
            Some(Action::Fork { name, to, step, confirm, code }) => {
                return ByCode { name, confirm, code }.fork(all, to, step).await;
            }
            _ => {}
        }
        let instances = all.open().await?.sagas();
        let of = &instances;
        match &self.action {
            None => self.list.run(all, of).await,
            Some(Action::List(list)) => list.run(all, of).await,
            Some(Action::Timeline { name }) => {
                let (saga, id) = parts(name)?;
                let entries = of.timeline(saga, id).await?;
                Ok(all.output().answer(&Timeline::new(name, &entries))?)
            }
            Some(Action::Retry(decide)) => {
                let words = ("go on, with all attempts anew", "retried");
                decide.run(all, words, async |(saga, id), (by, why)| of.retry(saga, id, by, why).await).await
            }
            Some(Action::Abandon(decide)) => {
                let words = ("are given up as they are", "abandoned");
                decide
                    .run(all, words, async |(saga, id), (by, why)| of.abandon(saga, id, by, why).await)
                    .await
            }
            Some(Action::Reschedule { decide, after }) => {
                let words = ("are tried at another time", "rescheduled");
                decide
                    .run(all, words, async |(saga, id), (by, why)| {
                        of.reschedule(saga, id, *after, by, why).await
                    })
                    .await
            }
            Some(Action::SkipWith { name, output, confirm }) => {
                let output: Box<RawValue> = serde_json::from_str(output)
                    .map_err(|error| Failure::Usage(format!("the output is not JSON: {error}")))?;
                let decide = Decide { names: vec![name.clone()], confirm: confirm.clone() };
                let words = ("takes its step for done", "past its step");
                decide
                    .run(all, words, async |(saga, id), (by, why)| {
                        of.skip_with(saga, id, &output, by, why).await
                    })
                    .await
            }
            Some(Action::Compensate { .. } | Action::Fork { .. }) => Ok(()),
        }
    }
}
