//! What a domain would meet on a store, for those who plan its start. Nothing here needs what its handlers need.

use super::{Agreement, Register, Registry, agreement::Applicant};
use crate::store::{Store, StoreError};

/// How this program and a store stand towards each other.
pub(crate) async fn agreement_of<D: Register>(store: &Store) -> Result<Agreement, StoreError> {
    let mut registry = Registry::<D>::new();
    D::register(&mut registry);
    Applicant::new::<D>(registry.take_sagas(), None, false).look(store).await
}

/// The projections of a domain, each with its version.
pub(crate) fn projections_of<D: Register>() -> Vec<(&'static str, u32)> {
    let mut registry = Registry::<D>::new();
    D::register(&mut registry);
    let parts = registry.take_parts();
    // A mistake among the parts is told at the start.
    let declared = parts.map(|(projections, ..)| projections).unwrap_or_default();
    declared.into_iter().map(|declared| (declared.name, declared.version)).collect()
}
