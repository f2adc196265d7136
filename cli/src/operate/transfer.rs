//! `export` and `import`.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use gesta::admin::{ExportError, Exported, ImportError, Imported, Operations, check_export};
use serde::Serialize;

use super::{
    Arguments,
    filter::{self, Given},
};
use crate::shared::{Answer, Confirm, Failure, Progress};

/// Arguments of `gesta export`.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// The file, which must not be there yet; the standard output unless given
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only these events, WHAT=VALUE as for `gesta log`; an import needs whole streams
    #[arg(long, short, value_name = "WHAT=VALUE", value_parser = Given::parse, long_help = filter::HELP)]
    filter: Vec<Given>,
}

/// Arguments of `gesta import`.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// What `gesta export` has written; the standard input where it is `-`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Makes the store if there is none
    #[arg(long)]
    create: bool,
    /// Only checks the file
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    confirm: Confirm,
}

#[derive(Debug, Serialize)]
struct Written {
    events: u64,
    up_to: u64,
    checksum: String,
}

impl From<Exported> for Written {
    fn from(exported: Exported) -> Self {
        Self { events: exported.events, up_to: exported.up_to.raw(), checksum: exported.checksum }
    }
}

impl Answer for Written {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} events up to position {}, {}", self.events, self.up_to, self.checksum)
    }
}

#[derive(Debug, Serialize)]
struct Stored {
    stored: u64,
    skipped: u64,
}

impl From<Imported> for Stored {
    fn from(imported: Imported) -> Self {
        Self { stored: imported.stored, skipped: imported.skipped }
    }
}

impl Answer for Stored {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} events stored, {} were there already", self.stored, self.skipped)?;
        writeln!(
            out,
            "not kept: positions, idempotency keys, snapshots, documents and positions of subscriptions, which \
             are made anew; instances of sagas that have not ended rest until `gesta sagas retry` or `reschedule`"
        )
    }
}

#[derive(Debug, Serialize)]
struct Checked {
    events: u64,
}

impl Answer for Checked {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{} events, whole and undamaged", self.events)
    }
}

impl From<ImportError> for Failure {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Store(error) => error.into(),
            other => Self::other(&other),
        }
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Store(error) => error.into(),
            other => Self::other(&other),
        }
    }
}

impl Export {
    pub(super) async fn run(&self, all: &Arguments) -> Result<(), Failure> {
        let filter = filter::filter(&self.filter)?;
        let operations = all.open().await?;
        let Some(path) = &self.file else {
            let mut out = BufWriter::new(io::stdout());
            return match operations.export(&filter, &mut out, |_, _| {}).await {
                // Whoever has read enough has gone.
                Err(ExportError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                    // What was not written is not wanted.
                    let _ = out.into_parts();
                    Ok(())
                }
                other => Ok(other.map(drop)?),
            };
        };
        let file = File::options().write(true).create_new(true).open(path);
        let file =
            file.map_err(|error| Failure::Usage(format!("{} cannot be made: {error}", path.display())))?;
        let mut bar: Option<Progress> = None;
        let mut out = BufWriter::new(file);
        let exported = operations.export(&filter, &mut out, |at, last| {
            bar.get_or_insert_with(|| Progress::of(last.raw(), "exporting")).at(at.raw());
        });
        let exported = exported.await;
        if let Some(bar) = bar {
            bar.end();
        }
        let exported = exported?;
        out.get_ref().sync_all().map_err(ExportError::Write)?;
        Ok(all.output().answer(&Written::from(exported))?)
    }
}

fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    let file = File::open(path);
    file.map(BufReader::new)
        .map_err(|error| Failure::NotFound(format!("{} cannot be read: {error}", path.display())))
}

impl Import {
    pub(super) async fn run(&self, all: &Arguments) -> Result<(), Failure> {
        let piped = self.file == Path::new("-");
        // Checked as a whole before anything is stored, where that is possible.
        let events = if piped { None } else { Some(check_export(&mut open(&self.file)?)?) };
        if self.check {
            let events = events.map_or_else(|| check_export(&mut BufReader::new(io::stdin())), Ok)?;
            return Ok(all.output().answer(&Checked { events })?);
        }
        let address = all.address()?;
        if piped && !self.confirm.yes {
            return Err(Failure::NotConfirmed("the standard input is the export: say --yes".into()));
        }
        let how_many =
            events.map_or_else(|| "the events of the export".to_owned(), |n| format!("{n} events"));
        self.confirm.ask(&format!("{how_many} are stored behind what there is, for ever"))?;
        let patience = Some(Duration::from_secs(all.timeout.max(1)));
        let operations = match self.create {
            true => Operations::create(&address, patience).await?,
            false => all.open().await?,
        };
        let bar = events.map(|events| Progress::of(events, "importing"));
        let progress = |done| bar.iter().for_each(|bar| bar.at(done));
        let imported = match piped {
            true => operations.import(&mut BufReader::new(io::stdin()), progress).await,
            false => operations.import(&mut open(&self.file)?, progress).await,
        };
        if let Some(bar) = &bar {
            bar.end();
        }
        Ok(all.output().answer(&Stored::from(imported?))?)
    }
}
