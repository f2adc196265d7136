//! One function per rule: the element and the sentence of each finding.

use std::collections::BTreeSet;

use gesta::model::{EdgeKind, ElementKind, Model};

type Found = Vec<(String, String)>;

pub(super) fn unhandled_events(model: &Model) -> Found {
    let consumed: BTreeSet<&str> = model.edges.iter().map(|edge| edge.from.as_str()).collect();
    let events = model.aggregates.iter().flat_map(|aggregate| &aggregate.events);
    events
        .filter(|event| !event.retired)
        .map(|event| (ElementKind::Event.element(&event.name), &event.name))
        .filter(|(element, _)| !consumed.contains(element.as_str()))
        .map(|(element, name)| {
            let sentence = format!(
                "nothing follows from `{name}`: no projection applies it, no handler, process manager or saga takes it"
            );
            (element, sentence)
        })
        .collect()
}

pub(super) fn commands_from_outside(model: &Model) -> Found {
    let sent: BTreeSet<&str> = model.edges.iter().map(|edge| edge.to.as_str()).collect();
    let commands = model
        .aggregates
        .iter()
        .flat_map(|aggregate| aggregate.commands.iter().map(move |command| (&aggregate.name, &command.name)));
    commands
        .map(|(aggregate, name)| (ElementKind::Command.element(&format!("{aggregate}/{name}")), aggregate, name))
        .filter(|(element, ..)| !sent.contains(element.as_str()))
        .map(|(element, aggregate, name)| {
            let sentence =
                format!("no saga and no process manager sends `{name}` to `{aggregate}`: it comes from outside, or never");
            (element, sentence)
        })
        .collect()
}

/// Of parts whose macro stands on the type itself. Of those whose macro stands on an `impl` block, and of commands and
/// queries, it cannot be known that nothing is said: a comment on the type is seen by no macro.
pub(super) fn undocumented(model: &Model) -> Found {
    use ElementKind::{Aggregate, Event, Projection};
    let mut parts: Vec<(String, &str)> = Vec::new();
    for aggregate in &model.aggregates {
        parts.push((Aggregate.element(&aggregate.name), &aggregate.doc));
        parts.extend(aggregate.events.iter().map(|event| (Event.element(&event.name), event.doc.as_str())));
    }
    parts.extend(model.projections.iter().map(|part| (Projection.element(&part.name), part.doc.as_str())));
    let silent = parts.into_iter().filter(|(_, doc)| doc.is_empty());
    silent
        .map(|(element, _)| {
            let (kind, name) = element.split_once(':').unwrap_or(("part", &element));
            let place = if kind == "event" { "variant" } else { "type" };
            let sentence =
                format!("nothing is said of the {kind} `{name}`: write a doc comment on the {place}");
            (element, sentence)
        })
        .collect()
}

pub(super) fn unasked_projections(model: &Model) -> Found {
    let asked = |name: &str| model.queries.iter().any(|query| query.projection == name);
    let unasked = model.projections.iter().filter(|projection| !asked(&projection.name));
    unasked
        .map(|projection| {
            let sentence = format!(
                "no query asks the projection `{}`: give it a `#[query_handler]`, or take it out of the domain",
                projection.name
            );
            (ElementKind::Projection.element(&projection.name), sentence)
        })
        .collect()
}

pub(super) fn unreachable_states(model: &Model) -> Found {
    let mut found = Vec::new();
    for aggregate in &model.aggregates {
        let Some(lifecycle) = &aggregate.lifecycle else { continue };
        // Where a method does not tell what it makes of a state, any may be reached.
        if lifecycle.transitions.iter().any(|transition| !transition.stays && transition.to.is_empty()) {
            continue;
        }
        let reached: BTreeSet<&String> =
            lifecycle.transitions.iter().flat_map(|transition| &transition.to).collect();
        for state in lifecycle.states.iter().filter(|state| !reached.contains(&state.name)) {
            let (name, state) = (&aggregate.name, &state.name);
            let sentence = format!("no event leads `{name}` into the state `{state}`");
            found.push((ElementKind::Aggregate.element(name), sentence));
        }
    }
    found
}

pub(super) fn missing_parts(model: &Model) -> Found {
    let mut known: BTreeSet<String> = BTreeSet::new();
    for aggregate in &model.aggregates {
        let command = |name: &str| ElementKind::Command.element(&format!("{}/{name}", aggregate.name));
        known.extend(aggregate.commands.iter().map(|found| command(&found.name)));
        known.extend(aggregate.events.iter().map(|event| ElementKind::Event.element(&event.name)));
    }
    known.extend(model.sagas.iter().map(|saga| ElementKind::Saga.element(&saga.name)));
    let mut found = Vec::new();
    for edge in &model.edges {
        let (missing, part) = match edge.kind {
            EdgeKind::Sends | EdgeKind::Starts if !known.contains(&edge.to) => (&edge.to, &edge.from),
            EdgeKind::Handled | EdgeKind::Changes | EdgeKind::Starts
                if edge.from.starts_with("event:") && !known.contains(&edge.from) =>
            {
                (&edge.from, &edge.to)
            }
            _ => continue,
        };
        let name = |element: &str| element.split_once(':').map_or(element, |(_, name)| name).to_owned();
        let sentence = format!(
            "`{}` needs `{}`, which is not part of the domain: list what has it in `domain!`",
            name(part),
            name(missing)
        );
        if !found.iter().any(|(element, told)| element == part && *told == sentence) {
            found.push((part.clone(), sentence));
        }
    }
    found
}
