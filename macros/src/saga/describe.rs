//! What `#[saga]` says of a saga beside what it does.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::model::Saga;
use crate::{
    parameters::command_span,
    source::{doc, docs},
    steps::{Call, Step, Undo, starts::Start},
};

/// What is said of it, what its command steps and compensations send, and what starts it: by the names of the enums.
pub(super) fn describe(model: &Saga, names: &[Ident]) -> TokenStream {
    let (private, doc) = (model.runtime.private(), doc(&model.block.attrs));
    let acts: Vec<_> = model.steps.iter().enumerate().flat_map(|(at, step)| acts(model, at, step)).collect();
    let acts = (!acts.is_empty()).then(|| {
        quote! {
            const ACTS: &'static [#private::domain::ActInfo] = {
                #[allow(unused_imports)]
                use #private::NoSends as _;
                &[#(#acts),*]
            };
        }
    });
    let started = (!names.is_empty()).then(|| {
        quote! {
            const STARTED_BY: &'static [#private::domain::ReactionInfo] = {
                #[allow(unused_imports)]
                use #private::NoReaction as _;
                &[#(#private::ReactionProbe::<Self, #names>::STARTING),*]
            };
        }
    });
    quote!(#doc #acts #started)
}

/// What a step sends, and then what undoes it.
fn acts(model: &Saga, at: usize, step: &Step) -> Vec<TokenStream> {
    let private = model.runtime.private();
    let act = |name: String, call: &Call| {
        let (at, sends) = (Literal::usize_unsuffixed(at), sends(model, call));
        (!call.is_async).then(|| quote!(#private::domain::ActInfo::new(#name, #at, #sends)))
    };
    let forward = act(step.stored_name(), &step.call);
    let undo = match &step.undo {
        Some(Undo::Compensation(call, _)) => act(call.name.to_string(), call),
        _ => None,
    };
    forward.into_iter().chain(undo.map(|undo| quote!(#undo.undoing()))).collect()
}

fn sends(model: &Saga, call: &Call) -> TokenStream {
    let result = &call.result;
    let span = command_span(result).resolved_at(Span::call_site());
    let there = model.runtime.private_at(span);
    quote_spanned!(span=> #there::SendsProbe::<#result>::SENDS)
}

/// A function that makes the saga, and the variants that it does so for: their names, and something else.
type Patterns<'a, T> = (&'a Start, Vec<(Option<String>, T)>);

/// What is said of how each variant starts it.
pub(super) fn start_docs<T>(starts: &[Patterns<'_, T>]) -> Option<TokenStream> {
    let said = starts.iter().flat_map(|(start, variants)| {
        let named = variants.iter().filter(|(name, _)| name.is_some());
        named.map(|_| start.doc.clone())
    });
    docs("DOCS", &said.collect::<Vec<_>>())
}
