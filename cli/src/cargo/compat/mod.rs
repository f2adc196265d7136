//! `cargo gesta compat`: who can read what whom has written.

mod side;

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use clap::ValueEnum;
use gesta::{
    admin::StoreLock,
    evolution::{Compatibility, CompatibilityReport, LockKey, compatibility},
};
use serde::Serialize;

use self::side::Side;
use super::Arguments;
use crate::shared::{Answer, Failure, Table};

/// Arguments of `cargo gesta compat`.
///
/// A store has recorded what programs wrote to it, with events that are only stored. Nothing in it is changed.
#[derive(Debug, clap::Args)]
pub struct Compat {
    /// The old gesta.lock: a file, a commit or tag of git that has one in this folder, or a store: `sqlite:bank.db` or
    /// `postgres://..`
    old: String,
    /// The new one
    #[arg(default_value = "gesta.lock")]
    new: String,
    /// What must hold; ends with 1 when it does not
    #[arg(long, value_enum, default_value = "backward")]
    require: Required,
    /// Compares everything in a store, and not only what the other side knows something like: several domains may share it
    #[arg(long)]
    all: bool,
}

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Required {
    /// New code reads what old code has written
    Backward,
    /// Old code reads what new code writes
    Forward,
    /// Both
    Full,
    /// Nothing
    None,
}

impl Compat {
    pub(super) async fn run(&self, arguments: &Arguments) -> Result<(), Failure> {
        let (old, new) = (Side::read(&self.old).await?, Side::read(&self.new).await?);
        let (before, now) = (old.beside(&new, self.all), new.beside(&old, self.all));
        let report = compatibility(&before.lock, &now.lock);
        let rows = [&old, &new].into_iter().find_map(Side::store).map(|store| rows_of(store, &report));
        let answered = Report {
            report: &report,
            rows,
            elsewhere: lines(&old, &new, [&before.elsewhere, &now.elsewhere]),
            unused: lines(&old, &new, [&before.unused, &now.unused]),
        };
        arguments.output().answer(&answered).map_err(|error| Failure::other(&error))?;
        let (backward, forward) = match self.require {
            Required::Backward => (true, false),
            Required::Forward => (false, true),
            Required::Full => (true, true),
            Required::None => (false, false),
        };
        if backward && !report.is_backward() {
            return Err(Failure::Found("new code does not read everything that old code has written".into()));
        }
        if forward && !report.is_forward() {
            return Err(Failure::Found("old code does not read everything that new code writes".into()));
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Report<'r> {
    #[serde(flatten)]
    report: &'r CompatibilityReport,
    /// How many events, or instances that are not at their end, the store has of each version.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<BTreeMap<String, u64>>,
    /// What was left to other domains on the store.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    elsewhere: Vec<String>,
    /// What is recorded in the store, without anything stored of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unused: Vec<String>,
}

/// Of what is compared, by version.
fn rows_of(store: &StoreLock, report: &CompatibilityReport) -> BTreeMap<String, u64> {
    let compared = |key: &LockKey| {
        let of = if matches!(key, LockKey::Saga { .. }) { &report.sagas } else { &report.events };
        of.iter().any(|found| found.name == key.name())
    };
    let keys = store.lock.iter().map(|(key, _)| key);
    let keys = keys.filter(|key| !matches!(key, LockKey::Snapshot { .. }) && compared(key));
    keys.map(|key| (key.to_string(), store.rows.get(key).copied().unwrap_or_default())).collect()
}

/// Each with its rows.
fn lines(old: &Side, new: &Side, keys: [&Vec<LockKey>; 2]) -> Vec<String> {
    let mut lines = Vec::new();
    for (side, keys) in [old, new].into_iter().zip(keys) {
        let rows = |key| side.store().and_then(|store| store.rows.get(key)).copied().unwrap_or_default();
        lines.extend(keys.iter().map(|key| match (key, rows(key)) {
            (LockKey::Snapshot { .. }, _) => key.to_string(),
            (LockKey::Saga { .. }, rows) => format!("{key}, {rows} not at their end"),
            (_, 1) => format!("{key}, 1 row"),
            (_, rows) => format!("{key}, {rows} rows"),
        }));
    }
    lines
}

impl Report<'_> {
    /// `v1: 3, v2: 1`
    fn counts(&self, of_saga: bool, name: &str) -> String {
        let start = if of_saga { format!("saga {name} v") } else { format!("{name} v") };
        let mut counts: Vec<(u16, u64)> = Vec::new();
        for (key, rows) in self.rows.iter().flatten() {
            let version = key.strip_prefix(&start).and_then(|version| version.parse().ok());
            counts.extend(version.map(|version| (version, *rows)));
        }
        counts.sort_unstable();
        counts.iter().map(|(version, rows)| format!("v{version}: {rows}")).collect::<Vec<_>>().join(", ")
    }
}

impl Answer for Report<'_> {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { report, rows, elsewhere, unused } = self;
        let mut table = match rows {
            None => Table::new(["what", "old", "new", "compatible"]),
            Some(_) => Table::new(["what", "old", "new", "compatible", "stored"]),
        };
        let version = |version: Option<u16>| version.map_or("-".to_owned(), |version| format!("v{version}"));
        for (found, of_saga, name) in all(report) {
            let [old, new, word] = [version(found.old), version(found.new), found.word().to_owned()];
            match rows {
                None => table.row([name, old, new, word]),
                Some(_) => table.row([name, old, new, word, self.counts(of_saga, &found.name)]),
            }
        }
        table.write(out)?;
        for (found, _, name) in all(report).filter(|(found, ..)| !found.reasons.is_empty()) {
            writeln!(out, "\n{name}: {}", found.word())?;
            for reason in &found.reasons {
                let breaks = match (reason.backward, reason.forward) {
                    (true, true) => "",
                    (false, true) => " [new code cannot read old data]",
                    (true, false) => " [old code cannot read new data]",
                    (false, false) => " [neither reads the other's data]",
                };
                let path = if reason.path.is_empty() { String::new() } else { format!("{}: ", reason.path) };
                writeln!(out, "  {path}{}{breaks}", reason.sentence)?;
            }
        }
        section(
            out,
            "not compared, since the other side knows nothing like it (--all compares it):",
            elsewhere,
        )?;
        section(
            out,
            "not compared, since nothing of it is stored and the last programs do not write it:",
            unused,
        )?;
        writeln!(out, "\nall in all: {}", report.word())
    }
}

fn section(out: &mut dyn Write, title: &str, lines: &[String]) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}")?;
    lines.iter().try_for_each(|line| writeln!(out, "  {line}"))
}

fn all(report: &CompatibilityReport) -> impl Iterator<Item = (&Compatibility, bool, String)> {
    let events = report.events.iter().map(|found| (found, false, found.name.clone()));
    events.chain(report.sagas.iter().map(|found| (found, true, format!("saga {}", found.name))))
}
