use gesta::model::{SagaModel, SendModel, StepModel};

use super::{Diagram, Kind};

/// What may become of a saga: its steps forward, and what undoes them backwards.
pub fn saga(saga: &SagaModel) -> Diagram {
    let mut diagram = Diagram::new(format!("The saga {} v{}", saga.name, saga.version));
    let start = diagram.node("[start]", "started", Kind::Start);
    let steps: Vec<usize> = saga
        .steps
        .iter()
        .map(|step| {
            diagram.node(
                &format!("step {}", step.name),
                label(&step.name, &step.kind, &step.sends),
                Kind::Policy,
            )
        })
        .collect();
    let completed = diagram.node("[completed]", "completed", Kind::End);
    let mut before = start;
    for &step in steps.iter().chain([&completed]) {
        diagram.link(before, step, "", false);
        before = step;
    }
    let undoing = saga.steps.iter().any(can_fail_back).then(|| Undoing::new(&mut diagram, saga));
    for (at, (step, &node)) in saga.steps.iter().zip(&steps).enumerate() {
        match &undoing {
            Some(undoing) if can_fail_back(step) => {
                // A call that was begun may have happened: then its own compensation comes first.
                let own = step.compensation.as_ref().is_some_and(|undo| !undo.needs_output)
                    && step.kind == "foreign";
                let to = undoing.first(if own { at + 1 } else { at });
                diagram.link(node, to, "fails", true);
            }
            _ => {
                let parked = diagram.node("[parked]", "parked", Kind::End);
                diagram.link(node, parked, "fails", true);
            }
        }
    }
    diagram
}

/// Steps after the pivot are repeated, and parked when nothing helps.
fn can_fail_back(step: &StepModel) -> bool {
    step.undo != "retriable"
}

/// The way back.
struct Undoing {
    /// What undoes a step, for each step that is undone.
    nodes: Vec<(usize, usize)>,
    compensated: usize,
}

impl Undoing {
    fn new(diagram: &mut Diagram, saga: &SagaModel) -> Self {
        let nodes: Vec<(usize, usize)> = saga
            .steps
            .iter()
            .enumerate()
            .filter_map(|(at, step)| {
                let undo = step.compensation.as_ref()?;
                let id = format!("undo {}", step.name);
                Some((at, diagram.node(&id, label(&undo.name, &undo.kind, &undo.sends), Kind::Compensation)))
            })
            .collect();
        let compensated = diagram.node("[compensated]", "compensated", Kind::End);
        let undoing = Self { nodes, compensated };
        for &(at, node) in &undoing.nodes {
            diagram.link(node, undoing.first(at), "", false);
        }
        if !undoing.nodes.is_empty() {
            let parked = diagram.node("[parked]", "parked", Kind::End);
            for &(_, node) in &undoing.nodes {
                diagram.link(node, parked, "fails", true);
            }
        }
        undoing
    }

    /// What comes first when the steps before this one are undone.
    fn first(&self, step: usize) -> usize {
        let last = self.nodes.iter().rev().find(|(at, _)| *at < step);
        last.map_or(self.compensated, |(_, node)| *node)
    }
}

/// A name, and what is sent.
fn label(name: &str, kind: &str, sends: &[SendModel]) -> String {
    let sent = sends.iter().filter_map(|sent| match sent {
        SendModel::Command { aggregate, command } => Some(format!("\n{aggregate}: {command}")),
        SendModel::Saga { name } => Some(format!("\nsaga {name}")),
        _ => None,
    });
    let sent: String = sent.collect();
    if kind == "foreign" { format!("{name}\n(outside)") } else { format!("{name}{sent}") }
}
