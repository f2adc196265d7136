//! What `#[process_manager]` says of a process manager beside what it does.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Path, Type};

use super::model::{Process, Reaction};
use crate::{
    parameters::command_span,
    source::{doc, docs},
};

/// What is said of it and its deadlines, what these send, and what it reacts to: by the names of the enums.
pub(super) fn describe(model: &Process, names: &[Ident]) -> TokenStream {
    let private = model.runtime.private();
    let doc = doc(&model.block.attrs);
    let said: Vec<String> = model.deadlines.iter().map(|deadline| deadline.doc.clone()).collect();
    let docs = docs("DEADLINE_DOCS", &said);
    let acts = model.deadlines.iter().enumerate().map(|(at, deadline)| {
        let (name, at) = (deadline.stored_name(), Literal::usize_unsuffixed(at));
        let sends = sends(model, deadline.call.result.as_ref());
        quote!(#private::domain::ActInfo::new(#name, #at, #sends))
    });
    let acts = (!model.deadlines.is_empty()).then(|| {
        quote! {
            const ACTS: &'static [#private::domain::ActInfo] = {
                #[allow(unused_imports)]
                use #private::NoSends as _;
                &[#(#acts),*]
            };
        }
    });
    let reactions = (!names.is_empty()).then(|| {
        quote! {
            const REACTIONS: &'static [#private::domain::ReactionInfo] = {
                #[allow(unused_imports)]
                use #private::NoReaction as _;
                &[#(#private::ReactionProbe::<Self, #names>::MANAGED),*]
            };
        }
    });
    quote!(#doc #docs #acts #reactions)
}

/// What is said of the reactions to the events of one enum, and what they send.
pub(super) fn reactions(model: &Process, reactions: &[&Reaction], event: &Path) -> TokenStream {
    let private = model.runtime.private();
    let each = || {
        reactions.iter().flat_map(|reaction| {
            let variants = reaction.patterns.iter().filter(|variant| variant.is_of(event));
            variants.filter(|variant| variant.name().is_some()).map(move |_| *reaction)
        })
    };
    let docs = docs("DOCS", &each().map(|reaction| reaction.doc.clone()).collect::<Vec<_>>());
    let silent = each().all(|reaction| reaction.call.result.is_none());
    let sends = each().map(|reaction| sends(model, reaction.call.result.as_ref()));
    let sends = (!silent).then(|| {
        quote! {
            const SENDS: &'static [#private::domain::Sending] = {
                #[allow(unused_imports)]
                use #private::NoSends as _;
                &[#(#sends),*]
            };
        }
    });
    quote!(#docs #sends)
}

/// What a method sends, by what it returns.
fn sends(model: &Process, result: Option<&Type>) -> TokenStream {
    let Some(result) = result else {
        let private = model.runtime.private();
        return quote!(#private::domain::Sending::Nothing);
    };
    let span = command_span(result).resolved_at(Span::call_site());
    let there = model.runtime.private_at(span);
    quote_spanned!(span=> #there::SendsProbe::<#result>::SENDS)
}
