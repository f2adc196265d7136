//! Which programs run here, and what is recorded of what they store.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use uuid::Uuid;

use super::{Memory, State};
use crate::{
    domain::{Position, Timestamp},
    store::{
        DefinitionCount, EventCount, Fleet, KnownShape, Member, Program, RecordedShape, Records, Running,
        ShapeKind, StoreError, Survey, Suspects,
        resolve::{FORGOTTEN, later},
    },
};

/// What is recorded, and who is there.
#[derive(Default)]
pub(super) struct FleetBook {
    recorded: BTreeMap<(ShapeKind, String, String, u16), RecordedShape>,
    members: HashMap<Uuid, Running>,
    /// When a program has joined last, counted in joins, and what it reads and writes.
    joined: HashMap<Uuid, (u64, Arc<Program>)>,
}

impl FleetBook {
    fn turn(&self) -> u64 {
        self.joined.values().map(|(turn, _)| *turn).max().unwrap_or_default()
    }

    fn record(&mut self, shape: &KnownShape, release: &str, now: Timestamp, since: Position) {
        let key = (shape.kind, shape.owner.clone(), shape.name.clone(), shape.version);
        self.recorded.entry(key).or_insert_with(|| RecordedShape {
            shape: shape.clone(),
            release: release.to_owned(),
            recorded_at: now,
            since,
            stored: false,
        });
    }

    fn knows(&self, kind: ShapeKind, owner: &str, name: &str) -> bool {
        let first = (kind, owner.to_owned(), name.to_owned(), 0);
        self.recorded
            .range(first..)
            .next()
            .is_some_and(|(key, _)| (key.0, &*key.1, &*key.2) == (kind, owner, name))
    }
}

impl State {
    /// Until when a member is believed to be there.
    fn good_until(&self, running: &Running) -> Timestamp {
        let leased = |id| self.subscriptions.values().filter_map(move |roster| roster.workers.get(id));
        leased(&running.member.id).copied().fold(running.good_until, Ord::max)
    }

    /// The names of events that are stored.
    fn event_names(&self) -> BTreeSet<&'static str> {
        self.log.iter().map(|stored| stored.name).collect()
    }

    /// Before which position nothing of a version is stored that is recorded now.
    fn nothing_before(&self, shape: &KnownShape, names: &BTreeSet<&str>) -> Position {
        let KnownShape { kind, owner, name, .. } = shape;
        let unheard = !names.contains(&**name) || self.fleet.knows(*kind, owner, name);
        if unheard { self.ledger.last } else { Position::START }
    }
}

/// With whether something of it may be stored.
fn now_stored(recorded: &RecordedShape, names: &BTreeSet<&str>) -> RecordedShape {
    let KnownShape { kind, name, .. } = &recorded.shape;
    let stored = *kind != ShapeKind::Event || names.contains(&**name);
    RecordedShape { stored, ..recorded.clone() }
}

#[async_trait]
impl Fleet for Memory {
    async fn survey(&self, owners: &[(ShapeKind, &str)]) -> Result<Survey, StoreError> {
        let state = self.open()?;
        let now = self.clock.now();
        let names = state.event_names();
        let wanted = state.fleet.recorded.values().filter(|recorded| {
            owners.iter().any(|(kind, owner)| *kind == recorded.shape.kind && *owner == recorded.shape.owner)
        });
        let recorded = wanted.map(|recorded| now_stored(recorded, &names));
        let events = state.fleet.recorded.values().filter(|known| known.shape.kind == ShapeKind::Event);
        let owned: BTreeSet<&str> = events.map(|recorded| &*recorded.shape.name).collect();
        let there = state.fleet.members.values().map(|running| {
            let good_until = state.good_until(running);
            Running { good_until, ..running.clone() }
        });
        let mut running: Vec<_> = there.filter(|running| running.good_until > now).collect();
        running.sort_by_key(|running| (running.joined_at, running.member.id));
        Ok(Survey {
            recorded: recorded.collect(),
            strangers: names.difference(&owned).map(|name| (*name).to_owned()).collect(),
            running,
            turn: state.fleet.turn(),
        })
    }

    async fn records(&self) -> Result<Records, StoreError> {
        let state = self.open()?;
        let names = state.event_names();
        let shapes = state.fleet.recorded.values().map(|recorded| now_stored(recorded, &names));
        let mut last: BTreeMap<&str, &(u64, Arc<Program>)> = BTreeMap::new();
        for joined in state.fleet.joined.values() {
            let known = last.entry(&joined.1.domain).or_insert(joined);
            if known.0 < joined.0 {
                *known = joined;
            }
        }
        let programs = last.into_values().map(|(_, program)| Program::clone(program)).collect();
        Ok(Records { shapes: shapes.collect(), programs })
    }

    async fn count_events(
        &self,
        suspects: &[Suspects],
        limit: u64,
    ) -> Result<(Vec<EventCount>, bool), StoreError> {
        let state = self.open()?;
        let after = suspects.iter().map(|suspects| suspects.after).min().unwrap_or(state.ledger.last);
        let meant = state.log.iter().rev().take_while(|stored| stored.position > after);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let all = meant.clone().nth(limit).is_none();
        let mut counts: BTreeMap<(String, &str, u16), u64> = BTreeMap::new();
        for stored in meant.take(limit) {
            let (category, name, version) = (stored.stream.category(), stored.name, stored.type_version);
            let is_meant = |suspects: &Suspects| {
                suspects.name == name
                    && version > suspects.above
                    && stored.position > suspects.after
                    && suspects.categories.iter().any(|wanted| wanted == category)
            };
            if suspects.iter().any(is_meant) {
                *counts.entry((category.to_owned(), name, version)).or_default() += 1;
            }
        }
        let count = |((category, name, version), rows): ((String, &str, u16), u64)| EventCount {
            category,
            name: name.to_owned(),
            version,
            rows,
        };
        Ok((counts.into_iter().map(count).collect(), all))
    }

    async fn count_definitions(
        &self,
        sagas: &[&str],
        limit: u64,
    ) -> Result<Vec<DefinitionCount>, StoreError> {
        let state = self.open()?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut counts: BTreeMap<(String, (u16, u64)), u64> = BTreeMap::new();
        for saga in BTreeSet::from_iter(sagas) {
            for definition in state.sagas.definitions_to_look_at(saga).take(limit) {
                *counts.entry(((*saga).to_owned(), definition)).or_default() += 1;
            }
        }
        let count = |((saga, definition), instances): ((String, _), u64)| DefinitionCount {
            saga,
            definition,
            instances,
        };
        Ok(counts.into_iter().map(count).collect())
    }

    async fn join(
        &self,
        member: &Member,
        survey: Option<&Survey>,
        ttl: Duration,
    ) -> Result<bool, StoreError> {
        member.check()?;
        let mut state = self.open()?;
        let now = self.clock.now();
        let own = member.program.digest();
        if let Some(survey) = survey {
            let seen: BTreeSet<Uuid> =
                survey.running.iter().map(|running| running.member.program.digest()).collect();
            let unseen = |(program, (turn, _)): (&Uuid, &(u64, _))| {
                *turn > survey.turn && *program != own && !seen.contains(program)
            };
            if state.fleet.joined.iter().any(unseen) {
                return Ok(false);
            }
        }
        let names = state.event_names();
        let shapes = member.program.shapes.iter();
        let since: Vec<_> = shapes.map(|shape| (shape, state.nothing_before(shape, &names))).collect();
        for (shape, since) in since {
            state.fleet.record(shape, &member.release, now, since);
        }
        let forgotten =
            |running: &Running| later(running.joined_at, FORGOTTEN) < now && state.good_until(running) <= now;
        let forgotten: Vec<Uuid> = state
            .fleet
            .members
            .values()
            .filter(|running| forgotten(running))
            .map(|it| it.member.id)
            .collect();
        forgotten.iter().for_each(|member| drop(state.fleet.members.remove(member)));
        let turn = state.fleet.turn() + 1;
        state.fleet.joined.insert(own, (turn, Arc::clone(&member.program)));
        let running = Running { member: member.clone(), joined_at: now, good_until: later(now, ttl) };
        state.fleet.members.insert(member.id, running);
        Ok(true)
    }

    async fn beat(&self, member: Uuid, ttl: Duration) -> Result<bool, StoreError> {
        let mut state = self.open()?;
        let until = later(self.clock.now(), ttl);
        let known = state.fleet.members.get_mut(&member);
        Ok(known.map(|running| running.good_until = until).is_some())
    }

    async fn depart(&self, member: Uuid) -> Result<(), StoreError> {
        self.open()?.fleet.members.remove(&member);
        Ok(())
    }
}
