//! `cargo gesta plan`: this build against that store.

use std::{
    io::{self, Write},
    time::Duration,
};

use gesta::admin::{Operations, Plan as Planned, RebuildState, probe::Request};
use serde::Serialize;

use super::Arguments;
use crate::shared::{Answer, Failure, Table};

/// How long to wait for the store.
const PATIENCE: Duration = Duration::from_secs(30);

/// Arguments of `cargo gesta plan`.
///
/// Nothing in the store is changed. Ends with 1 when the build would be refused, or would park sagas.
#[derive(Debug, clap::Args)]
pub struct Plan {
    /// The store: `sqlite:bank.db` or `postgres://..`; the variable GESTA_STORE unless given
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

impl Plan {
    pub(super) async fn run(&self, arguments: &Arguments) -> Result<(), Failure> {
        let given = self.store.clone().or_else(|| std::env::var("GESTA_STORE").ok());
        let store = given.ok_or_else(|| {
            Failure::Usage("say which store: --store sqlite:bank.db, or the variable GESTA_STORE".into())
        })?;
        // A store that is not there is told before anything is compiled.
        Operations::open(&store, Some(PATIENCE)).await?;
        let plan: Planned = arguments.probe().find()?.ask(&Request::Plan { store })?;
        arguments.output().answer(&Shown(&plan)).map_err(|error| Failure::other(&error))?;
        if !plan.refusals.is_empty() {
            return Err(Failure::Found("this build would refuse to start on that store".into()));
        }
        if plan.sagas.iter().any(|saga| saga.parked) {
            return Err(Failure::Found("this build would park sagas of that store".into()));
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Shown<'p>(&'p Planned);

impl Answer for Shown<'_> {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self(plan) = self;
        if plan.refusals.is_empty() {
            writeln!(
                out,
                "`{}` can start: it reads all that is stored, and all that run read what it writes",
                plan.domain
            )?;
        } else {
            writeln!(out, "`{}` would refuse to start:", plan.domain)?;
        }
        for refusal in &plan.refusals {
            writeln!(out, "  {}", refusal.sentence)?;
        }
        for saga in &plan.sagas {
            writeln!(out, "{}", saga.sentence)?;
        }
        if !plan.projections.is_empty() {
            writeln!(out)?;
            let mut table = Table::new(["projection", "version", "live", "becomes", "events", "minutes"]);
            for found in &plan.projections {
                let becomes = match found.state {
                    RebuildState::GoesOn => "goes on",
                    RebuildState::New => "is made",
                    RebuildState::Rebuilt => "is made beside the live one",
                };
                table.row([
                    found.name.clone(),
                    found.version.to_string(),
                    found.live.map_or_else(|| "-".to_owned(), |live| live.to_string()),
                    becomes.to_owned(),
                    found.events.to_string(),
                    found.minutes.map_or_else(|| "-".to_owned(), |minutes| format!("{minutes:.1}")),
                ]);
            }
            table.write(out)?;
        }
        if let Some(rate) = plan.events_per_second {
            writeln!(
                out,
                "the minutes are for reading alone, at {rate:.0} events a second as measured just now"
            )?;
        }
        for running in &plan.running {
            writeln!(
                out,
                "{} ({}) runs on the store: process {}",
                running.release, running.domain, running.process
            )?;
        }
        Ok(())
    }
}
