use std::collections::HashMap;

use super::{Input, Inputs, Manage, ProcessManager, Reaction};
use crate::{
    domain::{Event, HandlerFailure, Meta, Route},
    log::LogEntry,
    store::StoreError,
};

/// How a process manager takes events, by their names.
pub(super) struct InputsOf<P: ProcessManager>(HashMap<&'static str, Taking<P>>);

/// How the events of one name are taken.
pub(super) struct Taking<P: ProcessManager> {
    pub(super) route: fn(&LogEntry) -> Result<Route, StoreError>,
    pub(super) manage: Manages<P>,
}

type Manages<P> =
    fn(&mut P, &LogEntry, &<P as ProcessManager>::Key, &Meta) -> Result<Vec<Reaction<P>>, HandlerFailure>;

impl<P: ProcessManager> InputsOf<P> {
    pub(super) fn new() -> Self {
        let mut inputs = Self(HashMap::new());
        P::inputs(&mut inputs);
        inputs
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    pub(super) fn get(&self, event: &str) -> Option<&Taking<P>> {
        self.0.get(event)
    }
}

impl<P: ProcessManager> Inputs<P> for InputsOf<P> {
    fn on<E: Event>(&mut self)
    where
        P: Manage<E>,
    {
        for found in E::TYPES {
            let variant = found.source.rsplit("::").next().unwrap_or_default();
            if P::VARIANTS.contains(&variant) {
                self.0.insert(found.name, Taking { route: route::<P, E>, manage: manage::<P, E> });
            }
        }
    }
}

fn route<P: Manage<E>, E: Event>(entry: &LogEntry) -> Result<Route, StoreError> {
    entry.decode::<E>().map(|event| P::route(&event))
}

fn manage<P: Manage<E>, E: Event>(
    state: &mut P,
    entry: &LogEntry,
    key: &P::Key,
    meta: &Meta,
) -> Result<Vec<Reaction<P>>, HandlerFailure> {
    let event = entry.decode::<E>().map_err(HandlerFailure::permanent)?;
    let mut input = Input::new(key, entry.stream.category(), entry.stream.id(), meta);
    input.position = entry.position;
    input.version = entry.version;
    input.recorded_at = entry.recorded_at;
    state.manage(&event, &input)
}
