//! The rules of `#[saga]`.

use syn::LitStr;

use super::model::{Saga, Step, Undo};
use crate::{
    errors::Errors,
    impl_block::{Access, Method},
    messages::saga as messages,
    parameters::check_number,
};

pub(super) fn check(model: &Saga, errors: &mut Errors) {
    check_block_is_not_generic(model, errors);
    check_name(model, errors);
    check_step_names(model, errors);
    check_order(model, errors);
    check_number(&model.dependencies, errors);
}

/// A method of the block reads the data and changes nothing.
pub(super) fn check_method(method: &Method, errors: &mut Errors) {
    let signature = &method.signature;
    let name = signature.ident.to_string();
    match method.access() {
        Access::Shared => {}
        Access::None => errors.push(&signature.ident, messages::no_self(&name)),
        Access::Mutable | Access::Owned => {
            errors.push(signature.receiver(), messages::changes_data(&name));
        }
    }
    if !signature.generics.params.is_empty() {
        errors.push(&signature.generics, messages::generic(&name));
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
