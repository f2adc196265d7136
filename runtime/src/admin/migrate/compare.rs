use std::collections::{BTreeMap, HashSet};

use super::{
    MigrateError, log,
    places::Places,
    receipts,
    transcode::{Transcoders, meta_of},
};
use crate::{
    domain::Position,
    log::LogEntry,
    store::{NewEvent, Store},
};

/// Reports are made after so many events.
const REPORT: u64 = 1_000;

pub(super) struct Compared {
    pub(super) events: u64,
    /// How many of them are not behind the position from which on it was copied.
    pub(super) found: u64,
    pub(super) streams: u64,
    pub(super) upcast: Vec<(String, u16, u16, u64)>,
    /// Where the events of the source are in the target.
    pub(super) places: Places,
}

/// Reads both from the first event to the end of the target, and refuses any difference.
pub(super) async fn compare(
    from: &Store,
    to: &Store,
    transcoders: &Transcoders,
    copied_from: Position,
    report: &mut (dyn FnMut(Position) + Send),
) -> Result<Compared, MigrateError> {
    let (mut source, mut target) = (log(from, Position::START), log(to, Position::START));
    let mut upcast: BTreeMap<(String, u16, u16), u64> = BTreeMap::new();
    let (mut events, mut found, mut streams) = (0, 0, HashSet::new());
    let mut places = Places::default();
    while let Some(copied) = target.next().await {
        let copied = copied?;
        let Some(original) = source.next().await else {
            return Err(different(&copied, "the copy has more events than the source".into()));
        };
        let original = original?;
        let mut newest = transcoders.newest(&original)?;
        if transcoders.may_hold_receipts(&original) {
            newest.payload = receipts::translate(from, to, newest.payload).await?;
        }
        check(&original, &copied, &newest)?;
        places.note(original.position, copied.position);
        if copied.type_version != original.type_version || copied.name != original.name {
            let key = (original.name.clone(), original.type_version, copied.type_version);
            *upcast.entry(key).or_default() += 1;
        }
        streams.insert(original.stream.key());
        events += 1;
        found += u64::from(original.position <= copied_from);
        if events % REPORT == 0 {
            report(original.position);
        }
    }
    if let Some(original) = source.next().await {
        // Somebody still writes: the next run copies it.
        let LogEntry { stream, version, .. } = original?;
        return Err(MigrateError::Grown { what: format!("{stream} version {version}") });
    }
    let upcast = upcast.into_iter().map(|((name, from, to), count)| (name, from, to, count)).collect();
    Ok(Compared { events, found, streams: streams.len() as u64, upcast, places })
}

fn check(original: &LogEntry, copied: &LogEntry, newest: &NewEvent) -> Result<(), MigrateError> {
    if (&original.stream, original.version) != (&copied.stream, copied.version) {
        let found = format!("the copy has {} version {} in its place", copied.stream, copied.version);
        return Err(different(original, found));
    }
    if (newest.name, newest.version) != (&copied.name, copied.type_version) {
        let found = format!("the copy has it as `{}` v{}", copied.name, copied.type_version);
        return Err(different(original, found));
    }
    if newest.payload != copied.payload {
        return Err(different(original, "the payloads are not the same".into()));
    }
    if meta_of(original)? != copied.meta()? {
        return Err(different(original, "the metadata are not the same".into()));
    }
    Ok(())
}

fn different(original: &LogEntry, difference: String) -> MigrateError {
    let (stream, position, version) = (original.stream.clone(), original.position, original.version);
    MigrateError::Different { position, stream, version, difference }
}
