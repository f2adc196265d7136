//! The rules of `#[event_handler]`.

use syn::Type;

use super::model::EventHandler;
use crate::{
    errors::Errors,
    impl_block::{Access, Method, Parameter},
    messages::{apply, event_handler as messages},
    naming::type_text,
    parameters::check_number,
    patterns::{Variant, named_twice},
};

pub(super) fn check(model: &EventHandler, errors: &mut Errors) {
    check_block_is_not_generic(model, errors);
    check_name(model, errors);
    check_one_method_per_variant(model, errors);
    check_permanent_errors_are_returned(model, errors);
    check_number(&model.dependencies, errors);
}

/// A method of the block is a reaction: it keeps nothing.
pub(super) fn check_method(method: &Method, errors: &mut Errors) {
    let signature = &method.signature;
    let name = signature.ident.to_string();
    if method.access() != Access::None {
        errors.push(signature.receiver(), messages::takes_self(&name));
    }
    if !signature.generics.params.is_empty() {
        errors.push(&signature.generics, messages::generic(&name));
    }
}

/// Events of several types come to a handler, so a variant is named with its enum.
pub(super) fn check_patterns(patterns: &[Variant], errors: &mut Errors) {
    for variant in patterns.iter().filter(|variant| variant.path.segments.len() < 2) {
        errors.push(&variant.path, messages::no_enum());
    }
}

/// A field is borrowed from the event, which may be delivered again.
pub(super) fn check_borrowed(parameter: &Parameter<'_>, errors: &mut Errors) {
    let name = parameter.name.to_string();
    match parameter.ty {
        Type::Reference(reference) if reference.mutability.is_none() => {}
        Type::Reference(reference) => errors.push(reference, apply::by_mut(&name)),
        Type::ImplTrait(other) => errors.push(other, apply::by_value(&name, "Type")),
        other => errors.push(other, apply::by_value(&name, &type_text(other))),
    }
}

/// The handler goes on where its name has come to.
fn check_block_is_not_generic(model: &EventHandler, errors: &mut Errors) {
    if !model.block.generics.params.is_empty() {
        errors.push(&model.block.generics, messages::generic_block());
    }
}

/// Names with an `@` are those of projections and their versions.
fn check_name(model: &EventHandler, errors: &mut Errors) {
    let bad = |name: &&syn::LitStr| name.value().is_empty() || name.value().contains('@');
    if let Some(name) = model.name.as_ref().filter(bad) {
        errors.push(name, messages::bad_name());
    }
}

/// An event is handled once by a handler: two effects of it would fail and be repeated together.
fn check_one_method_per_variant(model: &EventHandler, errors: &mut Errors) {
    let methods = model.methods.iter().map(|method| (&method.name, &method.patterns[..]));
    for twice in named_twice(methods) {
        errors.push(twice.path, messages::handled_twice(&twice.text, &twice.first));
    }
}

/// What nobody fails with cannot be permanent.
fn check_permanent_errors_are_returned(model: &EventHandler, errors: &mut Errors) {
    for permanent in &model.policy.permanent {
        let fails =
            |method: &super::model::Reaction| method.error_name().is_none_or(|name| *name == permanent.of);
        if !model.methods.is_empty() && !model.methods.iter().any(fails) {
            errors.push(&permanent.pattern, messages::never_failed_with(&permanent.of.to_string()));
        }
    }
}
