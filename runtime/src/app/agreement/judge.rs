//! Whether a program fits to a store: the rules, without a question to anybody.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Others, Rows, StoredEvent, StrandedSagas, program::KnownSaga};
use crate::{
    evolution::{LockEntry, reads},
    store::{
        DefinitionCount, EventCount, KnownShape, Program, RecordedShape, Running, ShapeKind, Survey, Suspects,
    },
};

/// What the names of the framework's own events begin with; every program reads them.
const OURS: [&str; 5] = ["gesta.", "saga.", "process.", "schedule.", "recurring."];

/// Whether this is the name of an event of the framework's own.
pub(crate) fn is_ours(event: &str) -> bool {
    OURS.iter().any(|ours| event.starts_with(ours))
}

/// A program, made ready for questions.
pub(super) struct Reader<'p> {
    /// The newest version of each event that it has, by category and name.
    newest: BTreeMap<(&'p str, &'p str), u16>,
    prints: BTreeMap<(&'p str, &'p str, u16), &'p KnownShape>,
}

impl<'p> Reader<'p> {
    pub(super) fn of(program: &'p Program) -> Self {
        let (mut newest, mut prints) = (BTreeMap::new(), BTreeMap::new());
        for shape in program.shapes.iter().filter(|shape| shape.kind == ShapeKind::Event) {
            let version = newest.entry((&*shape.owner, &*shape.name)).or_insert(shape.version);
            *version = shape.version.max(*version);
            prints.insert((&*shape.owner, &*shape.name, shape.version), shape);
        }
        Self { newest, prints }
    }

    pub(super) fn categories(&self) -> BTreeSet<&'p str> {
        self.newest.keys().map(|(category, _)| *category).collect()
    }

    fn newest(&self, category: &str, name: &str) -> Option<u16> {
        self.newest.get(&(category, name)).copied()
    }

    /// Whether it can read what another program knows: it has the event, in that version or a newer one.
    fn reads(&self, shape: &KnownShape) -> bool {
        self.newest(&shape.owner, &shape.name).is_some_and(|newest| newest >= shape.version)
    }

    /// What it has in place of a shape that is another one.
    fn reshaped(&self, shape: &KnownShape) -> Option<&'p KnownShape> {
        let present = self.prints.get(&(&*shape.owner, &*shape.name, shape.version))?;
        (present.fingerprint != shape.fingerprint).then_some(*present)
    }
}

/// Which events have to be counted before it can be told whether the program fits.
pub(super) fn suspects(program: &Reader<'_>, survey: &Survey) -> Vec<Suspects> {
    let events = survey.recorded.iter().filter(|recorded| recorded.shape.kind == ShapeKind::Event);
    let doubtful = events.filter(|recorded| {
        let unread = recorded.stored && !program.reads(&recorded.shape);
        unread || program.reshaped(&recorded.shape).is_some()
    });
    let recorded = doubtful.map(|RecordedShape { shape, since, .. }| Suspects {
        categories: vec![shape.owner.clone()],
        name: shape.name.clone(),
        above: shape.version.saturating_sub(1),
        after: *since,
    });
    let unknown = survey.strangers.iter().filter(|name| !is_ours(name));
    let strangers = unknown.flat_map(|name| {
        program.categories().into_iter().map(|category| Suspects {
            categories: vec![category.to_owned()],
            name: name.clone(),
            above: program.newest(category, name).unwrap_or(0),
            after: crate::domain::Position::START,
        })
    });
    recorded.chain(strangers).collect()
}

/// What is wrong between the program and what is stored.
pub(super) fn stored(
    program: &Reader<'_>,
    survey: &Survey,
    (counts, all): &(Vec<EventCount>, bool),
) -> Vec<Finding> {
    let mut rows: BTreeMap<StoredEvent, Rows> = BTreeMap::new();
    for EventCount { category, name, version, rows: found } in counts {
        let event = StoredEvent { category: category.clone(), name: name.clone(), version: *version };
        rows.insert(event, Rows { found: *found, all: *all });
    }
    let mut findings = Vec::new();
    for RecordedShape { shape, release, recorded_at, stored, .. } in &survey.recorded {
        if shape.kind != ShapeKind::Event {
            continue;
        }
        let event = event_of(shape);
        let rows = rows.remove(&event).unwrap_or(Rows { found: 0, all: *all });
        if let Some(present) = program.reshaped(shape) {
            let (recorded, present) = (shape.shape.clone(), present.shape.clone());
            let (release, recorded_at) = (release.clone(), *recorded_at);
            findings.push(Finding::Reshaped { event, rows, recorded, present, release, recorded_at });
        } else if *stored && !program.reads(shape) && (rows.found > 0 || !rows.all) {
            let (reads, release) = (program.newest(&shape.owner, &shape.name), Some(release.clone()));
            findings.push(Finding::Unreadable { event, rows, reads, release });
        }
    }
    let others = rows.into_iter().filter(|(event, rows)| {
        let reads = program.newest(&event.category, &event.name);
        rows.found > 0 && reads.is_none_or(|newest| newest < event.version)
    });
    findings.extend(others.map(|(event, rows)| {
        let reads = program.newest(&event.category, &event.name);
        Finding::Unreadable { event, rows, reads, release: None }
    }));
    findings
}

/// What is wrong between the program and those that run.
pub(super) fn running(program: &Program, running: &[Running]) -> Vec<Finding> {
    let own = Reader::of(program);
    let mut findings = Vec::new();
    for (other, others) in grouped(running) {
        let theirs = Reader::of(other);
        let shared = |shape: &&KnownShape, reader: &Reader<'_>| {
            let concerns = shape.kind == ShapeKind::Event && reader.categories().contains(&*shape.owner);
            shape.written && concerns && !reader.reads(shape)
        };
        findings.extend(program.shapes.iter().filter(|shape| shared(shape, &theirs)).map(|shape| {
            let read = theirs.newest(&shape.owner, &shape.name);
            Finding::UnreadByOthers { event: event_of(shape), read, others: others.clone() }
        }));
        findings.extend(other.shapes.iter().filter(|shape| shared(shape, &own)).map(|shape| {
            let reads = own.newest(&shape.owner, &shape.name);
            Finding::WrittenByOthers { event: event_of(shape), reads, others: others.clone() }
        }));
    }
    findings
}

/// Those who run one release of one program.
fn grouped(running: &[Running]) -> Vec<(&Program, Others)> {
    let mut groups: Vec<(&Program, Others)> = Vec::new();
    for Running { member, good_until, .. } in running {
        let same = |(program, others): &&mut (&Program, Others)| {
            **program == *member.program && others.release == member.release
        };
        if let Some((_, others)) = groups.iter_mut().find(same) {
            others.processes.push(member.process);
            others.good_until = others.good_until.max(*good_until);
            continue;
        }
        let (release, domain) = (member.release.clone(), member.program.domain.clone());
        let processes = vec![member.process];
        groups.push((&member.program, Others { release, domain, processes, good_until: *good_until }));
    }
    groups
}

fn event_of(shape: &KnownShape) -> StoredEvent {
    StoredEvent { category: shape.owner.clone(), name: shape.name.clone(), version: shape.version }
}

/// Whether the program goes on with instances of a definition.
pub(super) fn goes_on(sagas: &[KnownSaga], saga: &str, (version, print): (u16, u64)) -> bool {
    let known = || sagas.iter().filter(|known| known.definition.name == saga);
    if let Some(same) = known().find(|known| known.definition.version == version) {
        return same.definition.fingerprint == print;
    }
    known().max_by_key(|known| known.definition.version).is_some_and(|newest| (newest.migrates)(version))
}

/// The versions of sagas whose data the program cannot read as it was recorded. What is not known is not compared.
pub(super) fn reshaped(program: &Program, survey: &Survey) -> BTreeSet<(String, u16)> {
    let data = |shape: &KnownShape| LockEntry::read(&shape.shape, true).data;
    let of_saga = |shape: &&KnownShape| shape.kind == ShapeKind::Saga;
    let recorded = survey.recorded.iter().map(|recorded| &recorded.shape).filter(of_saga);
    let unread = recorded.filter(|recorded| {
        let same = |own: &&KnownShape| own.name == recorded.name && own.version == recorded.version;
        let own = program.shapes.iter().filter(of_saga).find(same).filter(|own| own.shape != recorded.shape);
        let both = own.and_then(|own| Some((data(recorded)?, data(own)?)));
        both.is_some_and(|(recorded, own)| !reads(&recorded, &own))
    });
    unread.map(|shape| (shape.name.clone(), shape.version)).collect()
}

/// The instances that the program would not go on with.
pub(super) fn stranded(
    sagas: &[KnownSaga],
    reshaped: &BTreeSet<(String, u16)>,
    counts: Vec<DefinitionCount>,
) -> Vec<StrandedSagas> {
    let is_reshaped = |count: &DefinitionCount| reshaped.contains(&(count.saga.clone(), count.definition.0));
    let of_others = counts.into_iter().filter_map(|count| {
        let goes_on = goes_on(sagas, &count.saga, count.definition);
        let reshaped = goes_on && is_reshaped(&count);
        (!goes_on || reshaped).then_some((count, reshaped))
    });
    let newest = |saga: &str| {
        sagas.iter().filter(|known| known.definition.name == saga).map(|known| known.definition.version).max()
    };
    of_others
        .map(|(DefinitionCount { saga, definition: (version, fingerprint), instances }, reshaped)| {
            let newer = newest(&saga).is_some_and(|newest| newest < version);
            StrandedSagas { saga, version, fingerprint, instances, newer, reshaped }
        })
        .collect()
}
