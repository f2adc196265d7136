//! `export` and `import`.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use gesta::admin::{ExportError, Exported, ImportError, Imported, Operations, check_export};
use serde::Serialize;

use super::{
    Arguments,
    filter::{self, Given},
};
use crate::shared::{Answer, Confirm, Failure, Progress, Stages};

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
        // From here on it is taken away again, unless all of it is there.
        let unfinished = Unfinished(Some(path));
        let stages = Stages::new();
        let mut out = BufWriter::new(file);
        let exported =
            operations.export(&filter, &mut out, |done, of| stages.at("exporting", done, of)).await;
        stages.end();
        let written = exported
            .and_then(|exported| out.get_ref().sync_all().map(|()| exported).map_err(ExportError::Write));
        let written = written.map_err(|error| {
            Failure::from(error)
                .saying(|text| format!("{text}; {}, which was begun, is taken away", path.display()))
        })?;
        unfinished.keep();
        Ok(all.output().answer(&Written::from(written))?)
    }
}

/// A file that was begun.
struct Unfinished<'p>(Option<&'p Path>);

impl Unfinished<'_> {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        // An export without its last line is told by `import`, should it be left behind.
        self.0.iter().for_each(|path| drop(std::fs::remove_file(path)));
    }
}

/// A file that tells how much of it was read.
struct Watched {
    file: BufReader<File>,
    stages: Stages,
    read: u64,
    of: u64,
}

impl Watched {
    fn told(&mut self, read: usize) {
        self.read += read as u64;
        // In megabytes, which is also how often it need be told.
        if self.read >> 20 != (self.read - read as u64) >> 20 {
            self.stages.at("megabytes checked", self.read >> 20, self.of >> 20);
        }
    }
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.told(read);
        Ok(read)
    }
}

impl BufRead for Watched {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.file.consume(amount);
        self.told(amount);
    }
}

/// Reads a file to its end; how many events it has.
fn check(path: &Path) -> Result<u64, Failure> {
    let file = open(path)?;
    let of = file.get_ref().metadata().map_or(0, |metadata| metadata.len());
    let stages = Stages::new();
    let events = check_export(&mut Watched { file, stages: stages.clone(), read: 0, of });
    stages.end();
    Ok(events?)
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
        let events = if piped { None } else { Some(check(&self.file)?) };
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
