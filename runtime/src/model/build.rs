use super::{AggregateModel, EventModel, Model, SagaModel, StepModel, VersionModel};
use crate::{
    domain::{CommandHandlers, Domain, EventType, FollowerKind, PartInfo},
    saga::{Saga, StepInfo, StepKind, Undo},
};

/// What the parts of a domain are described to, each by its type.
pub trait Describe {
    /// An aggregate.
    fn aggregate<A: CommandHandlers>(&mut self);
    /// A saga.
    fn saga<S: Saga>(&mut self);
}

/// A model being built: what the domain lists, and then what the types of its parts add to that.
#[derive(Debug)]
pub(crate) struct Building(Model);

impl Building {
    /// What the domain lists.
    pub(crate) fn of<D: Domain>() -> Self {
        let of_kind = |kind| D::FOLLOWERS.iter().filter(move |info| info.kind == kind);
        Self(Model {
            framework: env!("CARGO_PKG_VERSION").to_owned(),
            package: D::PACKAGE.to_owned(),
            domain: D::NAME.to_owned(),
            aggregates: D::PARTS.iter().map(aggregate).collect(),
            sagas: of_kind(FollowerKind::Saga)
                .map(|info| SagaModel {
                    name: info.name.to_owned(),
                    source: info.source.to_owned(),
                    version: info.version,
                    ..SagaModel::default()
                })
                .collect(),
        })
    }

    pub(crate) fn finish(self) -> Model {
        self.0
    }
}

impl Describe for Building {
    fn aggregate<A: CommandHandlers>(&mut self) {
        if let Some(found) = self.0.aggregates.iter_mut().find(|found| found.name == A::NAME) {
            A::PACKAGE.clone_into(&mut found.package);
        }
    }

    fn saga<S: Saga>(&mut self) {
        let sagas = &mut self.0.sagas;
        // A domain that is written by hand need not tell the versions.
        let found = sagas
            .iter_mut()
            .find(|found| found.name == S::NAME && (found.version == S::VERSION || found.version == 0));
        if let Some(found) = found {
            found.version = S::VERSION;
            S::PACKAGE.clone_into(&mut found.package);
            found.steps = S::STEPS.iter().map(step).collect();
        }
    }
}

fn aggregate(info: &PartInfo) -> AggregateModel {
    AggregateModel {
        name: info.name.to_owned(),
        source: info.source.to_owned(),
        package: String::new(),
        events: info.events.iter().map(event).collect(),
    }
}

fn event(event: &EventType) -> EventModel {
    let versions = event.older.iter().map(|old| (old.version, old.shape));
    EventModel {
        name: event.name.to_owned(),
        source: event.source.to_owned(),
        package: event.package.to_owned(),
        doc: event.doc.to_owned(),
        retired: event.retired,
        versions: versions
            .chain([(event.version, event.shape)])
            .map(|(version, shape)| VersionModel { version, shape: shape.to_string() })
            .collect(),
    }
}

fn step(step: &StepInfo) -> StepModel {
    let kind = match step.kind {
        StepKind::Command => "command",
        StepKind::Foreign => "foreign",
    };
    let undo = match step.undo {
        Undo::Compensation { .. } => "compensation",
        Undo::Nothing { .. } => "nothing",
        Undo::Pivot => "pivot",
        Undo::Retriable => "retriable",
    };
    StepModel {
        name: step.name.to_owned(),
        kind: kind.to_owned(),
        undo: undo.to_owned(),
        output: step.output.to_string(),
    }
}
