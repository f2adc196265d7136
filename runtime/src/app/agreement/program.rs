//! What a program reads and writes, out of its domain.

use crate::{
    domain::{Domain, EventType, PartInfo, fingerprint},
    saga::{Definition, Saga},
    store::{KnownShape, Program, ShapeKind},
};

/// The definition of a saga, and which earlier ones it can go on with.
#[derive(Clone, Copy)]
pub(crate) struct KnownSaga {
    pub(super) definition: Definition,
    /// Whether instances of a version can be brought to this one.
    pub(super) migrates: fn(u16) -> bool,
}

impl KnownSaga {
    pub(crate) fn of<S: Saga>() -> Self {
        // Without data nothing is migrated, but it is told whether there is a way.
        Self { definition: Definition::of::<S>(), migrates: |version| S::migrate(version, &[]).is_some() }
    }
}

/// All that a domain stores and reads.
pub(super) fn program<D: Domain>(sagas: &[KnownSaga]) -> Program {
    let events = D::PARTS.iter().flat_map(|part| part.events.iter().flat_map(|event| versions(part, event)));
    let mut shapes: Vec<KnownShape> = events.chain(sagas.iter().map(saga)).collect();
    shapes.sort();
    shapes.dedup();
    Program { domain: D::NAME.to_owned(), shapes }
}

fn versions(part: &PartInfo, event: &EventType) -> Vec<KnownShape> {
    let older = event.older.iter().map(|old| (old.version, old.shape, false));
    let shape = |(version, shape, written)| KnownShape {
        kind: ShapeKind::Event,
        owner: part.name.to_owned(),
        name: event.name.to_owned(),
        version,
        fingerprint: fingerprint(shape),
        shape: shape.to_string(),
        written,
    };
    older.chain([(event.version, event.shape, !event.retired)]).map(shape).collect()
}

fn saga(known: &KnownSaga) -> KnownShape {
    let Definition { name, version, fingerprint, .. } = known.definition;
    KnownShape {
        kind: ShapeKind::Saga,
        owner: name.to_owned(),
        name: name.to_owned(),
        version,
        fingerprint,
        shape: known.definition.to_string(),
        written: true,
    }
}
