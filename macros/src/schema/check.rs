//! The rules of a stored type.

use proc_macro2::TokenStream;

use super::model::{Body, SchemaType};
use crate::{errors::Errors, messages::schema as messages, wire::WireFields};

pub(crate) fn check(model: &SchemaType, errors: &mut Errors) {
    match &model.body {
        Body::Other(_) => {}
        Body::Transparent(fields) => {
            check_transparent(model, fields, errors);
            check_recursion(model, fields, errors);
        }
        Body::Struct(fields) => check_recursion(model, fields, errors),
        Body::Enum(variants) => {
            for (i, variant) in variants.iter().enumerate() {
                check_recursion(model, &variant.fields, errors);
                if variants[..i]
                    .iter()
                    .any(|other| other.name == variant.name && other.ident != variant.ident)
                {
                    let message = messages::two_variants(&variant.name);
                    match &variant.rename {
                        Some(literal) => errors.push(literal, message),
                        None => errors.push(&variant.ident, message),
                    }
                }
            }
        }
    }
}

/// What is transparent has something to look through to.
fn check_transparent(model: &SchemaType, fields: &WireFields, errors: &mut Errors) {
    if fields.iter().count() != 1 {
        errors.push(&model.ident, messages::transparent());
    }
}

/// A shape is finite: where a field leads back to its own type, a reference stands for that. Within a type of which only
/// the author knows how it is stored, the author says so.
fn check_recursion(model: &SchemaType, fields: &WireFields, errors: &mut Errors) {
    for field in fields.iter() {
        let ty = field.stored_type();
        let Some(recursion) = field.recursion() else { continue };
        if recursion.shape(ty, &TokenStream::new(), &|_| TokenStream::new()).is_none() {
            errors.push(ty, messages::contains_itself(&model.ident.to_string()));
        }
    }
}
