//! What `#[saga]` says of a saga beside what it does.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::model::Saga;
use crate::{
    parameters::command_span,
    source::{doc, docs},
    steps::{Call, Undo, starts::Start},
};

/// `const DOC`, and `fn sends`: what the command steps and compensations return. Generic, so that only a program that
/// asks for it carries it.
pub(super) fn describe(model: &Saga) -> TokenStream {
    let (private, doc) = (model.runtime.private(), doc(&model.block.attrs));
    let steps = model.steps.iter().enumerate().flat_map(|(at, step)| {
        let undo = match &step.undo {
            Some(Undo::Compensation(call, _)) => Some((at, true, &**call)),
            _ => None,
        };
        [Some((at, false, &step.call)), undo].into_iter().flatten()
    });
    let arms: Vec<_> = steps
        .filter(|(_, _, call)| !call.is_async)
        .map(|(at, undoes, call)| {
            let (at, sent) = (Literal::usize_unsuffixed(at), sent(model, call));
            quote!((#at, #undoes) => #sent,)
        })
        .collect();
    if arms.is_empty() {
        return quote!(#doc);
    }
    quote! {
        #doc
        fn sends<__L: #private::core::iter::Extend<#private::execute::Sending>>(
            step: usize,
            undoes: bool,
            to: &mut __L,
        ) {
            #[allow(unused_imports)]
            use #private::NoSends as _;
            match (step, undoes) {
                #(#arms)*
                _ => {}
            }
        }
    }
}

fn sent(model: &Saga, call: &Call) -> TokenStream {
    let result = &call.result;
    let span = command_span(result).resolved_at(Span::call_site());
    let there = model.runtime.private_at(span);
    quote_spanned!(span=> #there::SendsProbe::<#result>::sends(to))
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
