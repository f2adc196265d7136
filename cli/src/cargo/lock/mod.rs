//! `cargo gesta lock`: what is new in the code is recorded beside it.

mod files;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use gesta::evolution::{Difference, DifferenceKind, Lock as Locked, LockKey, Merged};
use serde::Serialize;

use self::files::Files;
use super::Arguments;
use crate::shared::{Answer, Failure};

/// Arguments of `cargo gesta lock`.
///
/// The packages are those in which the events and sagas of the domains are defined.
#[derive(Debug, clap::Args)]
pub struct Lock {
    /// Changes nothing; ends with 1 when the files do not say what the code says
    #[arg(long)]
    check: bool,
}

/// What became of the files.
#[derive(Debug, Serialize)]
struct Answered {
    checked: bool,
    packages: Vec<OfPackage>,
    /// Packages that are not in the workspace; they have recorded theirs where they are.
    elsewhere: Vec<String>,
}

/// What became of the files of one package.
#[derive(Debug, Serialize)]
struct OfPackage {
    package: String,
    file: String,
    #[serde(flatten)]
    merged: Merged,
    /// Versions that got a sample in gesta.golden.
    samples: Vec<String>,
    /// How many lines there are.
    lines: usize,
}

impl Lock {
    pub(super) fn run(&self, arguments: &Arguments) -> Result<(), Failure> {
        let probe = arguments.probe();
        // Of these packages every domain is known, so that what is not in the code of any can be told.
        let whole: BTreeSet<String> = match arguments.which.domain {
            Some(_) => BTreeSet::new(),
            None => probe.packages()?.into_iter().map(|package| package.name).collect(),
        };
        let mut code: BTreeMap<String, Locked> = BTreeMap::new();
        for domain in probe.find_all()? {
            let locks = domain.model()?.locks().map_err(|error| Failure::other(&error))?;
            for (package, lock) in locks {
                let all = code.entry(package).or_default();
                lock.iter().for_each(|(key, entry)| all.record(key.clone(), entry.clone()));
            }
        }
        let workspace = probe.workspace()?;
        let (mut packages, mut elsewhere, mut changed) = (Vec::new(), Vec::new(), Vec::new());
        for package in workspace.iter().filter(|package| whole.contains(&package.name)) {
            // One that has no events any more may still have lines.
            if package.folder().join(files::LOCK).exists() {
                code.entry(package.name.clone()).or_default();
            }
        }
        for (name, code) in &code {
            let Some(package) = workspace.iter().find(|package| package.name == *name) else {
                elsewhere.push(name.clone());
                continue;
            };
            let mut files = Files::read(package.folder())?;
            let merged = merge(&mut files.lock, code, whole.contains(name));
            let samples = files.lock.add_samples_to(&mut files.golden);
            packages.push(OfPackage {
                package: name.clone(),
                file: files.lock_path().display().to_string(),
                samples: samples.iter().map(LockKey::to_string).collect(),
                lines: files.lock.len(),
                merged,
            });
            changed.push(files);
        }
        self.finish(arguments, Answered { checked: self.check, packages, elsewhere }, &changed)
    }

    fn finish(&self, arguments: &Arguments, answered: Answered, files: &[Files]) -> Result<(), Failure> {
        let refused = answered.packages.iter().any(|of| !of.merged.refused.is_empty());
        let open = answered.packages.iter().any(|of| !of.merged.done.is_empty() || !of.samples.is_empty());
        if !self.check && !refused {
            files.iter().try_for_each(Files::write)?;
        }
        arguments.output().answer(&answered).map_err(|error| Failure::other(&error))?;
        if refused {
            let nothing = if self.check { "" } else { "; nothing was written" };
            return Err(Failure::Found(format!("the code breaks what gesta.lock records{nothing}")));
        }
        if self.check && open {
            return Err(Failure::Found("gesta.lock does not record the code; run `cargo gesta lock`".into()));
        }
        Ok(())
    }
}

/// What the code lacks counts only where all of the code is known.
fn merge(lock: &mut Locked, code: &Locked, whole: bool) -> Merged {
    let mut merged = lock.merge(code);
    if !whole {
        merged.refused.retain(|difference| code.get(difference.key()).is_some());
    }
    merged
}

impl Answer for Answered {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for of in &self.packages {
            let written = !self.checked && self.packages.iter().all(|of| of.merged.refused.is_empty());
            writeln!(out, "{} ({} lines): {}", of.package, of.lines, of.file)?;
            for difference in &of.merged.done {
                let what = if written { "recorded" } else { "to be recorded" };
                match difference.kind {
                    DifferenceKind::New => writeln!(out, "  {what}: {}", difference.line)?,
                    _ => shown(out, what, difference, false)?,
                }
            }
            for line in &of.samples {
                writeln!(out, "  {}: {line}", if written { "sample" } else { "without a sample" })?;
            }
            for difference in &of.merged.refused {
                shown(out, "refused", difference, true)?;
            }
            if of.merged == Merged::default() && of.samples.is_empty() {
                writeln!(out, "  records the code as it is")?;
            }
        }
        for package in &self.elsewhere {
            writeln!(out, "{package} is not in this workspace and records its own events")?;
        }
        Ok(())
    }
}

fn shown(out: &mut dyn Write, what: &str, difference: &Difference, remedy: bool) -> io::Result<()> {
    writeln!(out, "  {what}: {}", difference.to_string().replace('\n', "\n  "))?;
    if remedy {
        writeln!(out, "      {}", difference.remedy())?;
    }
    Ok(())
}
