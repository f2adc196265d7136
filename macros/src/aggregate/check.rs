//! The rules of `#[aggregate]`.

use super::model::Aggregate;
use crate::{errors::Errors, messages::aggregate as messages};

pub(super) fn check(model: &Aggregate, errors: &mut Errors) {
    check_not_generic(model, errors);
    check_name_is_not_empty(model, errors);
    check_states_are_of_an_enum(model, errors);
}

/// A stream is read back by the aggregate's name alone, which says nothing about parameters.
fn check_not_generic(model: &Aggregate, errors: &mut Errors) {
    if !model.item.generics.params.is_empty() {
        errors.push(&model.item.generics, messages::generic(&model.ident().to_string()));
    }
}

/// The name is part of every stream's identity.
fn check_name_is_not_empty(model: &Aggregate, errors: &mut Errors) {
    if let Some(name) = model.name.as_ref().filter(|name| name.value().is_empty()) {
        errors.push(name, messages::empty_name());
    }
}

/// Each variant is a state, so there are some.
fn check_states_are_of_an_enum(model: &Aggregate, errors: &mut Errors) {
    if let Some(word) = &model.states
        && model.states().is_none()
    {
        errors.push(word, messages::no_states(&model.ident().to_string()));
    }
}
