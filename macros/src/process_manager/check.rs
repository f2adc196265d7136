//! The rules of `#[process_manager]`.

use syn::LitStr;

use super::model::Process;
use crate::{
    errors::Errors,
    impl_block::{Access, Method},
    messages::process_manager as messages,
    patterns::{Variant, named_twice},
};

pub(super) fn check(model: &Process, errors: &mut Errors) {
    check_block_is_not_generic(model, errors);
    check_name(model, errors);
    check_one_method_per_variant(model, errors);
    check_deadline_names(model, errors);
}

/// A reaction is a function of the state and the event.
pub(super) fn check_method(method: &Method, errors: &mut Errors) {
    let signature = &method.signature;
    let name = signature.ident.to_string();
    match method.access() {
        Access::Shared | Access::Mutable => {}
        Access::None => errors.push(&signature.ident, messages::no_self(&name)),
        Access::Owned => errors.push(signature.receiver(), messages::takes_state(&name)),
    }
    if let Some(word) = &signature.asyncness {
        errors.push(word, messages::asynchronous(&name));
    }
    if !signature.generics.params.is_empty() {
        errors.push(&signature.generics, messages::generic(&name));
    }
}

/// Events of several types come to a process manager, so a variant is named with its enum.
pub(super) fn check_patterns(patterns: &[Variant], errors: &mut Errors) {
    for variant in patterns.iter().filter(|variant| variant.path.segments.len() < 2) {
        errors.push(&variant.path, messages::no_enum());
    }
}

/// An instance is read back by the name, which says nothing about parameters.
fn check_block_is_not_generic(model: &Process, errors: &mut Errors) {
    if !model.block.generics.params.is_empty() {
        errors.push(&model.block.generics, messages::generic_block());
    }
}

/// Names with an `@` are those of projections and their versions.
fn check_name(model: &Process, errors: &mut Errors) {
    let bad = |name: &&LitStr| name.value().trim().is_empty() || name.value().contains('@');
    if let Some(name) = model.name.as_ref().filter(bad) {
        errors.push(name, messages::bad_name());
    }
}

/// Of two methods for one variant it would not be said which comes first, and which value each is for.
fn check_one_method_per_variant(model: &Process, errors: &mut Errors) {
    let methods = model.reactions.iter().map(|reaction| (&reaction.call.name, &reaction.patterns[..]));
    for twice in named_twice(methods) {
        errors.push(twice.path, messages::handled_twice(&twice.text, &twice.first));
    }
}

/// A timer that is set finds its method by the stored name.
fn check_deadline_names(model: &Process, errors: &mut Errors) {
    let mut seen: Vec<(String, String)> = Vec::new();
    for deadline in &model.deadlines {
        let name = deadline.stored_name();
        if let Some(literal) = deadline.name.as_ref().filter(|name| name.value().trim().is_empty()) {
            errors.push(literal, messages::bad_deadline_name());
        } else if let Some((_, first)) = seen.iter().find(|(other, _)| *other == name) {
            let message = messages::deadline_name_taken(&name, first);
            match &deadline.name {
                Some(literal) => errors.push(literal, message),
                None => errors.push(&deadline.call.name, message),
            }
        }
        seen.push((name, deadline.call.name.to_string()));
    }
}
