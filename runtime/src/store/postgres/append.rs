//! Appending: the arguments of the functions in the database. What they answer is read by [`super::settle`].

use uuid::Uuid;

use super::{
    beside::Beside,
    call::{Call, Filling, count},
    failure::Failure,
    names::{Dictionary, Kind},
    round::{Cut, Round, expected, key_id},
    writes::{add_documents, add_indexes},
};
use crate::{
    codec::encode_meta,
    store::{Append, StreamId},
};

/// Appends to one stream.
pub(super) const ONE: &str = include_str!("sql/append_one.sql");
/// Appends to many.
pub(super) const MANY: &str = include_str!("sql/append.sql");
/// Appends, and writes what belongs to them.
pub(super) const WITH_PROCESS: &str = include_str!("sql/append_process.sql");

impl Call {
    /// Appends one.
    pub(super) fn one(append: &Append, names: &Dictionary) -> Result<Self, Failure> {
        let stream = &append.stream;
        let mut types = Vec::with_capacity(append.events.len());
        for event in &append.events {
            types.push(number(names, Kind::Event, event.name)?);
        }
        let key = append.key.as_ref();
        let mut arguments = Filling::default();
        arguments
            .add(stream.key())
            .add(number(names, Kind::Category, stream.category())?)
            .add(stream.id())
            .add(expected(append.expected))
            .add(types)
            .add(append.events.iter().map(|event| i32::from(event.version)).collect::<Vec<_>>())
            .add(some_meta(append))
            .add(append.events.iter().map(|event| &*event.payload).collect::<Vec<_>>())
            .add(key.map(key_id))
            .add(key.map(|key| key.as_str()));
        arguments.call(ONE)
    }

    /// Appends a round.
    pub(super) fn many(round: &Round<'_>, names: &Dictionary) -> Result<Self, Failure> {
        arguments(round, names)?.call(MANY)
    }

    /// Appends a round, and writes what belongs to it.
    pub(super) fn beside(
        round: &Round<'_>,
        beside: &Beside<'_>,
        names: &Dictionary,
    ) -> Result<Self, Failure> {
        let mut arguments = arguments(round, names)?;
        arguments.add(&beside.must);
        beside.processes.add_fences(&mut arguments);
        add_documents(&mut arguments, &beside.documents);
        add_indexes(&mut arguments, &beside.documents);
        beside.processes.add_sagas(&mut arguments);
        beside.processes.add_timers(&mut arguments);
        arguments.call(WITH_PROCESS)
    }
}

fn arguments(round: &Round<'_>, names: &Dictionary) -> Result<Filling, Failure> {
    let groups = &round.groups;
    let mut new = (Vec::new(), Vec::new());
    for group in groups.iter().filter(|group| group.may_be_new()) {
        new.0.push(number(names, Kind::Category, group.stream.category())?);
        new.1.push(group.stream.id());
    }
    let writing = groups.iter().filter(|group| group.writes()).count();
    let mut arguments = Filling::default();
    arguments
        .add(groups.iter().map(|group| group.stream.key()).collect::<Vec<_>>())
        .add(groups.iter().map(|group| group.expected).collect::<Vec<_>>())
        .add(groups.iter().map(|group| group.events).collect::<Vec<_>>())
        .add(new.0)
        .add(new.1)
        .add(count(writing))
        .add(groups.iter().any(|group| group.asks(round.batch)));
    add_events(&mut arguments, round, names)?;
    add_keys(&mut arguments, round, names)?;
    Ok(arguments)
}

fn add_events(arguments: &mut Filling, round: &Round<'_>, names: &Dictionary) -> Result<(), Failure> {
    let (mut groups, mut ordinals, mut types, mut versions) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut metas, mut payloads) = (Vec::new(), Vec::new());
    for (group, command) in round.in_order() {
        let append = round.batch[command.index];
        let meta = some_meta(append);
        for (ordinal, event) in append.events.iter().enumerate() {
            groups.push(count(group));
            ordinals.push(command.before + count(ordinal + 1));
            types.push(number(names, Kind::Event, event.name)?);
            versions.push(i32::from(event.version));
            metas.push(meta.clone());
            payloads.push(&*event.payload);
        }
    }
    arguments.add(groups).add(ordinals).add(types).add(versions).add(metas).add(payloads);
    Ok(())
}

/// A key that is sent with its text is kept; without it, it is only looked for.
pub(super) struct Key<'b> {
    pub(super) id: Uuid,
    text: Option<&'b str>,
    group: i32,
    command: i32,
    before: i32,
    events: i32,
    stream: Option<&'b StreamId>,
    last: i32,
}

/// The keys of a round, in the order in which they are sent.
pub(super) fn keys<'b>(round: &Round<'b>) -> Vec<Key<'b>> {
    if round.batch.iter().all(|append| append.key.is_none()) {
        return Vec::new();
    }
    let mut ends = vec![0; round.batch.len()];
    let mut events = 0;
    for (_, command) in round.in_order() {
        events += count(round.batch[command.index].events.len());
        ends[command.index] = events;
    }
    let mut keys = Vec::new();
    for (place, group) in round.groups.iter().enumerate() {
        let cut = match group.cut {
            Some(Cut::Elsewhere(command)) => Some(command),
            _ => None,
        };
        let kept =
            group.commands.iter().map(|command| (command, true)).chain(cut.iter().map(|cut| (cut, false)));
        let mut last = 0;
        for (ordinal, (command, keeps)) in kept.enumerate() {
            let append = round.batch[command.index];
            if keeps && !append.events.is_empty() {
                last = ends[command.index];
            }
            let (Some(id), Some(text)) = (command.key, &append.key) else { continue };
            keys.push(Key {
                id,
                text: keeps.then_some(text.as_str()),
                group: count(place + 1),
                command: count(ordinal + 1),
                before: command.before,
                events: count(append.events.len()),
                stream: (!group.writes()).then_some(&append.stream),
                last,
            });
        }
    }
    // The same order everywhere: two batches with the same keys do not wait for each other in a circle.
    keys.sort_by_key(|key| key.id);
    keys
}

fn add_keys(arguments: &mut Filling, round: &Round<'_>, names: &Dictionary) -> Result<(), Failure> {
    let keys = keys(round);
    let mut categories = Vec::with_capacity(keys.len());
    for key in &keys {
        let category = key.stream.map(|stream| number(names, Kind::Category, stream.category()));
        categories.push(category.transpose()?);
    }
    arguments
        .add(keys.iter().map(|key| key.id).collect::<Vec<_>>())
        .add(keys.iter().map(|key| key.text).collect::<Vec<_>>())
        .add(keys.iter().map(|key| key.group).collect::<Vec<_>>())
        .add(keys.iter().map(|key| key.command).collect::<Vec<_>>())
        .add(keys.iter().map(|key| key.before).collect::<Vec<_>>())
        .add(keys.iter().map(|key| key.events).collect::<Vec<_>>())
        .add(categories)
        .add(keys.iter().map(|key| key.stream.map(StreamId::id)).collect::<Vec<_>>())
        .add(keys.iter().map(|key| key.last).collect::<Vec<_>>());
    Ok(())
}

fn some_meta(append: &Append) -> Option<Vec<u8>> {
    Some(encode_meta(&append.meta)).filter(|meta| !meta.is_empty())
}

fn number(names: &Dictionary, kind: Kind, name: &str) -> Result<i32, Failure> {
    names.number(kind, name).ok_or_else(|| {
        Failure::Refused(
            format!("the name `{name}` has no number in gesta.names; was the table changed?").into(),
        )
    })
}

/// The names in a batch that have no number yet: categories, and types of events.
pub(super) fn unknown_names<'b>(batch: &'b [Append], names: &Dictionary) -> [(Kind, Vec<&'b str>); 2] {
    let mut categories = Vec::new();
    let mut events = Vec::new();
    for append in batch.iter().flat_map(Append::parts) {
        note(&mut categories, names, Kind::Category, append.stream.category());
        append.events.iter().for_each(|event| note(&mut events, names, Kind::Event, event.name));
    }
    [(Kind::Category, categories), (Kind::Event, events)]
}

fn note<'b>(unknown: &mut Vec<&'b str>, names: &Dictionary, kind: Kind, name: &'b str) {
    if names.number(kind, name).is_none() && !unknown.contains(&name) {
        unknown.push(name);
    }
}
