//! `cargo gesta compat`: who can read what whom has written.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    process::Command,
};

use clap::ValueEnum;
use gesta::evolution::{Compatibility, CompatibilityReport, Lock, compatibility};
use serde::Serialize;

use super::Arguments;
use crate::shared::{Answer, Failure, Table};

/// Arguments of `cargo gesta compat`.
#[derive(Debug, clap::Args)]
pub struct Compat {
    /// The old gesta.lock: a file, or a commit or tag of git that has one in this folder
    old: String,
    /// The new one
    #[arg(default_value = "gesta.lock")]
    new: String,
    /// What must hold; ends with 1 when it does not
    #[arg(long, value_enum, default_value = "backward")]
    require: Required,
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
    pub(super) fn run(&self, arguments: &Arguments) -> Result<(), Failure> {
        let report = compatibility(&read(&self.old)?, &read(&self.new)?);
        arguments.output().answer(&Report(&report)).map_err(|error| Failure::other(&error))?;
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

/// A file, or else what git has of it.
fn read(from: &str) -> Result<Lock, Failure> {
    let text = if Path::new(from).is_file() {
        fs::read_to_string(from).map_err(|error| Failure::Other(format!("{from}: {error}")))?
    } else {
        in_git(from)?
    };
    text.parse().map_err(|error| Failure::Other(format!("{from}: {error}")))
}

fn in_git(revision: &str) -> Result<String, Failure> {
    let file = if revision.contains(':') { revision.to_owned() } else { format!("{revision}:./gesta.lock") };
    let shown = Command::new("git").args(["show", "--end-of-options", &file]).output();
    let shown = shown.map_err(|error| Failure::Unavailable(format!("git cannot be started: {error}")))?;
    if shown.status.success() {
        return Ok(String::from_utf8_lossy(&shown.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&shown.stderr);
    Err(Failure::NotFound(format!(
        "`{revision}` is no file, and git has no gesta.lock of that commit here: {}",
        said.trim()
    )))
}

#[derive(Serialize)]
struct Report<'r>(&'r CompatibilityReport);

impl Answer for Report<'_> {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self(report) = self;
        let mut table = Table::new(["what", "old", "new", "compatible"]);
        let version = |version: Option<u16>| version.map_or("-".to_owned(), |version| format!("v{version}"));
        for (found, name) in all(report) {
            table.row([name, version(found.old), version(found.new), found.word().to_owned()]);
        }
        table.write(out)?;
        for (found, name) in all(report).filter(|(found, _)| !found.reasons.is_empty()) {
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
        writeln!(out, "\nall in all: {}", report.word())
    }
}

fn all(report: &CompatibilityReport) -> impl Iterator<Item = (&Compatibility, String)> {
    let events = report.events.iter().map(|found| (found, found.name.clone()));
    events.chain(report.sagas.iter().map(|found| (found, format!("saga {}", found.name))))
}
