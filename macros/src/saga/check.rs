//! The rules of `#[saga]`.

use syn::LitStr;

use super::{locked, model::Saga};
use crate::{
    errors::Errors,
    messages::saga as messages,
    parameters::check_number,
    patterns::named_twice,
    steps::{Step, Undo},
};

pub(super) fn check(model: &Saga, errors: &mut Errors) {
    check_block_is_not_generic(model, errors);
    check_name(model, errors);
    check_versions(model, errors);
    check_step_names(model, errors);
    check_order(model, errors);
    check_one_start_per_variant(model, errors);
    check_number(&model.dependencies, errors);
    // With a step that is wrong in itself, what was recorded says nothing.
    if errors.is_empty() {
        locked::check(model, errors);
    }
}

/// An instance is read back by the saga's name, which says nothing about parameters.
fn check_block_is_not_generic(model: &Saga, errors: &mut Errors) {
    if !model.block.generics.params.is_empty() {
        errors.push(&model.block.generics, messages::generic_block());
    }
}

/// Names with an `@` are those of projections and their versions.
fn check_name(model: &Saga, errors: &mut Errors) {
    let bad = |name: &&LitStr| name.value().trim().is_empty() || name.value().contains('@');
    if let Some(name) = model.name.as_ref().filter(bad) {
        errors.push(name, messages::bad_name());
    }
}

/// Before version n there are n - 1 others.
fn check_versions(model: &Saga, errors: &mut Errors) {
    if let Some((from, older)) = &model.from
        && older.len() as u64 >= model.version
    {
        errors.push(from, messages::too_many_versions(model.version, older.len()));
    }
}

/// Every step has a name of its own, which can be a part of a key.
fn check_step_names(model: &Saga, errors: &mut Errors) {
    let mut seen: Vec<(String, String)> = Vec::new();
    for step in &model.steps {
        let name = step.stored_name();
        let bad = |name: &&LitStr| name.value().trim().is_empty() || name.value().contains('/');
        if let Some(name) = step.name.as_ref().filter(bad) {
            errors.push(name, messages::bad_step_name());
        } else if let Some((_, first)) = seen.iter().find(|(other, _)| *other == name) {
            let message = messages::step_name_taken(&name, first);
            match &step.name {
                Some(literal) => errors.push(literal, message),
                None => errors.push(&step.call.name, message),
            }
        }
        seen.push((name, step.call.name.to_string()));
    }
}

/// What can be undone, then the pivot if there is one, then what is repeated until it works.
fn check_order(model: &Saga, errors: &mut Errors) {
    let at = |wanted: fn(&Undo) -> bool| {
        let found = |step: &Step| step.undo.as_ref().is_some_and(wanted);
        model.steps.iter().position(found)
    };
    let pivot = at(|undo| matches!(undo, Undo::Pivot));
    let boundary = pivot.or_else(|| at(|undo| matches!(undo, Undo::Retriable)));
    let Some((boundary, last)) = boundary.and_then(|at| Some((at, model.steps.get(at)?))) else { return };
    let last = last.call.name.to_string();
    for (at, step) in model.steps.iter().enumerate().filter(|(at, _)| *at != boundary) {
        let name = step.call.name.to_string();
        let after = || messages::boundary(&last, pivot.is_some());
        let message = match &step.undo {
            Some(Undo::Pivot) => messages::second_pivot(&last),
            Some(Undo::Compensation(..)) if at > boundary => messages::compensated_after(&name, &after()),
            Some(Undo::Nothing(_)) if at > boundary => messages::may_fail_after(&name, &after()),
            Some(Undo::Retriable) if at < boundary => messages::retriable_before(&name, &last),
            _ => continue,
        };
        errors.push(&step.call.name, message);
    }
}

/// An event starts one instance.
fn check_one_start_per_variant(model: &Saga, errors: &mut Errors) {
    let starts = model.starts.iter().map(|start| (&start.name, &start.mark.patterns[..]));
    for twice in named_twice(starts) {
        errors.push(twice.path, messages::started_twice(&twice.text, &twice.first));
    }
}
