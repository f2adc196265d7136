//! The rules of `domain!` that are seen without knowing the parts.

use super::model::Domain;
use crate::{errors::Errors, messages::domain as messages, naming::type_text};

pub(super) fn check(model: &Domain, errors: &mut Errors) {
    check_listed_once(model, errors);
    super::locked::check(model, errors);
}

/// A part is listed once.
fn check_listed_once(model: &Domain, errors: &mut Errors) {
    let Domain { aggregates, projections, event_handlers, sagas, process_managers, .. } = model;
    for section in [aggregates, projections, event_handlers, sagas, process_managers] {
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
