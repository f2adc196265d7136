use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
};

use super::{MigrateError, RECORDED_AT, receipts};
use crate::{
    app::Register,
    domain::{CommandHandlers, Event, EventHandler, EventOf, Evolve, Meta, Projection},
    log::LogEntry,
    model::Describe,
    process_manager::ProcessManager,
    query::QueryHandlers,
    saga::Saga,
    store::NewEvent,
};

/// What the categories of the framework's own streams are, or begin with.
const OURS: [&str; 3] = [crate::monitor::CATEGORY, "schedule", "recurring"];
const OURS_BEGIN: [&str; 2] = ["saga.", "process."];

/// How the events of each category become those of the newest versions.
pub(super) struct Transcoders {
    by_category: HashMap<&'static str, Transcode>,
    /// The names of the event handlers.
    pub(super) handlers: HashSet<&'static str>,
    /// The names of the process managers.
    pub(super) processes: HashSet<&'static str>,
    /// Names of events are few, and a store wants them to last.
    names: Mutex<HashMap<String, &'static str>>,
}

type Transcode = fn(&LogEntry) -> Result<NewEvent, MigrateError>;

impl Describe for Transcoders {
    fn aggregate<A: CommandHandlers>(&mut self) {
        self.by_category.insert(A::NAME, transcode::<A::Event>);
    }

    fn event_handler<H: EventHandler>(&mut self) {
        self.handlers.insert(H::NAME);
    }

    fn process_manager<P: ProcessManager>(&mut self) {
        self.processes.insert(P::NAME);
    }

    fn projection<P: Projection>(&mut self) {}
    fn fold<P: Projection + Evolve<E>, E: Event + EventOf>(&mut self) {}
    fn queries<P: QueryHandlers>(&mut self) {}
    fn saga<S: Saga>(&mut self) {}
}

impl Transcoders {
    pub(super) fn of<D: Register>() -> Self {
        let mut found = Self {
            by_category: HashMap::new(),
            handlers: HashSet::new(),
            processes: HashSet::new(),
            names: Mutex::default(),
        };
        D::describe(&mut found);
        found
    }

    /// The event as it is written today; one that is not an aggregate's as it is.
    pub(super) fn newest(&self, entry: &LogEntry) -> Result<NewEvent, MigrateError> {
        let category = entry.stream.category();
        if let Some(transcode) = self.by_category.get(category) {
            return transcode(entry);
        }
        if !is_ours(category) {
            return Err(MigrateError::Stranger { stream: entry.stream.clone(), position: entry.position });
        }
        let name = self.name(&entry.name);
        Ok(NewEvent { name, version: entry.type_version, payload: entry.payload.clone() })
    }

    /// Whether there may be receipts in an event, of which the position is another one in the target.
    pub(super) fn may_hold_receipts(&self, entry: &LogEntry) -> bool {
        let category = entry.stream.category();
        let keeps = is_ours(category) && !self.by_category.contains_key(category);
        keeps && category != crate::monitor::CATEGORY && receipts::may_be_in(&entry.payload)
    }

    fn name(&self, name: &str) -> &'static str {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        match names.get(name) {
            Some(known) => known,
            None => {
                let kept: &'static str = String::leak(name.to_owned());
                names.insert(name.to_owned(), kept);
                kept
            }
        }
    }
}

/// Whether the streams of a category are the framework's own.
fn is_ours(category: &str) -> bool {
    OURS.contains(&category) || OURS_BEGIN.iter().any(|begin| category.starts_with(begin))
}

/// Through the upcasters. What is of the newest version already stays as it is, to the byte.
fn transcode<E: Event>(entry: &LogEntry) -> Result<NewEvent, MigrateError> {
    let event = entry.decode::<E>()?;
    let unwritable = |reason: String| MigrateError::Unwritable {
        stream: entry.stream.clone(),
        version: entry.version,
        reason,
    };
    let Some(found) = E::TYPES.get(event.index()) else {
        return Err(unwritable("its type does not list it".into()));
    };
    if found.name == entry.name && found.version == entry.type_version {
        let payload = entry.payload.clone();
        return Ok(NewEvent { name: found.name, version: found.version, payload });
    }
    let mut payload = Vec::new();
    event.encode(&mut payload).map_err(|error| unwritable(error.to_string()))?;
    Ok(NewEvent { name: found.name, version: found.version, payload })
}

/// The metadata with the time at which the event was recorded first.
pub(super) fn meta_of(entry: &LogEntry) -> Result<Meta, MigrateError> {
    let mut meta = entry.meta()?;
    let recorded_at = || entry.recorded_at.to_string();
    meta.values.entry(RECORDED_AT.to_owned()).or_insert_with(recorded_at);
    Ok(meta)
}
