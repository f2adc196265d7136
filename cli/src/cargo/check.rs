use std::io::{self, Write};

use serde::Serialize;

use super::Arguments;
use crate::{
    findings::{Finding, Level, RULES, Rule, findings},
    shared::{Answer, Failure, Table},
};

/// Arguments of `cargo gesta check`.
#[derive(Debug, clap::Args)]
pub struct Check {
    /// Takes findings of this name for errors: `G001-loop`, or `G001`
    #[arg(long, value_name = "NAME")]
    deny: Vec<String>,
    /// Leaves findings of this name out
    #[arg(long, value_name = "NAME")]
    allow: Vec<String>,
    /// Shows the page of a finding, and checks nothing
    #[arg(long, value_name = "NAME")]
    explain: Option<String>,
}

impl Check {
    pub(super) fn run(&self, arguments: &Arguments) -> Result<(), Failure> {
        if let Some(name) = &self.explain {
            print!("{}", named(name)?.page);
            return Ok(());
        }
        let (denied, allowed) = (rules(&self.deny)?, rules(&self.allow)?);
        let mut found = findings(&arguments.model()?);
        found.retain(|finding| !allowed.contains(&finding.name));
        for finding in found.iter_mut().filter(|finding| denied.contains(&finding.name)) {
            finding.level = Level::Error;
        }
        found.sort_by_key(|finding| finding.level);
        let errors = found.iter().filter(|finding| finding.level == Level::Error).count();
        arguments.output().answer(&Found(found)).map_err(|error| Failure::other(&error))?;
        match errors {
            0 => Ok(()),
            1 => Err(Failure::Found("one finding is an error".into())),
            _ => Err(Failure::Found(format!("{errors} findings are errors"))),
        }
    }
}

fn rules(names: &[String]) -> Result<Vec<&'static str>, Failure> {
    names.iter().map(|name| named(name).map(|rule| rule.name)).collect()
}

fn named(name: &str) -> Result<&'static Rule, Failure> {
    let all = || RULES.iter().map(|rule| rule.name).collect::<Vec<_>>().join(", ");
    Rule::named(name)
        .ok_or_else(|| Failure::Usage(format!("there is no finding `{name}`; there are {}", all())))
}

#[derive(Serialize)]
struct Found(Vec<Finding>);

impl Answer for Found {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "nothing was found");
        }
        let mut table = Table::new(["level", "name", "finding"]);
        for finding in &self.0 {
            table.row([finding.level.word().into(), finding.name.into(), finding.sentence.clone()]);
        }
        table.write(out)?;
        writeln!(out, "\n`cargo gesta check --explain NAME` says more of a finding")
    }
}
