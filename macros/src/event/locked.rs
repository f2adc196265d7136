//! The enum held against `gesta.lock`: names and versions by the macro, shapes by constants that it writes.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::model::{EventEnum, EventVariant};
use crate::{errors::Errors, messages::lock as messages, naming::type_text, recorded::Lock};

pub(super) fn check(model: &EventEnum, errors: &mut Errors) {
    let Some(lock) = &model.lock else { return };
    check_readable(model, &lock.content, errors);
    check_complete(model, &lock.content, errors);
    for variant in &model.variants {
        check_version_known(variant, &lock.content, errors);
        check_not_reused(variant, &lock.content, errors);
    }
}

/// A line about this enum says what it means.
fn check_readable(model: &EventEnum, lock: &Lock, errors: &mut Errors) {
    let about = |line: &str| {
        let name = line.split(' ').next().unwrap_or_default();
        is_own(model, name) || model.variants.iter().any(|variant| variant.name.text == name)
    };
    if let Some((number, line)) = lock.unreadable.iter().find(|(_, line)| about(line)) {
        errors.push(&model.item.ident, messages::unreadable(*number, line));
    }
}

/// Whether a name is one that this enum gives: its prefix, a dot, and a word.
pub(super) fn is_own(model: &EventEnum, name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(prefix, _)| prefix == model.prefix)
}

/// What was recorded under the enum's prefix is still there.
fn check_complete(model: &EventEnum, lock: &Lock, errors: &mut Errors) {
    let known = |name: &str| model.variants.iter().any(|variant| variant.name.text == name);
    let mut gone: Vec<&str> = lock.events.iter().map(|event| event.name.as_str()).collect();
    gone.dedup();
    gone.retain(|name| is_own(model, name) && !known(name) && !is_retired(lock, name));
    let mut new = model.variants.iter().filter(|variant| lock.versions(&variant.name.text).next().is_none());
    let enumeration = model.item.ident.to_string();
    match (gone.as_slice(), new.next(), new.next()) {
        ([], ..) => {}
        // One is gone and one is new: most likely it is the same.
        ([name], Some(renamed), None) => {
            errors.push(&renamed.ident, messages::renamed(name, &enumeration, &renamed.ident.to_string()));
        }
        (names, ..) => errors.push(&model.item.ident, messages::gone(names, &enumeration)),
    }
}

fn is_retired(lock: &Lock, name: &str) -> bool {
    lock.versions(name).any(|event| event.retired)
}

/// Every version that was recorded can be read.
fn check_version_known(variant: &EventVariant, lock: &Lock, errors: &mut Errors) {
    let known = variant.version.number;
    let newest = lock.versions(&variant.name.text).map(|event| event.version).max();
    if let Some(newest) = newest.filter(|newest| *newest > known) {
        let message = messages::newer_version(&variant.name.text, newest, known, &variant.ident.to_string());
        match &variant.version.key {
            Some(key) => errors.push(key, message),
            None => errors.push(&variant.ident, message),
        }
    }
}

/// The name of a retired event means what it has meant.
fn check_not_reused(variant: &EventVariant, lock: &Lock, errors: &mut Errors) {
    if variant.retired.is_none() && is_retired(lock, &variant.name.text) {
        let message = messages::reused(&variant.name.text);
        match &variant.name.literal {
            Some(literal) => errors.push(literal, message),
            None => errors.push(&variant.ident, message),
        }
    }
}

/// One constant for each version that was recorded, at the token that says its shape.
pub(super) fn expand(model: &EventEnum, private: &TokenStream) -> TokenStream {
    let Some(lock) = &model.lock else { return TokenStream::new() };
    let tracked = lock.tracked(private);
    let checks = model.variants.iter().enumerate().flat_map(|(index, variant)| {
        let versions = lock.content.versions(&variant.name.text);
        versions.filter_map(move |event| compare(model, index, variant, event.version, &event.shape))
    });
    quote!(#tracked #(#checks)*)
}

fn compare(
    model: &EventEnum,
    index: usize,
    variant: &EventVariant,
    version: u64,
    locked: &str,
) -> Option<TokenStream> {
    let what = format!("`{}` v{version}", variant.name.text);
    let older = &variant.version.older;
    // Versions begin at 1; that there is none beyond today's was checked.
    let old = usize::try_from(version).ok()?.checked_sub(1)?;
    let (span, shape, help) = match older.get(old) {
        Some(ty) => {
            let help = messages::undo_the_change_of(&type_text(ty));
            (ty.span(), quote!(.older[#old].shape), help)
        }
        None => (variant.ident.span(), quote!(.shape), raise(variant)),
    };
    // All of it stands at the user's token: only then does the compiler show nothing but that token.
    let (there, name) = (model.runtime.private_of(span), &model.item.ident);
    let name = syn::Ident::new(&name.to_string(), span);
    Some(quote_spanned! {span=>
        const _: () = #there::domain::check_locked(
            #what, #locked, <#name as #there::domain::Event>::TYPES[#index] #shape, #help,
        );
    })
}

/// What to write so that the present shape is the next version.
fn raise(variant: &EventVariant) -> String {
    let (name, next) = (variant.ident.to_string(), variant.version.number.saturating_add(1));
    let kept = format!("{name}V{}", variant.version.number);
    let mut older: Vec<String> = variant.version.older.iter().map(type_text).collect();
    older.push(kept.clone());
    messages::raise(&kept, next, &older.join(", "))
}
