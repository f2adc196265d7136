use std::{
    io::{self, Write},
    ops::ControlFlow,
};

use super::{
    Operations,
    transfer::{Checksum, FORMAT, Footer, Header, Line},
};
use crate::{
    domain::Position,
    log::Filter,
    store::{LogEventRef, ReadLog, StoreError},
};

/// So many events are read at a time.
const PAGE: u64 = 2_000;

/// What was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exported {
    /// How many events.
    pub events: u64,
    /// Up to this position.
    pub up_to: Position,
    /// The checksum of their lines.
    pub checksum: String,
}

/// Why a log could not be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// It cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be written.
    #[error("the export cannot be written: {0}")]
    Write(#[from] io::Error),
}

impl Operations {
    /// Writes all events that pass a filter, up to the end of the log as it is now: one per line as JSON, between a first
    /// line that says what it is and a last one with their number and checksum. It tells now and then how many events it
    /// has looked at, of about how many.
    ///
    /// Payloads and metadata keep their bytes, and events their stream, version, time and order. What is not in the log
    /// is not exported: idempotency keys, snapshots, documents, positions of subscriptions, dead letters, how instances
    /// of sagas stand, and timers.
    ///
    /// # Errors
    /// [`ExportError`].
    pub async fn export(
        &self,
        filter: &Filter,
        out: &mut (dyn Write + Send),
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Exported, ExportError> {
        let port = self.store().port();
        let up_to = port.last_position().await?;
        line(out, &Header { gesta: "export".to_owned(), format: FORMAT, up_to: up_to.raw() })?;
        let of = self.total_events().await?;
        let (mut after, mut events, mut checksum) = (Position::START, 0, Checksum::new());
        let mut looked_at = 0;
        while after < up_to {
            let mut written = Ok(());
            let mut visit = |event: LogEventRef<'_>| {
                if event.event.position > up_to {
                    return ControlFlow::Break(());
                }
                looked_at += 1;
                if filter.matches(event) {
                    match line(out, &Line::of(event)) {
                        Ok(line) => checksum.add(&line),
                        Err(error) => {
                            written = Err(error);
                            return ControlFlow::Break(());
                        }
                    }
                    events += 1;
                }
                ControlFlow::Continue(())
            };
            let next = port.read_log(&ReadLog { after, limit: PAGE }, &mut visit).await?;
            written?;
            if next == after {
                break;
            }
            after = next;
            progress(looked_at, of);
        }
        let checksum = checksum.text();
        line(out, &Footer { gesta: "end".to_owned(), events, checksum: checksum.clone() })?;
        out.flush()?;
        Ok(Exported { events, up_to, checksum })
    }
}

/// Writes a line; its bytes without the end.
fn line(out: &mut dyn Write, value: &impl serde::Serialize) -> io::Result<Vec<u8>> {
    let mut json = serde_json::to_vec(value)?;
    json.push(b'\n');
    out.write_all(&json)?;
    json.pop();
    Ok(json)
}
