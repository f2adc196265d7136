//! What `#[process_manager]` says of a process manager beside what it does.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Path, Type};

use super::model::{Process, Reaction};
use crate::{
    parameters::command_span,
    source::{doc, docs},
};

/// What is said of it and its deadlines, and what these send. Generic, so that only a program that asks for it carries
/// it.
pub(super) fn describe(model: &Process) -> TokenStream {
    let doc = doc(&model.block.attrs);
    let said: Vec<String> = model.deadlines.iter().map(|deadline| deadline.doc.clone()).collect();
    let docs = docs("DEADLINE_DOCS", &said);
    let results = model.deadlines.iter().map(|deadline| deadline.call.result.as_ref());
    let sends = sends(model, &quote!(deadline_sends), results.collect());
    quote!(#doc #docs #sends)
}

/// What is said of the reactions to the events of one enum, and what they send.
pub(super) fn reactions(model: &Process, reactions: &[&Reaction], event: &Path) -> TokenStream {
    let each = || {
        reactions.iter().flat_map(|reaction| {
            let variants = reaction.patterns.iter().filter(|variant| variant.is_of(event));
            variants.filter(|variant| variant.name().is_some()).map(move |_| *reaction)
        })
    };
    let docs = docs("DOCS", &each().map(|reaction| reaction.doc.clone()).collect::<Vec<_>>());
    let sends = sends(model, &quote!(sends), each().map(|reaction| reaction.call.result.as_ref()).collect());
    quote!(#docs #sends)
}

/// `fn sends`: what methods return, by their place.
fn sends(model: &Process, function: &TokenStream, results: Vec<Option<&Type>>) -> Option<TokenStream> {
    let private = model.runtime.private();
    let arms: Vec<_> = results
        .into_iter()
        .enumerate()
        .filter_map(|(at, result)| {
            let (at, result) = (Literal::usize_unsuffixed(at), result?);
            let span = command_span(result).resolved_at(Span::call_site());
            let there = model.runtime.private_at(span);
            Some(quote_spanned!(span=> #at => #there::SendsProbe::<#result>::sends(to),))
        })
        .collect();
    (!arms.is_empty()).then(|| {
        quote! {
            fn #function<__L: #private::core::iter::Extend<#private::execute::Sending>>(
                at: usize,
                to: &mut __L,
            ) {
                #[allow(unused_imports)]
                use #private::NoSends as _;
                match at {
                    #(#arms)*
                    _ => {}
                }
            }
        }
    })
}
