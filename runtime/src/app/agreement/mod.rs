//! Before an application starts, it and its store must agree: the application reads what is stored, and it and those
//! that run already read what the others write.

mod disagreement;
mod finding;
mod judge;
mod program;

use std::{fmt, sync::Arc, time::Duration};

use uuid::Uuid;

use self::judge::Reader;
pub(crate) use self::judge::is_ours;
pub(super) use self::program::KnownSaga;
pub use self::{
    disagreement::Disagreement,
    finding::{Finding, Others, Rows, StoredEvent},
};
use super::StartError;
use crate::{
    domain::Domain,
    store::{Fleet, Member, Program, Running, ShapeKind, Store, StoreError, Survey},
};

/// So many of the newest events are looked at, where some have to be counted.
const EVENTS: u64 = 1_000_000;

/// So many instances of a saga are looked at.
pub(crate) const INSTANCES: u64 = 100_000;

/// Instances of a saga that a program would not go on with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StrandedSagas {
    /// The saga.
    pub saga: String,
    /// The version of the definition by which they go.
    pub version: u16,
    /// The steps of that definition, as one number.
    pub fingerprint: u64,
    /// How many they are; of very many, some.
    pub instances: u64,
    /// Whether they are of a newer version than the program has: then they are left to newer programs. Otherwise they are
    /// parked, until a program comes that has the definition.
    pub newer: bool,
    /// Whether the steps are the same, and the data was recorded in a shape that the program cannot read: then they are
    /// not parked, but fail.
    pub reshaped: bool,
}

impl fmt::Display for StrandedSagas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { saga, version, fingerprint: _, instances, newer, reshaped } = self;
        let count = if *instances == 1 { "1 instance".to_owned() } else { format!("{instances} instances") };
        write!(f, "{count} of the saga `{saga}` version {version}: ")?;
        f.write_str(match newer {
            _ if *reshaped => {
                "this program has data of another shape under this version, and cannot read theirs: their steps fail, and the \
                 undoing of these; put the shape back as it was, or keep the old data as a struct and write the next version, \
                 `#[saga(version = .., from(..))]`"
            }
            true => "this program has no version so new; they wait for a program that has",
            false => {
                "this program has other steps and no way to them; they are parked when their turn comes: list that version \
                 beside the new one, or write `#[saga(version = .., from(..))]`"
            }
        })
    }
}

/// How a program and a store stand towards each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agreement {
    /// What keeps the program from starting; nothing where they agree.
    pub findings: Vec<Finding>,
    /// The instances of its sagas that it would not go on with.
    pub stranded: Vec<StrandedSagas>,
    /// Who runs on the store.
    pub running: Vec<Running>,
}

/// A program that wants to run on a store.
pub(super) struct Applicant {
    program: Arc<Program>,
    sagas: Vec<KnownSaga>,
    release: String,
    allow_older: bool,
}

impl Applicant {
    pub(super) fn new<D: Domain>(sagas: Vec<KnownSaga>, release: Option<String>, allow_older: bool) -> Self {
        let release = release.unwrap_or_else(|| match (D::PACKAGE, D::RELEASE) {
            ("", _) | (_, "") => D::PACKAGE.to_owned(),
            (package, version) => format!("{package} {version}"),
        });
        Self { program: Arc::new(program::program::<D>(&sagas)), sagas, release, allow_older }
    }

    /// How it and the store stand towards each other; without effect.
    pub(super) async fn look(&self, store: &Store) -> Result<Agreement, StoreError> {
        match store.port().fleet() {
            Some(fleet) => Ok(self.look_at(fleet).await?.1),
            None => Ok(Agreement::default()),
        }
    }

    /// Joins those that run, if it may: `false` for a store that does not keep who runs.
    pub(super) async fn join(&self, store: &Store, id: Uuid, ttl: Duration) -> Result<bool, StartError> {
        let Some(fleet) = store.port().fleet() else {
            store.port().last_position().await?;
            return Ok(false);
        };
        let member = self.member(id);
        loop {
            let (survey, agreement) = self.look_at(fleet).await?;
            for stranded in &agreement.stranded {
                tracing::warn!(domain = %self.program.domain, "{stranded}");
            }
            if !agreement.findings.is_empty() {
                self.disagree(agreement.findings)?;
            }
            // Whoever is let in in spite of the others need not have seen all of them. Otherwise somebody has come in
            // between, with another program: that is looked at as well.
            if fleet.join(&member, (!self.allow_older).then_some(&survey), ttl).await? {
                return Ok(true);
            }
        }
    }

    pub(super) fn member(&self, id: Uuid) -> Member {
        let (release, program) = (self.release.clone(), Arc::clone(&self.program));
        Member { id, release, process: std::process::id(), program }
    }

    fn disagree(&self, findings: Vec<Finding>) -> Result<(), StartError> {
        let (release, domain) = (self.release.clone(), self.program.domain.clone());
        let disagreement = Disagreement { release, domain, findings };
        if !self.allow_older {
            return Err(StartError::Disagreement(Box::new(disagreement)));
        }
        tracing::warn!("{disagreement}; it was started so");
        Ok(())
    }

    async fn look_at(&self, fleet: &dyn Fleet) -> Result<(Survey, Agreement), StoreError> {
        let reader = Reader::of(&self.program);
        let categories = reader.categories().into_iter().map(|category| (ShapeKind::Event, category));
        let sagas = self.sagas.iter().map(|known| (ShapeKind::Saga, known.definition.name));
        let owners: Vec<_> = categories.chain(sagas).collect();
        let survey = fleet.survey(&owners).await?;
        let suspects = judge::suspects(&reader, &survey);
        let counts = match &suspects[..] {
            [] => (Vec::new(), true),
            suspects => fleet.count_events(suspects, EVENTS).await?,
        };
        let mut findings = judge::stored(&reader, &survey, &counts);
        findings.extend(judge::running(&self.program, &survey.running));
        let (stranded, running) = (self.stranded(fleet, &survey).await?, survey.running.clone());
        Ok((survey, Agreement { findings, stranded, running }))
    }

    /// Most of the time everything that was ever recorded of its sagas can go on, and nothing need be counted.
    async fn stranded(&self, fleet: &dyn Fleet, survey: &Survey) -> Result<Vec<StrandedSagas>, StoreError> {
        let reshaped = judge::reshaped(&self.program, survey);
        let recorded = survey.recorded.iter().map(|recorded| &recorded.shape);
        let mut sagas = recorded.filter(|shape| shape.kind == ShapeKind::Saga);
        let go_on =
            sagas.all(|shape| judge::goes_on(&self.sagas, &shape.name, (shape.version, shape.fingerprint)));
        if go_on && reshaped.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<&str> = self.sagas.iter().map(|known| known.definition.name).collect();
        let counts = fleet.count_definitions(&names, INSTANCES).await?;
        Ok(judge::stranded(&self.sagas, &reshaped, counts))
    }
}
