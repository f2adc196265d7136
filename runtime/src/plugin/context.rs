use serde_json::Value;

use super::emission::Emission;
use crate::{
    domain::{Aggregate, AggregateId, HandlerFailure, IdempotencyKey, Meta},
    log::LogEntry,
    store::StreamId,
};

/// What stands beside an event while a plugin handles it.
#[derive(Debug)]
pub struct PluginContext {
    key: IdempotencyKey,
    attempt: u32,
    meta: Meta,
    results: Vec<(String, Value)>,
    emissions: Vec<Emission>,
}

impl PluginContext {
    pub(super) fn new(
        plugin: &str,
        event: &LogEntry,
        meta: &Meta,
        attempt: u32,
        results: Vec<(String, Value)>,
    ) -> Self {
        let key = IdempotencyKey::new(format!("plugin/{}/{plugin}", event.position));
        Self { key, attempt, meta: meta.clone(), results, emissions: Vec::new() }
    }

    /// Who caused the event, and what it belongs to.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Which attempt of this plugin at this event this is, as far as this process knows: 1 for the first.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The same for every attempt of this plugin at this event, and for nothing else: for services that tell repetitions
    /// by a key.
    pub fn key(&self) -> &IdempotencyKey {
        &self.key
    }

    /// The result of a plugin that was called with this event before this one.
    pub fn result(&self, plugin: &str) -> Option<&Value> {
        self.results.iter().find(|(name, _)| name == plugin).map(|(_, value)| value)
    }

    /// The results of all plugins that were called before this one, in their order.
    pub fn results(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.results.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Emits an event of an aggregate: it is stored once this plugin has succeeded, exactly once however often the plugin
    /// is called, and carries what the handled event belongs to. Nobody decides about it: it is for facts that the
    /// aggregate takes as they are. What must be decided is a command.
    ///
    /// The events of one call are told apart by their order, so it must be the same each time.
    ///
    /// # Errors
    /// A permanent failure when the event cannot be written as JSON.
    pub fn emit<I: AggregateId>(
        &mut self,
        id: &I,
        event: <I::Aggregate as Aggregate>::Event,
    ) -> Result<(), HandlerFailure> {
        let emission = Emission::new(StreamId::of(id), &event)?;
        self.emissions.push(emission);
        Ok(())
    }

    /// What is to be stored, and under which key.
    pub(super) fn into_emissions(self) -> (IdempotencyKey, Vec<Emission>) {
        (self.key, self.emissions)
    }
}
