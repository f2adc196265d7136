//! The rules of an identity.

use super::model::IdStruct;
use crate::{errors::Errors, messages::id as messages};

pub(crate) fn check(model: &IdStruct, errors: &mut Errors) {
    // One type names one kind of thing.
    if !model.generics.params.is_empty() {
        errors.push(&model.generics.params, messages::generic(&model.ident.to_string()));
    }
    // The stored form is the value's; there is nothing that serde could be told.
    for attr in model.attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        errors.push(attr, messages::serde_attribute());
    }
}
