//! What would happen if a program were started on a store.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::{
    app::{Finding, Register, Rows, StoredEvent, agreement_of, projections_of},
    domain::Position,
    log::Log,
    store::{GenerationState, Store, StoreError, generation_name},
};

/// So many events are read to measure how fast that is.
const SAMPLE: usize = 20_000;

/// What would happen if a program were started on a store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// The domain.
    pub domain: String,
    /// The position of the last event in the store.
    pub end: Position,
    /// What would keep the program from starting.
    pub refusals: Vec<PlannedRefusal>,
    /// The instances of sagas with which the program would not go on.
    pub sagas: Vec<PlannedSaga>,
    /// The projections of the program.
    pub projections: Vec<PlannedProjection>,
    /// How many events were read in a second just now, by one reader. That is measured, not recorded: to fold them and
    /// to write the documents takes longer.
    pub events_per_second: Option<f64>,
    /// Who runs on the store.
    pub running: Vec<RunningProgram>,
}

/// A reason not to start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlannedRefusal {
    /// Which kind of reason.
    pub kind: RefusalKind,
    /// The category of the event's streams.
    pub category: String,
    /// The event.
    pub event: String,
    /// The version of its payload.
    pub version: u16,
    /// How many there are in the store, where that was counted.
    pub rows: Option<u64>,
    /// Whether these are all; in a long log only the newest are looked at.
    pub all: bool,
    /// The whole in words.
    pub sentence: String,
}

/// The kinds of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefusalKind {
    /// The store holds what the program cannot read: no upcaster leads from there.
    Unreadable,
    /// A version has another shape than was recorded for it.
    Reshaped,
    /// Running programs could not read what the program writes.
    UnreadByOthers,
    /// The program could not read what running programs write.
    WrittenByOthers,
}

/// Instances of a saga with which a program would not go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlannedSaga {
    /// The saga.
    pub saga: String,
    /// The version of the definition by which they go.
    pub version: u16,
    /// How many they are; of very many, some.
    pub instances: u64,
    /// Whether they would be parked. Otherwise they are of a newer version, and wait for a program that has it.
    pub parked: bool,
    /// The whole in words.
    pub sentence: String,
}

/// What becomes of a projection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlannedProjection {
    /// Its name.
    pub name: String,
    /// The version that the program has.
    pub version: u32,
    /// The version that answers queries in the store now.
    pub live: Option<u32>,
    /// What becomes of the program's version.
    pub state: RebuildState,
    /// How many positions of the log are before it: at most as many events.
    pub events: u64,
    /// How many minutes it takes to read them, at the rate that was measured.
    pub minutes: Option<f64>,
}

/// What becomes of the documents of a projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RebuildState {
    /// They are there, and are gone on with.
    GoesOn,
    /// There are none of any version: they are made, and queries see them as they come.
    New,
    /// They are made beside those of the live version, and take their place at once when they are done.
    Rebuilt,
}

/// A program that runs on the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunningProgram {
    /// What people call it.
    pub release: String,
    /// Its domain.
    pub domain: String,
    /// The number of its process on its machine.
    pub process: u32,
}

/// Looks at a store as if the program of the domain `D` were to be started on it. Nothing is changed.
///
/// # Errors
/// What the store may fail with.
pub async fn plan<D: Register>(store: &Store) -> Result<Plan, StoreError> {
    let agreement = agreement_of::<D>(store).await?;
    let end = store.port().last_position().await?;
    let mut projections = Vec::new();
    for (name, version) in projections_of::<D>() {
        projections.push(projection(store, name, version, end).await?);
    }
    let idle = projections.iter().all(|found| found.events == 0);
    let rate = if idle { None } else { measured(store).await? };
    for found in &mut projections {
        found.minutes = rate.map(|rate| number(found.events) / rate / 60.0);
    }
    let running = agreement.running.iter().map(|running| RunningProgram {
        release: running.member.release.clone(),
        domain: running.member.program.domain.clone(),
        process: running.member.process,
    });
    let sagas = agreement.stranded.iter().map(|stranded| PlannedSaga {
        saga: stranded.saga.clone(),
        version: stranded.version,
        instances: stranded.instances,
        parked: !stranded.newer,
        sentence: stranded.to_string(),
    });
    Ok(Plan {
        domain: D::NAME.to_owned(),
        end,
        refusals: agreement.findings.iter().map(refusal).collect(),
        sagas: sagas.collect(),
        projections,
        events_per_second: rate,
        running: running.collect(),
    })
}

fn refusal(finding: &Finding) -> PlannedRefusal {
    let (kind, event, rows): (_, &StoredEvent, Option<&Rows>) = match finding {
        Finding::Unreadable { event, rows, .. } => (RefusalKind::Unreadable, event, Some(rows)),
        Finding::Reshaped { event, rows, .. } => (RefusalKind::Reshaped, event, Some(rows)),
        Finding::UnreadByOthers { event, .. } => (RefusalKind::UnreadByOthers, event, None),
        Finding::WrittenByOthers { event, .. } => (RefusalKind::WrittenByOthers, event, None),
    };
    PlannedRefusal {
        kind,
        category: event.category.clone(),
        event: event.name.clone(),
        version: event.version,
        rows: rows.map(|rows| rows.found),
        all: rows.is_some_and(|rows| rows.all),
        sentence: finding.to_string(),
    }
}

async fn projection(
    store: &Store,
    name: &str,
    version: u32,
    end: Position,
) -> Result<PlannedProjection, StoreError> {
    let unsupported = StoreError::Unsupported { store: "this store", what: "keep documents" };
    let side = store.port().read_side().ok_or(unsupported)?;
    let generations = side.generations(name).await?;
    let own = generations.iter().find(|found| found.version == version);
    let live = generations.iter().find(|found| found.state == GenerationState::Live);
    let subscription = side.subscriptions(Some(&generation_name(name, version))).await?;
    let reached = subscription.first().map_or(Position::START, |found| found.position());
    let state = match (own.map(|own| own.state), live) {
        (None, None) => RebuildState::New,
        (None | Some(GenerationState::Building), _) => RebuildState::Rebuilt,
        (Some(GenerationState::Live | GenerationState::Superseded), _) => RebuildState::GoesOn,
    };
    Ok(PlannedProjection {
        name: name.to_owned(),
        version,
        live: live.map(|live| live.version),
        state,
        events: end.raw().saturating_sub(reached.raw()),
        minutes: None,
    })
}

/// How many events of the log are read in a second.
async fn measured(store: &Store) -> Result<Option<f64>, StoreError> {
    let begin = Instant::now();
    let read = Log::new(store.clone()).page(SAMPLE).await?.events.len();
    let seconds = begin.elapsed().as_secs_f64();
    Ok((read > 0 && seconds > 0.0).then(|| number(read as u64) / seconds))
}

/// Exact as far as anybody could wait for.
#[expect(clippy::cast_precision_loss, reason = "a rate is not exact")]
fn number(count: u64) -> f64 {
    count as f64
}
