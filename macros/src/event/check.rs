//! The rules of an enum of events.

use syn::{LitStr, Type};

use super::model::{EventEnum, EventVariant};
use crate::{errors::Errors, messages::event as messages, naming::type_text as text};

/// Names are keys in the store; this leaves room for every index.
const LONGEST_NAME: usize = 200;

pub(crate) fn check(model: &EventEnum, errors: &mut Errors) {
    check_generics(model, errors);
    check_not_empty(model, errors);
    check_names_unique(model, errors);
    check_old_payloads_differ(model, errors);
    if let Some(key) = &model.serde.rename_all_key {
        errors.push(key, messages::rename_variants());
    }
    for variant in &model.variants {
        if let Some(literal) = &variant.name.literal {
            check_name(&variant.name.text, literal, errors);
        }
        check_version(model, variant, errors);
        check_owned(variant, errors);
        for key in &variant.serde_naming {
            errors.push(key, messages::serde_name(&key.to_string()));
        }
    }
    // With a name or version that is wrong in itself, what was recorded says nothing.
    if errors.is_empty() {
        super::locked::check(model, errors);
    }
}

/// What is stored has one shape.
fn check_generics(model: &EventEnum, errors: &mut Errors) {
    let generics = &model.item.generics;
    if !generics.params.is_empty() {
        errors.push(&generics.params, messages::generic(&model.item.ident.to_string()));
    }
}

/// An event must be able to happen.
fn check_not_empty(model: &EventEnum, errors: &mut Errors) {
    if model.variants.is_empty() {
        errors.push(&model.item.ident, messages::empty(&model.item.ident.to_string()));
    }
}

/// A stored name leads to one variant.
fn check_names_unique(model: &EventEnum, errors: &mut Errors) {
    for (i, variant) in model.variants.iter().enumerate() {
        let same_name = model.variants[..i].iter().find(|other| other.name.text == variant.name.text);
        let Some(other) = same_name else { continue };
        let message = messages::name_taken(&variant.name.text, &other.ident.to_string());
        match (&variant.name.literal, &other.name.literal) {
            (Some(literal), _) => errors.push(literal, message),
            (None, Some(literal)) => {
                errors.push(literal, messages::name_taken(&variant.name.text, &variant.ident.to_string()))
            }
            (None, None) => errors.push(&variant.ident, message),
        }
    }
}

/// A stored name is lower case, without spaces, in parts divided by dots.
pub(super) fn check_name(name: &str, at: &LitStr, errors: &mut Errors) {
    if name.is_empty() {
        errors.push(at, messages::name_empty());
    } else if let Some(bad) = name.chars().find(|c| !name_allows(*c)) {
        errors.push(at, messages::name_characters(name, bad));
    } else if name.split('.').any(str::is_empty) {
        errors.push(at, messages::name_dots());
    } else if name.len() > LONGEST_NAME {
        errors.push(at, messages::name_too_long(LONGEST_NAME));
    }
}

/// Whether a stored name may hold this character.
pub(crate) fn name_allows(c: char) -> bool {
    (c.is_alphanumeric() && !c.is_uppercase()) || matches!(c, '_' | '-' | '.')
}

/// Every version before today's has its payload.
fn check_version(model: &EventEnum, variant: &EventVariant, errors: &mut Errors) {
    let (version, name) = (&variant.version, variant.ident.to_string());
    let listed: Vec<String> = version.older.iter().map(text).collect();
    match (&version.key, &version.from) {
        (None, Some(from)) => {
            errors.push(from, messages::from_without_version(&name, listed.len(), &listed.join(", ")));
        }
        (Some(key), _) if version.number != listed.len() as u64 + 1 => {
            let event = model.item.ident.to_string();
            errors.push(key, messages::wrong_count(&name, &event, version.number, &listed));
        }
        _ => {}
    }
}

/// One old payload leads to one variant: as a plain `From` it cannot become another one elsewhere.
fn check_old_payloads_differ(model: &EventEnum, errors: &mut Errors) {
    let older: Vec<(&Type, String)> = model
        .variants
        .iter()
        .flat_map(|variant| &variant.version.older)
        .map(|old| (old, text(old)))
        .collect();
    for (i, (old, name)) in older.iter().enumerate() {
        if older[..i].iter().any(|(_, other)| other == name) {
            errors.push(old, messages::old_twice(name));
        } else if model.item.ident == name || name == "Self" {
            errors.push(old, messages::itself_as_old(&model.item.ident.to_string()));
        }
    }
}

/// What is read from a store has no lender.
fn check_owned(variant: &EventVariant, errors: &mut Errors) {
    for field in variant.fields.iter() {
        if let Type::Reference(reference) = &field.ty {
            errors.push(reference, messages::borrowed());
        }
    }
}
