use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::PathBuf,
    time::SystemTime,
};

use gesta::{
    admin::{DecodeProgress, Decoded, Operations, RepairError, Verified, probe::Request},
    domain::Timestamp,
    store::{Damage, DamageKind, Repair},
};
use serde::Serialize;

use super::{
    Arguments,
    state::{Code, address},
    subscriptions::because,
};
use crate::shared::{Answer, Confirm, Failure, Stages, shown};

/// Arguments of `gesta verify`.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// Makes right what follows from the events, after a backup of what it changes; events are never touched
    #[arg(long)]
    repair: bool,
    /// Where the backup goes; a new file in this folder unless given
    #[arg(long, value_name = "FILE", requires = "repair")]
    backup: Option<PathBuf>,
    /// Reads every event and snapshot with the code of the domain too, which is compiled first
    #[arg(long)]
    decode: bool,
    #[command(flatten)]
    code: Code,
    #[command(flatten)]
    confirm: Confirm,
}

/// One thing that is wrong.
#[derive(Debug, Serialize)]
struct Violation<'d> {
    violation: &'static str,
    subject: &'d str,
    found: &'d str,
    means: &'static str,
    remedy: &'static str,
    repairable: bool,
}

impl Answer for Violation<'_> {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { violation, subject, found, means, remedy, .. } = self;
        let line = format!("{violation}: {subject}: {found}; it means that {means}. What to do: {remedy}");
        writeln!(out, "{}", shown(&line))
    }
}

/// What was looked over, at the end.
#[derive(Debug, Serialize)]
struct Summary {
    looked_at: std::collections::BTreeMap<&'static str, u64>,
    violations: u64,
    repaired: Option<u64>,
    backup: Option<String>,
}

impl Answer for Summary {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let looked: Vec<String> =
            self.looked_at.iter().map(|(what, count)| format!("{count} {what}")).collect();
        let found = match self.violations {
            0 => "nothing is wrong".to_owned(),
            1 => "1 violation".to_owned(),
            more => format!("{more} violations"),
        };
        writeln!(out, "looked at {}: {found}", looked.join(", "))?;
        match (self.repaired, &self.backup) {
            (Some(repaired), Some(backup)) => {
                writeln!(out, "{repaired} repaired; what was there before is in {}", shown(backup))
            }
            _ => Ok(()),
        }
    }
}

impl Verify {
    pub(super) async fn run(&self, all: &Arguments) -> Result<(), Failure> {
        let operations = all.open().await?;
        let (mut repairs, mut told) = (Vec::new(), Ok(true));
        let stages = Stages::new();
        let found = |damage: Damage| {
            if matches!(told, Ok(true)) {
                let Damage { kind, subject, found, repair } = &damage;
                let violation = Violation {
                    violation: kind.name(),
                    subject,
                    found,
                    means: kind.meaning(),
                    remedy: kind.remedy(),
                    repairable: repair.is_some(),
                };
                told = stages.aside(|| all.output().one_of_many(&violation));
            }
            repairs.extend(damage.repair);
        };
        let verified = operations.verify(found, |what, done, of| stages.at(what, done, of)).await;
        stages.end();
        let (verified, heard) = (verified?, told?);
        let verified = match self.decode {
            true => self.decode(all, verified, &mut repairs).await?,
            false => verified,
        };
        let mut summary = Summary {
            looked_at: verified.looked_at.iter().copied().collect(),
            violations: verified.damages,
            repaired: None,
            backup: None,
        };
        if self.repair && !repairs.is_empty() {
            let (repaired, backup) = self.mend(&operations, &repairs).await?;
            (summary.repaired, summary.backup) = (Some(repaired), Some(backup));
        }
        if heard {
            all.output().answer(&summary)?;
        }
        let left = verified.damages - summary.repaired.unwrap_or_default();
        if left > 0 { Err(Failure::Found(format!("{left} violations"))) } else { Ok(()) }
    }

    /// What the code of the domain cannot read is wrong too.
    async fn decode(
        &self,
        all: &Arguments,
        mut verified: Verified,
        repairs: &mut Vec<Repair>,
    ) -> Result<Verified, Failure> {
        let request = Request::Decode { store: address(&all.address()?)? };
        let stages = Stages::new();
        let shown = stages.clone();
        let report = move |report| {
            if let Ok(DecodeProgress { what, done, of }) = serde_json::from_value(report) {
                shown.at(&what, done, of);
            }
        };
        let decoded = self.code.ask_slowly::<Decoded>(request, report).await;
        stages.end();
        let Decoded { read, foreign, unreadable, reasons, snapshots } = decoded?;
        let tell = |kind: DamageKind, subject: &str, found: &str, repairable: bool| {
            let (violation, means, remedy) = (kind.name(), kind.meaning(), kind.remedy());
            all.output().one_of_many(&Violation { violation, subject, found, means, remedy, repairable })
        };
        for (subject, found) in &reasons {
            if !tell(DamageKind::Unreadable, subject, found, false)? {
                break;
            }
        }
        for (subject, found, repair) in snapshots.reasons {
            repairs.push(repair);
            if !tell(DamageKind::UnreadableSnapshot, &subject, &found, true)? {
                break;
            }
        }
        verified.looked_at.extend([
            ("events by the domain", read + unreadable),
            ("events of others", foreign),
            ("snapshots by the domain", snapshots.read + snapshots.unreadable),
            ("snapshots of another shape", snapshots.outdated),
        ]);
        if snapshots.foreign > 0 {
            verified.looked_at.push(("snapshots of others", snapshots.foreign));
        }
        verified.damages += unreadable + snapshots.unreadable;
        Ok(verified)
    }

    async fn mend(&self, operations: &Operations, repairs: &[Repair]) -> Result<(u64, String), Failure> {
        let path = self.backup.clone().unwrap_or_else(|| {
            let seconds = Timestamp::from(SystemTime::now()).as_micros() / 1_000_000;
            PathBuf::from(format!("gesta-repair-{seconds}.ndjson"))
        });
        let because = because(&self.confirm)?;
        self.confirm.ask(&format!(
            "{} things are set right that follow from the events; what is there now is written to {} first",
            repairs.len(),
            path.display()
        ))?;
        let mut backup = OpenOptions::new().write(true).create_new(true).open(&path).map_err(|error| {
            Failure::Usage(format!(
                "the backup {} cannot be made, so nothing was changed: {error}",
                path.display()
            ))
        })?;
        let called = path.display().to_string();
        let repaired = operations.repair(repairs, (&mut Synced(&mut backup), &called), &because).await;
        let repaired = repaired.map_err(|error| match error {
            RepairError::Store(error) => Failure::from(error).saying(|text| {
                format!("{text}; what is repaired by then is repaired, and the backup is {called}")
            }),
            other => Failure::other(&other),
        })?;
        Ok((repaired, called))
    }
}

/// A file that is on the disk once it is flushed.
struct Synced<'f>(&'f mut std::fs::File);

impl Write for Synced<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}
