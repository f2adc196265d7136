//! The rules of `#[projection]`.

use super::model::Projection;
use crate::{errors::Errors, messages::projection as messages};

/// What stands between name and version of the documents in the store.
const SEPARATOR: char = '@';

pub(super) fn check(model: &Projection, errors: &mut Errors) {
    check_not_generic(model, errors);
    check_name(model, errors);
    check_indexes(model, errors);
}

/// Documents are read back by the projection's name alone, which says nothing about parameters.
fn check_not_generic(model: &Projection, errors: &mut Errors) {
    if !model.item.generics.params.is_empty() {
        errors.push(&model.item.generics, messages::generic(&model.ident().to_string()));
    }
}

/// The name is what the documents are kept under, with the version behind it.
fn check_name(model: &Projection, errors: &mut Errors) {
    let bad = |name: &&syn::LitStr| name.value().is_empty() || name.value().contains(SEPARATOR);
    if let Some(name) = model.name.as_ref().filter(bad) {
        errors.push(name, messages::bad_name());
    }
}

/// Every index has a name of its own.
fn check_indexes(model: &Projection, errors: &mut Errors) {
    let mut seen: Vec<(String, String)> = Vec::new();
    for index in &model.indexes {
        let name = index.stored_name();
        match (&index.name, seen.iter().find(|(other, _)| *other == name)) {
            (Some(literal), _) if name.is_empty() => errors.push(literal, messages::empty_index_name()),
            (Some(literal), Some((_, first))) => errors.push(literal, messages::index_twice(&name, first)),
            (None, Some((_, first))) => errors.push(&index.field, messages::index_twice(&name, first)),
            _ => {}
        }
        seen.push((name, index.field_name()));
    }
}
