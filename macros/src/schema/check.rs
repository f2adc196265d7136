//! The rules of a stored type.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;

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

/// A shape is finite: a field that leads back to its own type says so.
fn check_recursion(model: &SchemaType, fields: &WireFields, errors: &mut Errors) {
    for field in fields.iter() {
        let ty = field.shape_as.as_ref().unwrap_or(&field.ty);
        if !field.recursive && mentions(ty.to_token_stream(), &[&model.ident.to_string(), "Self"]) {
            errors.push(ty, messages::contains_itself(&model.ident.to_string()));
        }
    }
}

/// Whether one of these words stands in a type, not as a part of a longer path.
fn mentions(tokens: TokenStream, words: &[&str]) -> bool {
    let mut after_colon = false;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if !after_colon && words.iter().any(|word| ident == word) => return true,
            TokenTree::Group(group) if mentions(group.stream(), words) => return true,
            TokenTree::Punct(punct) => {
                after_colon = punct.as_char() == ':';
                continue;
            }
            _ => {}
        }
        after_colon = false;
    }
    false
}
