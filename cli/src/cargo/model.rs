use std::io::{self, Write};

use gesta::model::{ElementKind, Model as DomainModel};
use serde::Serialize;

use super::Arguments;
use crate::shared::{Answer, Failure, Table};

/// Arguments of `cargo gesta model`.
#[derive(Debug, clap::Args)]
pub struct Model {}

impl Model {
    pub(super) fn run(&self, arguments: &Arguments) -> Result<(), Failure> {
        let model = arguments.model()?;
        arguments.output().answer(&Shown(model)).map_err(|error| Failure::other(&error))
    }
}

#[derive(Serialize)]
struct Shown(DomainModel);

impl Answer for Shown {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self(model) = self;
        writeln!(out, "{} ({}, gesta {})", model.domain, model.package, model.framework)?;
        let mut commands = Table::new(["command", "of", "sent by"]);
        let mut events = Table::new(["event", "version", "goes to"]);
        for aggregate in &model.aggregates {
            for command in &aggregate.commands {
                let element = ElementKind::Command.element(&format!("{}/{}", aggregate.name, command.name));
                let of = if command.creates {
                    format!("{} (new)", aggregate.name)
                } else {
                    aggregate.name.clone()
                };
                commands.row([command.name.clone(), of, sources(model, &element)]);
            }
            for event in &aggregate.events {
                let version = event.versions.last().map_or(0, |version| version.version);
                let goals = goals(model, &ElementKind::Event.element(&event.name));
                let version = if event.retired { "retired".into() } else { version.to_string() };
                events.row([event.name.clone(), version, goals]);
            }
        }
        let mut parts = Table::new(["part", "kind", "what"]);
        for saga in &model.sagas {
            let steps: Vec<_> = saga.steps.iter().map(|step| step.name.as_str()).collect();
            parts.row([format!("{} v{}", saga.name, saga.version), "saga".into(), steps.join(", ")]);
        }
        for process in &model.process_managers {
            let deadlines: Vec<_> = process.deadlines.iter().map(|deadline| deadline.name.as_str()).collect();
            parts.row([process.name.clone(), "process manager".into(), deadlines.join(", ")]);
        }
        for projection in &model.projections {
            let asked = model.queries.iter().filter(|query| query.projection == projection.name);
            let queries: Vec<_> = asked.map(|query| query.name.as_str()).collect();
            let name = format!("{} v{}", projection.name, projection.version);
            parts.row([name, "projection".into(), queries.join(", ")]);
        }
        for handler in &model.event_handlers {
            parts.row([handler.name.clone(), "event handler".into(), handler.dependencies.join(", ")]);
        }
        for table in [commands, events, parts] {
            writeln!(out)?;
            table.write(out)?;
        }
        Ok(())
    }
}

/// Who leads to an element.
fn sources(model: &DomainModel, element: &str) -> String {
    joined(model.edges.iter().filter(|edge| edge.to == element).map(|edge| edge.from.as_str()))
}

/// What an element leads to.
fn goals(model: &DomainModel, element: &str) -> String {
    joined(model.edges.iter().filter(|edge| edge.from == element).map(|edge| edge.to.as_str()))
}

/// The names of elements, each once.
fn joined<'a>(elements: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for element in elements {
        let name = element.split_once(':').map_or(element, |(_, name)| name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}
