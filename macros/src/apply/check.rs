//! The rules of `#[apply]`.

use syn::Type;

use super::model::Apply;
use crate::{
    errors::Errors,
    impl_block::{Method, Parameter},
    messages::apply as messages,
    patterns::Bound,
    states,
};

pub(super) fn check(model: &Apply, errors: &mut Errors) {
    states::check(&model.arms, &model.impossible, &model.ignored, errors);
    check_ignored(model, errors);
    check_deleted(model, errors);
    check_parameters_are_bound(model, errors);
}

/// A method of the block is a change of the state, and nothing more.
pub(super) fn check_method(method: &Method, errors: &mut Errors) {
    let signature = &method.signature;
    let name = signature.ident.to_string();
    if let Some(asyncness) = &signature.asyncness {
        errors.push(asyncness, messages::asynchronous(&name));
    }
    if signature.generics.type_params().next().is_some() {
        errors.push(&signature.generics, messages::generic(&name));
    }
}

/// A field is borrowed from the event, which stays as it was recorded.
pub(super) fn check_borrowed(parameter: &Parameter<'_>, errors: &mut Errors) {
    let name = parameter.name.to_string();
    match parameter.ty {
        Type::Reference(reference) if reference.mutability.is_none() => {}
        Type::Reference(reference) => errors.push(reference, messages::by_mut(&name)),
        Type::ImplTrait(other) => errors.push(other, messages::by_value(&name, "Type")),
        other => errors.push(other, messages::by_value(&name, &crate::naming::type_text(other))),
    }
}

/// What is ignored has no method and is named once.
fn check_ignored(model: &Apply, errors: &mut Errors) {
    let mut seen = Vec::new();
    for name in model.ignored.iter().filter_map(|path| path.segments.last()).map(|segment| &segment.ident) {
        let applied = model.arms.iter().find(|arm| {
            arm.patterns.iter().any(|p| p.path.segments.last().is_some_and(|s| s.ident == *name))
        });
        if let Some(arm) = applied {
            errors.push(name, messages::ignored_and_applied(&name.to_string(), &arm.method.to_string()));
        } else if seen.contains(&name) {
            errors.push(name, messages::ignored_twice(&name.to_string()));
        }
        seen.push(name);
    }
}

/// What ends a document is named once, and matters.
fn check_deleted(model: &Apply, errors: &mut Errors) {
    let mut seen = Vec::new();
    let last = |path: &syn::Path| path.segments.last().map(|segment| segment.ident.clone());
    let ignored: Vec<_> = model.ignored.iter().filter_map(last).collect();
    for name in model.deleted.iter().filter_map(last) {
        if ignored.contains(&name) {
            errors.push(&name, messages::ignored_and_deleted(&name.to_string()));
        } else if seen.contains(&name) {
            errors.push(&name, messages::deleted_twice(&name.to_string()));
        }
        seen.push(name);
    }
}

/// Behind `#[on(Variant(..))]` a parameter has no field of its name to come from.
fn check_parameters_are_bound(model: &Apply, errors: &mut Errors) {
    for arm in &model.arms {
        for pattern in &arm.patterns {
            let Bound::Places(_, bound) = &pattern.fields else { continue };
            for parameter in arm.parameters.iter().filter(|parameter| !bound.contains(parameter)) {
                let known: Vec<String> = bound.iter().map(ToString::to_string).collect();
                let message = messages::not_bound(&parameter.to_string(), known.iter().map(String::as_str));
                errors.push(parameter, message);
            }
        }
    }
}
