//! Aggregates that cause their own events by way of policies: `order -[fulfilment.paid]-> order`.

use std::collections::{BTreeSet, VecDeque};

use gesta::model::{ElementKind, Model, SagaModel, SendModel};

/// That what happens in one aggregate sends something to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Policy {
    from: String,
    to: String,
    /// Such as `fulfilment.paid`: who does it, and by what.
    by: String,
}

/// The shortest loop of each aggregate that is in one; a loop of several is told once.
pub(super) fn find(model: &Model) -> Vec<(String, String)> {
    let policies = policies(model);
    let mut told: BTreeSet<BTreeSet<Policy>> = BTreeSet::new();
    let mut found = Vec::new();
    for aggregate in &model.aggregates {
        let Some(way) = shortest(&policies, &aggregate.name) else { continue };
        if told.insert(way.iter().cloned().collect()) {
            let mut text = aggregate.name.clone();
            for policy in &way {
                text.push_str(&format!(" -[{}]-> {}", policy.by, policy.to));
            }
            let sentence = format!(
                "policies form a loop: {text}; make sure that it ends, such as by a command that does nothing the second \
                 time"
            );
            found.push((ElementKind::Aggregate.element(&aggregate.name), sentence));
        }
    }
    found
}

/// The shortest way from an aggregate back to itself.
fn shortest(policies: &[Policy], start: &str) -> Option<Vec<Policy>> {
    let mut open = VecDeque::from([(start.to_owned(), Vec::new())]);
    let mut seen = BTreeSet::new();
    while let Some((at, way)) = open.pop_front() {
        for policy in policies.iter().filter(|policy| policy.from == at) {
            let mut further = way.clone();
            further.push(policy.clone());
            if policy.to == start {
                return Some(further);
            }
            if seen.insert(policy.to.clone()) {
                open.push_back((policy.to.clone(), further));
            }
        }
    }
    None
}

fn policies(model: &Model) -> Vec<Policy> {
    let mut policies = Vec::new();
    let mut add = |event: &str, who: &str, by: &str, sends: &[SendModel]| {
        let Some(from) = recorded_by(model, event) else { return };
        for to in sent_to(model, sends, &mut BTreeSet::new()) {
            let policy = Policy { from: from.to_owned(), to, by: format!("{who}.{by}") };
            if !policies.contains(&policy) {
                policies.push(policy);
            }
        }
    };
    for process in &model.process_managers {
        for reaction in &process.reactions {
            let event = last(&reaction.event);
            add(&reaction.event, &process.name, event, &reaction.sends);
            // A deadline comes of whatever has set it.
            if reaction.sends.contains(&SendModel::Timer) {
                for deadline in &process.deadlines {
                    add(&reaction.event, &process.name, &deadline.name, &deadline.sends);
                }
            }
        }
    }
    for saga in &model.sagas {
        for start in &saga.started_by {
            for (step, sends) in sends_of(saga) {
                add(&start.event, &saga.name, step, sends);
            }
        }
    }
    policies
}

/// What the steps of a saga may send, and what undoes them.
fn sends_of(saga: &SagaModel) -> impl Iterator<Item = (&str, &[SendModel])> {
    saga.steps.iter().flat_map(|step| {
        let undo = step.compensation.as_ref().map(|undo| (undo.name.as_str(), &undo.sends[..]));
        [Some((step.name.as_str(), &step.sends[..])), undo].into_iter().flatten()
    })
}

/// The aggregates that get something; a saga that is started sends what its steps send.
fn sent_to(model: &Model, sends: &[SendModel], sagas: &mut BTreeSet<String>) -> Vec<String> {
    let mut to = Vec::new();
    for sent in sends {
        match sent {
            SendModel::Command { aggregate, .. } => to.push(aggregate.clone()),
            SendModel::Saga { name } if sagas.insert(name.clone()) => {
                for saga in model.sagas.iter().filter(|saga| saga.name == *name) {
                    for (_, sends) in sends_of(saga) {
                        to.extend(sent_to(model, sends, sagas));
                    }
                }
            }
            _ => {}
        }
    }
    to
}

fn recorded_by<'a>(model: &'a Model, event: &str) -> Option<&'a str> {
    let records = |found: &&gesta::model::AggregateModel| found.events.iter().any(|own| own.name == event);
    model.aggregates.iter().find(records).map(|found| found.name.as_str())
}

/// The last part of an event's name.
fn last(event: &str) -> &str {
    event.rsplit('.').next().unwrap_or(event)
}
