//! `gesta migrate-events`: a copy of a store, every event in its newest version.

use std::io::{self, Write};

use gesta::admin::{MigratedEvents, MigrationProgress, MigrationStage, probe::Request};
use serde::Serialize;

use super::Arguments;
use crate::{
    cargo::Which,
    shared::{Answer, Confirm, Failure, Probe, Progress, Table},
};

/// Arguments of `gesta migrate-events`.
///
/// It is run in the folder of the domain, whose upcasters are compiled and asked. What was copied by a run that has
/// ended half-way is found, and the next one goes on behind it.
#[derive(Debug, clap::Args)]
pub struct MigrateEvents {
    /// The store that is read; nothing in it is changed
    #[arg(long, value_name = "URL")]
    from: String,
    /// The store that is written: a new one, or what an earlier run has begun
    #[arg(long, value_name = "URL")]
    to: String,
    /// The Cargo.toml of the domain
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<String>,
    /// The package of the domain, in a workspace
    #[arg(long, short, value_name = "NAME")]
    package: Option<String>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    confirm: Confirm,
}

impl MigrateEvents {
    pub(super) fn run(&self, arguments: &Arguments) -> Result<(), Failure> {
        let probe = Probe {
            manifest_path: self.manifest_path.clone(),
            package: self.package.clone(),
            which: self.which.clone(),
        };
        let domain = probe.find()?;
        self.confirm.ask("The events are copied, and the copy is compared with the source")?;
        let request = Request::MigrateEvents { from: self.from.clone(), to: self.to.clone() };
        let mut shown: Option<(MigrationStage, Progress)> = None;
        let done: MigratedEvents = domain.ask_slowly(&request, |report| {
            let Ok(report) = serde_json::from_value::<MigrationProgress>(report) else { return };
            let same = shown.as_ref().is_some_and(|(stage, _)| *stage == report.stage);
            if !same {
                if let Some((_, bar)) = shown.take() {
                    bar.end();
                }
                let what = match report.stage {
                    MigrationStage::Copying => "copying",
                    MigrationStage::Comparing => "comparing",
                    MigrationStage::Beside => "keys and what is beside the events",
                };
                shown = Some((report.stage, Progress::of(report.end.raw(), what)));
            }
            if let Some((_, bar)) = &shown {
                bar.at(report.position.raw());
            }
        })?;
        if let Some((_, bar)) = shown {
            bar.end();
        }
        arguments.output().answer(&Shown(done)).map_err(|error| Failure::other(&error))
    }
}

#[derive(Serialize)]
struct Shown(MigratedEvents);

impl Answer for Shown {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self(done) = self;
        writeln!(out, "{} events in {} streams are the same in both stores", done.events, done.streams)?;
        if done.found > 0 {
            writeln!(out, "{} of them were there from an earlier run", done.found)?;
        }
        if done.keys > 0 {
            writeln!(out, "{} keys of commands give the receipts that they gave", done.keys)?;
        }
        if !done.upcast.is_empty() {
            let mut table = Table::new(["event", "from", "to", "events"]);
            for (name, from, to, count) in &done.upcast {
                table.row([name.clone(), format!("v{from}"), format!("v{to}"), count.to_string()]);
            }
            table.write(out)?;
        }
        for name in &done.subscriptions {
            writeln!(out, "`{name}` goes on in the copy where it was")?;
        }
        if done.deliveries > 0 {
            writeln!(out, "{} deliveries are parked in the copy as they were", done.deliveries)?;
            writeln!(out, "  what their handlers do outside is done under other keys from now on")?;
        }
        if done.sagas > 0 {
            let (sagas, unfinished) = (done.sagas, done.sagas_unfinished);
            writeln!(out, "{sagas} sagas are listed in the copy, of which {unfinished} go on there")?;
        }
        if done.instances > 0 {
            let (instances, timers) = (done.instances, done.timers);
            writeln!(
                out,
                "{instances} instances of process managers and schedules go on, with {timers} timers"
            )?;
        }
        if done.sagas_unfinished + done.deliveries + done.instances > 0 {
            writeln!(
                out,
                "from now on use one of the stores alone: programs would go on with these in both"
            )?;
        }
        writeln!(out, "projections and snapshots are made anew when the copy is used first")?;
        writeln!(out, "times of recording are in the metadata (`recorded_at`)")
    }
}
