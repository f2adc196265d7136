//! The rules of `domain!` that are seen without knowing the parts.

use super::model::Domain;
use crate::{errors::Errors, messages::domain as messages, naming::type_text};

pub(super) fn check(model: &Domain, errors: &mut Errors) {
    check_listed_once(model, errors);
}

/// A part is listed once.
fn check_listed_once(model: &Domain, errors: &mut Errors) {
    for section in [&model.aggregates, &model.projections, &model.event_handlers] {
        let mut seen = Vec::new();
        for part in section {
            let name = type_text(part);
            if seen.contains(&name) {
                errors.push(part, messages::listed_twice(&name));
            }
            seen.push(name);
        }
    }
}
