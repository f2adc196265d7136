//! A domain as pages of Markdown that are linked with each other: one for each element, of its doc comments and of what
//! is known of it, with diagrams in Mermaid.

mod element;
mod index;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use gesta::model::{ElementKind, Model};

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The name of its file.
    pub file: String,
    /// What is in it.
    pub text: String,
}

/// All pages of a domain, that of the whole first.
pub fn pages(model: &Model) -> Vec<Page> {
    let names = Names::of(model);
    let mut pages = vec![Page { file: "index.md".into(), text: index::index(model, &names) }];
    for (element, file) in &names.0 {
        if let Some(text) = element::page(model, element, &names) {
            pages.push(Page { file: file.clone(), text });
        }
    }
    pages
}

/// The files of all elements.
struct Names(BTreeMap<String, String>);

impl Names {
    fn of(model: &Model) -> Self {
        let mut names = BTreeMap::new();
        // Files of names that differ by great letters alone are one file on some machines.
        let mut taken = BTreeSet::from(["index.md".to_owned()]);
        for element in elements(model) {
            if names.contains_key(&element) {
                continue;
            }
            let plain: String = element
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
                .collect();
            let file = (1..)
                .map(|n| if n == 1 { format!("{plain}.md") } else { format!("{plain}-{n}.md") })
                .find(|file| taken.insert(file.to_lowercase()));
            names.insert(element, file.unwrap_or(plain));
        }
        Self(names)
    }

    /// A link to an element, or its name where it has no page.
    fn link(&self, element: &str) -> String {
        let name = text::code(element.split_once(':').map_or(element, |(_, name)| name));
        match self.0.get(element) {
            Some(file) => format!("[{name}]({file})"),
            None => name,
        }
    }
}

fn elements(model: &Model) -> impl Iterator<Item = String> {
    use ElementKind::{Aggregate, Command, Event, EventHandler, ProcessManager, Projection, Query, Saga};
    let of_aggregates = model.aggregates.iter().flat_map(|aggregate| {
        let commands = aggregate.commands.iter();
        let commands = commands.map(|found| Command.element(&format!("{}/{}", aggregate.name, found.name)));
        let events = aggregate.events.iter().map(|event| Event.element(&event.name));
        [Aggregate.element(&aggregate.name)].into_iter().chain(commands).chain(events)
    });
    of_aggregates
        .chain(model.sagas.iter().map(|part| Saga.element(&part.name)))
        .chain(model.process_managers.iter().map(|part| ProcessManager.element(&part.name)))
        .chain(model.projections.iter().map(|part| Projection.element(&part.name)))
        .chain(model.queries.iter().map(|part| Query.element(&part.name)))
        .chain(model.event_handlers.iter().map(|part| EventHandler.element(&part.name)))
}
