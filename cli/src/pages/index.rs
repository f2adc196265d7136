use std::fmt::Write;

use gesta::model::{ElementKind, Model};

use super::{
    Names,
    text::{code, drawn, first_sentence},
};
use crate::diagram::flow;

/// A title, what kind of parts it is about, and their names and what is said of them.
type Listed<'a> = (&'static str, ElementKind, Vec<(&'a str, &'a str)>);

/// The page of the whole.
pub(super) fn index(model: &Model, names: &Names) -> String {
    use ElementKind::{Aggregate, EventHandler, ProcessManager, Projection, Query, Saga};
    let mut page = format!("# {}\n\n", code(&model.domain));
    if !model.doc.is_empty() {
        let _ = writeln!(page, "{}\n", model.doc);
    }
    let _ = writeln!(page, "Package {}, gesta {}.", code(&model.package), model.framework);
    page.push_str(&drawn(&flow(model)));
    let lists: [Listed<'_>; 6] = [
        (
            "Aggregates",
            Aggregate,
            model.aggregates.iter().map(|p| (p.name.as_str(), p.doc.as_str())).collect(),
        ),
        ("Sagas", Saga, model.sagas.iter().map(|p| (p.name.as_str(), p.doc.as_str())).collect()),
        (
            "Process managers",
            ProcessManager,
            model.process_managers.iter().map(|p| (p.name.as_str(), p.doc.as_str())).collect(),
        ),
        (
            "Projections",
            Projection,
            model.projections.iter().map(|p| (p.name.as_str(), p.doc.as_str())).collect(),
        ),
        ("Queries", Query, model.queries.iter().map(|p| (p.name.as_str(), p.doc.as_str())).collect()),
        (
            "Event handlers",
            EventHandler,
            model.event_handlers.iter().map(|p| (p.name.as_str(), p.doc.as_str())).collect(),
        ),
    ];
    for (title, kind, mut parts) in lists {
        parts.dedup_by(|a, b| a.0 == b.0);
        if parts.is_empty() {
            continue;
        }
        let _ = writeln!(page, "\n## {title}\n");
        for (name, doc) in parts {
            let said = first_sentence(doc);
            let said = if said.is_empty() { String::new() } else { format!(": {said}") };
            let _ = writeln!(page, "- {}{said}", names.link(&kind.element(name)));
        }
    }
    page
}
