use std::fmt::Write;

use gesta::model::{
    AggregateModel, ElementKind, EventHandlerModel, EventModel, Model, PolicyModel, ProcessManagerModel,
    ProjectionModel, QueryModel, ReactionModel, SagaModel, SendModel,
};

use super::{
    Names,
    text::{code, drawn, first_sentence, table},
};
use crate::diagram::{around, saga, states};

/// The page of an element; none where it is not in the domain.
pub(super) fn page(model: &Model, element: &str, names: &Names) -> Option<String> {
    let (kind, name) = ElementKind::parse(element)?;
    let (doc, own) = match kind {
        ElementKind::Command => {
            let (aggregate, command) = name.split_once('/')?;
            let found = model.aggregates.iter().find(|found| found.name == aggregate)?;
            of_command(found, command)?
        }
        ElementKind::Aggregate => {
            of_aggregate(model.aggregates.iter().find(|part| part.name == name)?, names)
        }
        ElementKind::Event => {
            of_event(model.aggregates.iter().flat_map(|part| &part.events).find(|event| event.name == name)?)
        }
        ElementKind::Saga => of_sagas(model.sagas.iter().filter(|part| part.name == name), names),
        ElementKind::ProcessManager => {
            of_process(model.process_managers.iter().find(|part| part.name == name)?, names)
        }
        ElementKind::Projection => {
            of_projection(model.projections.iter().find(|part| part.name == name)?, names)
        }
        ElementKind::Query => of_query(model.queries.iter().find(|part| part.name == name)?),
        _ => of_handler(model.event_handlers.iter().find(|part| part.name == name)?, names),
    };
    let what = kind.word().replace('_', " ");
    let mut page = format!("# {}\n\n{what} of [{}](index.md)\n", code(name), code(&model.domain));
    if !doc.is_empty() {
        let _ = write!(page, "\n{doc}\n");
    }
    page.push_str(&own);
    page.push_str(&drawn(&around(model, element)));
    page.push_str(&links(model, element, names));
    Some(page)
}

/// What leads to an element, and what it leads to.
fn links(model: &Model, element: &str, names: &Names) -> String {
    let listed = |title: &str, others: Vec<(&str, Option<&str>)>| {
        let mut text = String::new();
        for (other, by) in others {
            let by = by.map(|by| format!(" ({})", code(by))).unwrap_or_default();
            let _ = writeln!(text, "- {}{by}", names.link(other));
        }
        if text.is_empty() { text } else { format!("\n## {title}\n\n{text}") }
    };
    let edges = || model.edges.iter();
    let to = edges().filter(|edge| edge.to == element).map(|edge| (edge.from.as_str(), edge.by.as_deref()));
    let from = edges().filter(|edge| edge.from == element).map(|edge| (edge.to.as_str(), edge.by.as_deref()));
    format!("{}{}", listed("Comes from", to.collect()), listed("Leads to", from.collect()))
}

fn of_command(aggregate: &AggregateModel, name: &str) -> Option<(String, String)> {
    let command = aggregate.commands.iter().find(|command| command.name == name)?;
    let mut rows = vec![["Handler".into(), code(&command.handler)]];
    rows.push(["Creates the aggregate".into(), yes(command.creates)]);
    if !command.states.is_empty() {
        rows.push(["In the states".into(), codes(&command.states)]);
    }
    if !command.error.is_empty() {
        rows.push(["Rejected with".into(), code(&command.error)]);
    }
    if !command.dependencies.is_empty() {
        rows.push(["Needs".into(), codes(&command.dependencies)]);
    }
    Some((command.doc.clone(), table(["", ""], &rows)))
}

fn of_aggregate(aggregate: &AggregateModel, names: &Names) -> (String, String) {
    let mut rows = vec![["Type".into(), code(&aggregate.source)]];
    if !aggregate.id.is_empty() {
        rows.push(["Id".into(), code(&aggregate.id)]);
    }
    if let Some(every) = aggregate.snapshot_every {
        rows.push(["Snapshot".into(), format!("every {every} events")]);
    }
    let mut text = table(["", ""], &rows);
    if let Some(states) = states(aggregate) {
        let _ = write!(text, "\n## States\n{}", drawn(&states));
    }
    let commands: Vec<_> = aggregate
        .commands
        .iter()
        .map(|command| {
            let element = ElementKind::Command.element(&format!("{}/{}", aggregate.name, command.name));
            [names.link(&element), first_sentence(&command.doc)]
        })
        .collect();
    text.push_str(&table(["Command", ""], &commands));
    let events: Vec<_> = aggregate
        .events
        .iter()
        .map(|event| [names.link(&ElementKind::Event.element(&event.name)), first_sentence(&event.doc)])
        .collect();
    text.push_str(&table(["Event", ""], &events));
    (aggregate.doc.clone(), text)
}

fn of_event(event: &EventModel) -> (String, String) {
    let mut text = table(["", ""], &[["Variant".into(), code(&event.source)]]);
    if event.retired {
        text.push_str("\nRetired: it is read and no longer written.\n");
    }
    let versions: Vec<_> =
        event.versions.iter().map(|version| [version.version.to_string(), code(&version.shape)]).collect();
    text.push_str(&table(["Version", "Shape"], &versions));
    (event.doc.clone(), text)
}

fn of_sagas<'a>(sagas: impl Iterator<Item = &'a SagaModel>, names: &Names) -> (String, String) {
    let (mut doc, mut text) = (String::new(), String::new());
    for found in sagas {
        found.doc.clone_into(&mut doc);
        let _ = write!(text, "\n## Version {}\n{}", found.version, drawn(&saga(found)));
        let steps: Vec<_> = found
            .steps
            .iter()
            .map(|step| {
                let undo = match (&step.compensation, &step.reason) {
                    (Some(undo), _) => format!("{}{}", code(&undo.name), sent(&undo.sends, names)),
                    (None, Some(reason)) => format!("nothing: {reason}"),
                    _ => step.undo.clone(),
                };
                let does = format!("{}{}", step.kind, sent(&step.sends, names));
                [code(&step.name), does, undo, tried(&step.policy), first_sentence(&step.doc)]
            })
            .collect();
        text.push_str(&table(["Step", "Does", "Undone by", "Tried", ""], &steps));
        text.push_str(&reactions("Started by", &found.started_by, names));
        if !found.dependencies.is_empty() {
            let _ = write!(text, "\nNeeds {}.\n", codes(&found.dependencies));
        }
    }
    (doc, text)
}

fn of_process(process: &ProcessManagerModel, names: &Names) -> (String, String) {
    let mut text = table(["", ""], &[["Key".into(), code(&process.key)]]);
    text.push_str(&reactions("Event", &process.reactions, names));
    let deadlines: Vec<_> = process
        .deadlines
        .iter()
        .map(|deadline| [code(&deadline.name), sent(&deadline.sends, names), first_sentence(&deadline.doc)])
        .collect();
    text.push_str(&table(["Deadline", "Sends", ""], &deadlines));
    (process.doc.clone(), text)
}

fn of_projection(projection: &ProjectionModel, names: &Names) -> (String, String) {
    let mut rows = vec![["Key".into(), code(&projection.key)]];
    rows.push(["Version".into(), projection.version.to_string()]);
    rows.push(["Inline".into(), yes(projection.inline)]);
    if !projection.indexes.is_empty() {
        rows.push(["Indexes".into(), codes(&projection.indexes)]);
    }
    let mut text = table(["", ""], &rows);
    let folds: Vec<_> = projection
        .folds
        .iter()
        .map(|fold| {
            let events = |list: &[String]| {
                let links: Vec<_> =
                    list.iter().map(|event| names.link(&ElementKind::Event.element(event))).collect();
                links.join(", ")
            };
            let by = fold.by.as_deref().map_or_else(|| "the id of the stream".into(), code);
            let aggregate = names.link(&ElementKind::Aggregate.element(&fold.aggregate));
            [aggregate, by, events(&fold.applies), events(&fold.ignores), events(&fold.deletes)]
        })
        .collect();
    text.push_str(&table(["Events of", "Document by", "Applies", "Ignores", "Deletes by"], &folds));
    (projection.doc.clone(), text)
}

fn of_query(query: &QueryModel) -> (String, String) {
    let rows = [["Handler".into(), code(&query.handler)], ["Returns".into(), code(&query.returns)]];
    (query.doc.clone(), table(["", ""], &rows))
}

fn of_handler(handler: &EventHandlerModel, names: &Names) -> (String, String) {
    let mut rows = Vec::new();
    if let Some(policy) = &handler.policy {
        rows.push(["Tried".into(), tried(policy)]);
    }
    if !handler.dependencies.is_empty() {
        rows.push(["Needs".into(), codes(&handler.dependencies)]);
    }
    let mut text = table(["", ""], &rows);
    text.push_str(&reactions("Event", &handler.reactions, names));
    (handler.doc.clone(), text)
}

fn reactions(head: &str, reactions: &[ReactionModel], names: &Names) -> String {
    let row = |reaction: &ReactionModel| {
        let event = names.link(&ElementKind::Event.element(&reaction.event));
        [event, sent(&reaction.sends, names), first_sentence(&reaction.doc)]
    };
    table([head, "Sends", ""], &reactions.iter().map(row).collect::<Vec<_>>())
}

fn sent(sends: &[SendModel], names: &Names) -> String {
    let link = |sent: &SendModel| match sent {
        SendModel::Command { aggregate, command } => {
            Some(names.link(&ElementKind::Command.element(&format!("{aggregate}/{command}"))))
        }
        SendModel::Saga { name } => Some(names.link(&ElementKind::Saga.element(name))),
        _ => None,
    };
    let links: Vec<String> = sends.iter().filter_map(link).collect();
    if links.is_empty() { String::new() } else { format!(" {}", links.join(", ")) }
}

fn tried(policy: &PolicyModel) -> String {
    let attempts = policy.attempts.map_or_else(|| "without end".into(), |times| format!("{times} times"));
    format!("{attempts}, {} s each", policy.timeout_ms as f64 / 1000.0)
}

fn codes(texts: &[String]) -> String {
    texts.iter().map(|text| code(text)).collect::<Vec<_>>().join(", ")
}

fn yes(it_is: bool) -> String {
    if it_is { "yes" } else { "no" }.to_owned()
}
