//! The domain held against `gesta.lock`: what the enums and sagas cannot see by themselves.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::model::Domain;
use crate::{errors::Errors, messages::lock as messages, recorded::Lock, source::package};

pub(super) fn check(model: &Domain, errors: &mut Errors) {
    let Some(lock) = &model.lock else { return };
    // A line with the name of an event is told by the enum that gives such names.
    let nobodys = |line: &str| !line.split(' ').next().unwrap_or_default().contains('.');
    if let Some((number, line)) = lock.content.unreadable.iter().find(|(_, line)| nobodys(line)) {
        errors.push(&model.name, messages::unreadable(*number, line));
    }
}

/// A constant for each aggregate and each saga, at the part.
pub(super) fn expand(model: &Domain) -> TokenStream {
    let Some(lock) = &model.lock else { return TokenStream::new() };
    let tracked = lock.tracked(&model.runtime.private());
    let (events, sagas) = (events(model, &lock.content), sagas(model, &lock.content));
    let whole = model.whole.then(|| whole(model, &lock.content));
    quote!(const _: () = { #tracked #events #sagas }; #whole)
}

/// No event is gone that an aggregate has recorded.
fn events(model: &Domain, lock: &Lock) -> TokenStream {
    let (private, name, package) = (model.runtime.private(), &model.name, package());
    let names = names(lock);
    if names.is_empty() {
        return TokenStream::new();
    }
    let checks = model.aggregates.iter().enumerate().map(|(at, part)| {
        let there = model.runtime.private_of(part.span());
        quote_spanned! {part.span()=>
            const _: () = #there::domain::check_locked_events(
                #at, <#name as #there::domain::Domain>::PARTS, #package, EVENTS,
            );
        }
    });
    quote!(const EVENTS: &[&#private::core::primitive::str] = &[#(#names),*]; #(#checks)*)
}

/// The events that are written.
fn names(lock: &Lock) -> Vec<&str> {
    let mut names: Vec<&str> = lock.events.iter().map(|event| event.name.as_str()).collect();
    names.dedup();
    names.retain(|name| !lock.versions(name).any(|event| event.retired));
    names
}

/// Every line is of a part, where the domain says that there are no others. What is said is said at its name.
fn whole(model: &Domain, lock: &Lock) -> TokenStream {
    let (private, name, text) = (model.runtime.private(), &model.name, model.name.to_string());
    // Whose an event is, what comes before the last dot tells: one of each is enough.
    let mut events = names(lock);
    events.dedup_by_key(|name| name.rsplit_once('.').map_or("", |(prefix, _)| prefix));
    let sagas = lock.sagas.iter().filter(|saga| !saga.retired).map(|saga| &saga.name);
    let listed = model.sagas.iter().map(|part| quote!(#private::SagaProbe::<#part>::LISTED));
    let there = model.runtime.private_of(name.span());
    let check = quote_spanned! {name.span()=>
        const _: () = #there::domain::check_whole_lock(
            #text, <#name as #there::domain::Domain>::PARTS, LISTED, EVENTS, SAGAS,
        );
    };
    quote! {
        const _: () = {
            #[allow(unused_imports)]
            use #private::NoSaga as _;
            const EVENTS: &[&#private::core::primitive::str] = &[#(#events),*];
            const SAGAS: &[&#private::core::primitive::str] = &[#(#sagas),*];
            const LISTED: &[#private::domain::ListedSaga] = &[#(#listed),*];
            #check
        };
    }
}

/// The instances of every version of a saga can go on.
fn sagas(model: &Domain, lock: &Lock) -> TokenStream {
    let private = model.runtime.private();
    let locked: Vec<TokenStream> = lock
        .sagas
        .iter()
        .filter(|saga| !saga.retired)
        .map(|saga| {
            let (name, version) = (&saga.name, u16::try_from(saga.version).unwrap_or(u16::MAX));
            quote!((#name, #version))
        })
        .collect();
    if locked.is_empty() || model.sagas.is_empty() {
        return TokenStream::new();
    }
    let (count, package) = (model.sagas.len(), package());
    let listed = model.sagas.iter().map(|part| quote!(#private::SagaProbe::<#part>::LISTED));
    let checks = model.sagas.iter().enumerate().map(|(at, part)| {
        let there = model.runtime.private_of(part.span());
        quote_spanned! {part.span()=>
            const _: () = #there::domain::check_locked_sagas(#at, &LISTED, #package, LOCKED);
        }
    });
    quote! {
        #[allow(unused_imports)]
        use #private::NoSaga as _;
        const LOCKED: &[(&#private::core::primitive::str, #private::core::primitive::u16)] = &[#(#locked),*];
        const LISTED: [#private::domain::ListedSaga; #count] = [#(#listed),*];
        #(#checks)*
    }
}
