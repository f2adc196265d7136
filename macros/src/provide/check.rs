//! The rules of dependencies.

use syn::Member;

use super::model::Provider;
use crate::{errors::Errors, messages::provide as messages};

pub(crate) fn check(model: &Provider, errors: &mut Errors) {
    check_types_differ(model, errors);
}

/// A dependency is told by its type alone.
fn check_types_differ(model: &Provider, errors: &mut Errors) {
    for (i, dependency) in model.dependencies.iter().enumerate() {
        let same = model.dependencies[..i].iter().find(|other| other.text == dependency.text);
        if let Some(other) = same {
            let other = match &other.member {
                Member::Named(name) => format!("`{name}`"),
                Member::Unnamed(place) => format!("field {}", place.index),
            };
            errors.push(&dependency.ty, messages::same_type(&dependency.text, &other));
        }
    }
}
