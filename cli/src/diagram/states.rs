use gesta::model::AggregateModel;

use super::{Diagram, Kind};

/// The states of an aggregate, and the events that lead from one to another; nothing where none are declared.
pub fn states(aggregate: &AggregateModel) -> Option<Diagram> {
    let lifecycle = aggregate.lifecycle.as_ref().filter(|lifecycle| !lifecycle.states.is_empty())?;
    let mut diagram = Diagram::new(format!("The states of {}", aggregate.name));
    let start = diagram.node("[start]", "nothing", Kind::Start);
    for state in &lifecycle.states {
        let ends =
            lifecycle.impossible.iter().any(|never| never.state == state.name && never.events.is_empty());
        diagram.node(&state.name, state.name.clone(), if ends { Kind::End } else { Kind::Aggregate });
    }
    for transition in &lifecycle.transitions {
        let label = short(&aggregate.name, &transition.event);
        let mut from: Vec<usize> = Vec::new();
        if transition.begins {
            from.push(start);
        }
        from.extend(transition.from.iter().map(|state| diagram.node(state, state.clone(), Kind::Aggregate)));
        let to: Vec<usize> =
            transition.to.iter().map(|state| diagram.node(state, state.clone(), Kind::Aggregate)).collect();
        for from in from {
            for &to in &to {
                diagram.link(from, to, label, to != from && to_several(&transition.to));
            }
            if transition.stays {
                diagram.link(from, from, label, false);
            } else if to.is_empty() {
                // What the method makes of it stands in its body.
                let unknown = diagram.node("[somewhere]", "?", Kind::Start);
                diagram.link(from, unknown, label, true);
            }
        }
    }
    Some(diagram)
}

fn to_several(goals: &[String]) -> bool {
    goals.len() > 1
}

/// An event's name without that of its aggregate.
fn short<'a>(aggregate: &str, event: &'a str) -> &'a str {
    event.strip_prefix(aggregate).and_then(|rest| rest.strip_prefix('.')).unwrap_or(event)
}
