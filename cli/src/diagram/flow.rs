use gesta::model::{Edge, EdgeKind, ElementKind, Model};

use super::{Diagram, Kind};

/// The whole domain: who causes what.
pub fn flow(model: &Model) -> Diagram {
    drawn(format!("{}: who causes what", model.domain), model, |_| true)
}

/// What leads to an element, and what it leads to.
pub fn around(model: &Model, element: &str) -> Diagram {
    let name = element.split_once(':').map_or(element, |(_, name)| name);
    drawn(format!("Around {name}"), model, |edge| edge.from == element || edge.to == element)
}

fn drawn(title: String, model: &Model, wanted: impl Fn(&Edge) -> bool) -> Diagram {
    let mut diagram = Diagram::new(title);
    for edge in model.edges.iter().filter(|edge| wanted(edge)) {
        let (from, to) = (node(&mut diagram, &edge.from), node(&mut diagram, &edge.to));
        // By which event something is sent is seen by the arrow of the event already, where there is only one.
        let label = edge.by.as_deref().unwrap_or_default();
        diagram.link(from, to, label, edge.kind == EdgeKind::Answers);
    }
    diagram
}

fn node(diagram: &mut Diagram, element: &str) -> usize {
    let (kind, name) = ElementKind::parse(element).unwrap_or((ElementKind::Event, element));
    let (kind, label) = match kind {
        // The aggregate stands beside it.
        ElementKind::Command => (Kind::Command, name.rsplit('/').next().unwrap_or(name)),
        ElementKind::Aggregate => (Kind::Aggregate, name),
        ElementKind::Event => (Kind::Event, name),
        ElementKind::Saga | ElementKind::ProcessManager => (Kind::Policy, name),
        ElementKind::Projection => (Kind::Projection, name),
        ElementKind::Query => (Kind::Query, name),
        _ => (Kind::EventHandler, name),
    };
    diagram.node(element, label, kind)
}
