use std::ops::ControlFlow;

use super::{
    MigrateError, append_all, log, receipts,
    transcode::{Transcoders, meta_of},
};
use crate::{
    domain::Position,
    store::{Append, Expected, Item, LogEventRef, ReadLog, ReadStream, Store, StreamId},
};

/// So many events are stored at once, and so many bytes.
const EVENTS: usize = 500;
const BYTES: usize = 4 << 20;

/// Copies what the target does not have yet, and returns from where in the source on that was. A batch is stored as a
/// whole, so the target is always a beginning of the source.
pub(super) async fn copy(
    from: &Store,
    to: &Store,
    transcoders: &Transcoders,
    report: &mut (dyn FnMut(Position) + Send),
) -> Result<Position, MigrateError> {
    let start = resume(from, to).await?;
    report(start);
    let mut source = log(from, start);
    let mut batch = Batch::default();
    while let Some(entry) = source.next().await {
        let entry = entry?;
        let mut event = transcoders.newest(&entry)?;
        if transcoders.may_hold_receipts(&entry) {
            // They are of events before this one, which are in the target then.
            batch.store(to).await?;
            event.payload = receipts::translate(from, to, event.payload).await?;
        }
        batch.bytes += event.payload.len();
        batch.events += 1;
        let meta = meta_of(&entry)?;
        // Events that were stored at once have the same time and the same metadata.
        match batch.appends.last_mut() {
            Some(last) if last.stream == entry.stream && last.meta == meta => last.events.push(event),
            _ => {
                let expected = Expected::Version(entry.version - 1);
                let append = Append::new(entry.stream.clone(), expected, vec![event]);
                batch.appends.push(Append { meta, ..append });
            }
        }
        if batch.events >= EVENTS || batch.bytes >= BYTES {
            batch.store(to).await?;
            report(entry.position);
        }
    }
    batch.store(to).await?;
    Ok(start)
}

#[derive(Default)]
struct Batch {
    appends: Vec<Append>,
    events: usize,
    bytes: usize,
}

impl Batch {
    async fn store(&mut self, to: &Store) -> Result<(), MigrateError> {
        let Self { appends, .. } = std::mem::take(self);
        append_all(to, appends).await
    }
}

/// The position in the source of the last event that the target has.
async fn resume(from: &Store, to: &Store) -> Result<Position, MigrateError> {
    let last = to.port().last_position().await?;
    if last == Position::START {
        return Ok(Position::START);
    }
    let mut found: Option<(StreamId, u64)> = None;
    let read = ReadLog { after: Position::from_raw(last.raw() - 1), limit: 1 };
    let mut visit = |event: LogEventRef<'_>| {
        found = Some((event.stream.clone(), event.event.version));
        ControlFlow::Break(())
    };
    to.port().read_log(&read, &mut visit).await?;
    let Some((stream, version)) = found else { return Ok(Position::START) };
    let mut position = None;
    let read = ReadStream { after: version - 1, limit: Some(1), ..ReadStream::all(stream.clone()) };
    let mut visit = |item: Item<'_>| {
        if let Item::Event(event) = item {
            position = Some(event.position);
        }
        ControlFlow::Continue(())
    };
    from.port().read_stream(&read, &mut visit).await?;
    position.ok_or(MigrateError::NotACopy { stream, version, found: "which the source does not have".into() })
}
