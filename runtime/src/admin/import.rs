use std::{
    collections::HashMap,
    io::{self, BufRead},
};

use uuid::Uuid;

use super::{
    Operations,
    transfer::{Checksum, FORMAT, Footer, Header, Line},
};
use crate::{
    log::LogEntry,
    store::{RecordedEvent, Restoring, StoreError, StreamId},
};

/// So many events, or bytes of them, are stored in one transaction.
const EVENTS: usize = 1_000;
const BYTES: usize = 8 << 20;

/// What was imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Imported {
    /// How many events were stored.
    pub stored: u64,
    /// How many were there already, the same to the byte.
    pub skipped: u64,
}

/// Why an export could not be imported. What was stored before stays; once the reason is gone, importing it again goes
/// on where it ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It does not begin as an export does.
    #[error("this is no export of gesta: its first line is not `{{\"gesta\":\"export\",..}}`")]
    NotAnExport,
    /// It was written in another form.
    #[error(
        "this export has the form {found}, and this program knows the form {FORMAT}; use the version of gesta that wrote it"
    )]
    Format {
        /// Which.
        found: u32,
    },
    /// A line cannot be read.
    #[error("line {number} cannot be read: {reason}; the file is damaged, take another copy of it")]
    Line {
        /// Which, counted from 1.
        number: u64,
        /// What is wrong.
        reason: String,
    },
    /// The last line is missing.
    #[error(
        "the export ends after {events} events without its last line: it was cut off, or the export did not end; take a whole one"
    )]
    CutOff {
        /// How many events it has.
        events: u64,
    },
    /// What was read is not what was written.
    #[error("the export is damaged: it says {expected}, and it is {found}; take another copy of it")]
    Damaged {
        /// What its last line says.
        expected: String,
        /// What was read.
        found: String,
    },
    /// The store has another event in its place.
    #[error(
        "{stream} version {version} is in the store already, with another {what}: this is another history; import it into another store"
    )]
    Different {
        /// The stream.
        stream: StreamId,
        /// The version.
        version: u64,
        /// What differs.
        what: &'static str,
    },
    /// Events before it are missing in the store.
    #[error(
        "{stream} is at version {actual} in the store, and the next event of the export is version {version}: what is between is in neither; export it without a filter"
    )]
    Behind {
        /// The stream.
        stream: StreamId,
        /// The version that comes next in the export.
        version: u64,
        /// That of the stream.
        actual: u64,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be read.
    #[error("the export cannot be read: {0}")]
    Read(#[from] io::Error),
}

/// The lines of an export, checked as they are read.
struct Lines<'r> {
    from: &'r mut (dyn BufRead + Send),
    number: u64,
    events: u64,
    checksum: Checksum,
}

impl<'r> Lines<'r> {
    fn begin(from: &'r mut (dyn BufRead + Send)) -> Result<Self, ImportError> {
        let mut lines = Self { from, number: 0, events: 0, checksum: Checksum::new() };
        let first = lines.line()?.unwrap_or_default();
        let header: Header = serde_json::from_slice(&first).map_err(|_| ImportError::NotAnExport)?;
        match (&*header.gesta, header.format) {
            ("export", FORMAT) => Ok(lines),
            ("export", found) => Err(ImportError::Format { found }),
            _ => Err(ImportError::NotAnExport),
        }
    }

    /// The next line without its end; `None` behind the last.
    fn line(&mut self) -> Result<Option<Vec<u8>>, ImportError> {
        let mut line = Vec::new();
        if self.from.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        Ok(Some(line))
    }

    /// The next event, and how long it is; `None` once the last line has confirmed all of them.
    fn event(&mut self) -> Result<Option<(RecordedEvent, usize)>, ImportError> {
        let Some(line) = self.line()? else { return Err(ImportError::CutOff { events: self.events }) };
        if line.starts_with(b"{\"gesta\":") {
            return self.end(&line).map(|()| None);
        }
        let wrong = |reason: String| ImportError::Line { number: self.number, reason };
        let read: Line = serde_json::from_slice(&line).map_err(|error| wrong(error.to_string()))?;
        let event = read.into_event().map_err(wrong)?;
        self.checksum.add(&line);
        self.events += 1;
        Ok(Some((event, line.len())))
    }

    fn end(&mut self, line: &[u8]) -> Result<(), ImportError> {
        let wrong =
            |error: serde_json::Error| ImportError::Line { number: self.number, reason: error.to_string() };
        let footer: Footer = serde_json::from_slice(line).map_err(wrong)?;
        let says = |events: u64, checksum: &str| format!("{events} events with the checksum {checksum}");
        let (expected, found) =
            (says(footer.events, &footer.checksum), says(self.events, &self.checksum.text()));
        if expected != found {
            return Err(ImportError::Damaged { expected, found });
        }
        // What stands behind would be left out without a word.
        match self.line()? {
            None => Ok(()),
            Some(_) => Err(ImportError::Line {
                number: self.number,
                reason: "an export ends with the line before; are these several, one behind the other?"
                    .to_owned(),
            }),
        }
    }
}

/// Reads an export to its end and says how many events it has, if nothing of it is missing or damaged.
///
/// # Errors
/// [`ImportError`].
pub fn check_export(from: &mut (dyn BufRead + Send)) -> Result<u64, ImportError> {
    let mut lines = Lines::begin(from)?;
    while lines.event()?.is_some() {}
    Ok(lines.events)
}

impl Operations {
    /// Stores what was exported: in the same order behind what there is, with the versions and the times that it had, in
    /// transactions of many events. Positions are given anew. What is there already, to the byte, is skipped: so an
    /// import that was ended in its midst is gone on with by importing the same again. It tells now and then how many
    /// events it is done with.
    ///
    /// An export that comes through a pipe is known to be whole only at its end; check a file with [`check_export`] first.
    ///
    /// # Errors
    /// [`ImportError`]; [`ImportError::Different`] and [`ImportError::Behind`] when the store has another history.
    pub async fn import(
        &self,
        from: &mut (dyn BufRead + Send),
        mut progress: impl FnMut(u64),
    ) -> Result<Imported, ImportError> {
        let mut lines = Lines::begin(from)?;
        let mut imported = Imported::default();
        loop {
            let (mut batch, mut bytes, mut at_end) = (Vec::new(), 0, false);
            while batch.len() < EVENTS && bytes < BYTES && !at_end {
                match lines.event()? {
                    Some((event, length)) => {
                        bytes += length;
                        batch.push(event);
                    }
                    None => at_end = true,
                }
            }
            self.import_batch(batch, &mut imported).await?;
            progress(imported.stored + imported.skipped);
            if at_end {
                return Ok(imported);
            }
        }
    }

    async fn import_batch(
        &self,
        mut batch: Vec<RecordedEvent>,
        imported: &mut Imported,
    ) -> Result<(), ImportError> {
        let port = self.inspect()?;
        if batch.is_empty() {
            return Ok(());
        }
        if let Restoring::Conflict { .. } = port.restore(&batch).await? {
            let all = batch.len() as u64;
            batch = self.not_there(batch).await?;
            imported.skipped += all - batch.len() as u64;
            if batch.is_empty() {
                return Ok(());
            }
            if let Restoring::Conflict { stream, actual } = port.restore(&batch).await? {
                let next = batch.iter().find(|event| event.stream == stream).map(|event| event.version);
                return Err(ImportError::Behind { stream, version: next.unwrap_or_default(), actual });
            }
        }
        imported.stored += batch.len() as u64;
        Ok(())
    }

    /// Those that are not in the store. The others must be there as they are here.
    async fn not_there(&self, batch: Vec<RecordedEvent>) -> Result<Vec<RecordedEvent>, ImportError> {
        let mut ranges: HashMap<Uuid, (StreamId, u64, u64)> = HashMap::new();
        for event in &batch {
            let range = ranges.entry(event.stream.key());
            let (_, first, last) = range.or_insert((event.stream.clone(), event.version, event.version));
            (*first, *last) = ((*first).min(event.version), (*last).max(event.version));
        }
        let mut there: HashMap<(Uuid, u64), LogEntry> = HashMap::new();
        for (key, (stream, first, last)) in ranges {
            let entries = self.events(&stream, first.saturating_sub(1), last - first + 1).await?;
            there.extend(entries.into_iter().map(|entry| ((key, entry.version), entry)));
        }
        let mut left = Vec::new();
        for event in batch {
            match there.get(&(event.stream.key(), event.version)) {
                None => left.push(event),
                Some(entry) => {
                    if let Some(what) = difference(entry, &event) {
                        let (stream, version) = (event.stream, event.version);
                        return Err(ImportError::Different { stream, version, what });
                    }
                }
            }
        }
        Ok(left)
    }
}

fn difference(entry: &LogEntry, event: &RecordedEvent) -> Option<&'static str> {
    let stored = entry.as_log_event().event;
    [
        ("name", stored.name == event.name),
        ("version of its shape", stored.type_version == event.type_version),
        ("payload", stored.payload == event.payload),
        ("metadata", stored.meta == event.meta),
        ("time", stored.recorded_at == event.recorded_at),
    ]
    .into_iter()
    .find_map(|(what, same)| (!same).then_some(what))
}
