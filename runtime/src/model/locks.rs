use std::collections::BTreeMap;

use super::Model;
use crate::evolution::{Lock, LockEntry, LockKey, OwnedField, OwnedShape, ShapeError};

impl Model {
    /// What the code says, as a lock for each package in which an event, a saga or an aggregate with snapshots is defined.
    ///
    /// # Errors
    /// When the text of a shape is not one; the model of a later version of gesta may have such.
    pub fn locks(&self) -> Result<BTreeMap<String, Lock>, ShapeError> {
        let mut locks: BTreeMap<String, Lock> = BTreeMap::new();
        let home = |package: &str| if package.is_empty() { self.package.clone() } else { package.to_owned() };
        for event in self.aggregates.iter().flat_map(|aggregate| &aggregate.events) {
            let lock = locks.entry(home(&event.package)).or_default();
            for version in &event.versions {
                let entry = LockEntry::new(version.shape.parse()?).retired(event.retired);
                lock.record(LockKey::event(&event.name, version.version), entry);
            }
        }
        for aggregate in &self.aggregates {
            if let Some(shape) = &aggregate.snapshot_shape {
                let lock = locks.entry(home(&aggregate.package)).or_default();
                lock.record(LockKey::snapshot(&aggregate.name), LockEntry::new(shape.parse()?));
            }
        }
        for saga in &self.sagas {
            let mut outputs = Vec::new();
            for step in &saga.steps {
                let shape = step.output.parse()?;
                outputs.push(OwnedField { name: step.name.clone(), shape, optional: false });
            }
            let steps: Vec<_> =
                saga.steps.iter().map(|step| format!("{}+{}", step.kind, step.undo)).collect();
            let mut entry = LockEntry::new(OwnedShape::Struct(outputs));
            if !steps.is_empty() {
                entry = entry.with_steps(steps.join(","));
            }
            if let Some(data) = &saga.data_shape {
                entry = entry.with_data(data.parse()?);
            }
            locks
                .entry(home(&saga.package))
                .or_default()
                .record(LockKey::saga(&saga.name, saga.version), entry);
        }
        Ok(locks)
    }
}
