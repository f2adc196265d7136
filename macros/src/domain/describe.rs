//! What `domain!` writes for those who look at a domain from outside.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;

use super::{expand::at, model::Domain};

/// `Register::describe`: shows every part, by its type. Generic, so that only a program that asks for it carries it.
pub(super) fn describe(model: &Domain) -> TokenStream {
    let private = model.runtime.private();
    let aggregates = model.aggregates.iter().map(|part| aggregate(model, part));
    let projections = model.projections.iter().map(|part| projection(model, part));
    let handlers = model.event_handlers.iter().map(|part| described(model, part, "HandlerProbe"));
    let sagas = model.sagas.iter().map(|part| described(model, part, "SagaProbe"));
    let processes = model.process_managers.iter().map(|part| described(model, part, "ProcessProbe"));
    quote! {
        #[allow(unused_variables)]
        fn describe<__M: #private::Describe>(to: &mut __M) {
            #[allow(unused_imports)]
            use #private::{
                NoFold as _, NoHandler as _, NoJson as _, NoPart as _, NoProcess as _, NoProjection as _,
                NoQueries as _, NoSaga as _, NoText as _,
            };
            #(#aggregates)*
            #(#projections)*
            #(#handlers)*
            #(#sagas)*
            #(#processes)*
        }
    }
}

fn described(model: &Domain, part: &Type, probe: &str) -> TokenStream {
    let span = at(part);
    let (private, probe) = (model.runtime.private_at(span), Ident::new(probe, span));
    quote_spanned!(span=> #private::#probe::<#part>::describe(to);)
}

/// An aggregate, and how its state can be shown: only here is its type known.
fn aggregate(model: &Domain, part: &Type) -> TokenStream {
    let span = at(part);
    let (private, own) = (model.runtime.private_at(span), described(model, part, "PartProbe"));
    quote_spanned! {span=>
        #own
        #private::PartProbe::<#part>::shows(
            to,
            #private::Shown { json: #private::ShownProbe::<#part>::JSON, text: #private::ShownProbe::<#part>::TEXT },
        );
    }
}

fn projection(model: &Domain, part: &Type) -> TokenStream {
    let span = at(part);
    let private = model.runtime.private_at(span);
    let (own, queries) = (described(model, part, "ProjectionProbe"), described(model, part, "QueryProbe"));
    let folds = model
        .aggregates
        .iter()
        .map(|aggregate| quote_spanned!(span=> #private::FoldProbe::<#part, #aggregate>::describe(to);));
    quote!(#own #(#folds)* #queries)
}

/// The test by which a program asks the compiled domain.
///
/// In a module, since only there the lint about tests that cannot be called can be allowed: a domain in the body of a
/// function has one. What is in a body cannot be named from a module within, so there it is the enum that stands in.
pub(super) fn probe(model: &Domain) -> TokenStream {
    let (private, name) = (model.runtime.private(), &model.name);
    let probe = format_ident!("gesta_probe_{name}", span = Span::call_site());
    let module = format_ident!("gesta_probe_of_{name}", span = Span::call_site());
    quote! {
        #[cfg(test)]
        #[allow(non_snake_case, unnameable_test_items, unused_imports, dead_code)]
        mod #module {
            enum #name {}

            #[#private::core::prelude::v1::test]
            fn #probe() {
                use #private::NoProbe as _;
                use super::*;
                #private::DomainProbe::<#name>::probe();
            }
        }
    }
}
