//! What `domain!` becomes.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Type, spanned::Spanned};

use super::model::Domain;
use crate::{driver::Input, naming::type_text};

pub(super) fn expand(model: &Domain) -> TokenStream {
    let (private, name) = (model.runtime.private(), &model.name);
    let deps = model.deps.as_ref().map_or_else(|| quote!(()), ToTokens::to_token_stream);
    let parts = model.aggregates.iter().map(|part| {
        let (source, span) = (type_text(part), part.span().resolved_at(Span::call_site()));
        let private = model.runtime.private_at(span);
        quote_spanned! {span=>
            #private::domain::PartInfo::new(
                #private::PartProbe::<#part>::NAME,
                #source,
                #private::PartProbe::<#part>::TYPES,
            )
        }
    });
    let supplies = model.aggregates.iter().map(|part| part_of(model, part, &deps));
    let asks = asks(model, &deps);
    let app = app(model, &deps, &quote!(#private::Builder::new(store.into(), deps)));
    let at_name = name.span().resolved_at(Span::call_site());
    let private_there = model.runtime.private_at(at_name);
    let checked = quote_spanned! {at_name=>
        const _: () = #private_there::domain::check_domain(<#name as #private_there::domain::Domain>::PARTS);
    };
    let definition = definition(model, &deps, &quote!(#(#parts),*));
    quote!(#definition #app #(#supplies)* #asks #checked)
}

/// The type and its `impl Domain`.
fn definition(model: &Domain, deps: &TokenStream, parts: &TokenStream) -> TokenStream {
    let Domain { attrs, visibility, name, .. } = model;
    let (private, text) = (model.runtime.private(), name.to_string());
    let documented = attrs.iter().any(|attr| attr.path().is_ident("doc"));
    let doc = (!documented).then(|| format!("The domain `{text}`.")).map(|doc| quote!(#[doc = #doc]));
    quote! {
        #(#attrs)*
        #doc
        #[derive(Clone, Copy, Debug)]
        #visibility enum #name {}

        #[automatically_derived]
        impl #private::domain::Domain for #name {
            type Deps = #deps;
            const NAME: &'static str = #text;
            const PARTS: &'static [#private::domain::PartInfo] = {
                #[allow(unused_imports)]
                use #private::NoPart as _;
                &[#parts]
            };
        }

        #[automatically_derived]
        impl #private::Register for #name {}
    }
}

fn app(model: &Domain, deps: &TokenStream, body: &TokenStream) -> TokenStream {
    let (private, Domain { visibility, name, .. }) = (model.runtime.private(), model);
    quote! {
        impl #name {
            /// The domain on a store, with what its handlers need: an application about to be started.
            #visibility fn app(
                store: impl #private::core::convert::Into<#private::store::Store>,
                deps: #deps,
            ) -> #private::Builder<#name> {
                #body
            }
        }
    }
}

/// `impl PartOf<Domain>`. What the part must be is said at the part.
fn part_of(model: &Domain, part: &Type, deps: &TokenStream) -> TokenStream {
    let (name, span) = (&model.name, part.span().resolved_at(Span::call_site()));
    let private = model.runtime.private_at(span);
    quote_spanned! {span=>
        #[automatically_derived]
        impl #private::domain::PartOf<#name> for #part {
            fn supply(deps: &#deps) -> <#part as #private::domain::CommandHandlers>::Deps<'_> {
                #[allow(unused_imports)]
                use #private::NoSupply as _;
                // What is wanted is never got like this; it is what says of which type it is.
                let wanted = #private::Wanted::new();
                if false {
                    return wanted.get();
                }
                wanted.from(deps).supply()
            }
        }
    }
}

/// Asks whether the dependencies suffice for every part, at the dependencies.
fn asks(model: &Domain, deps: &TokenStream) -> TokenStream {
    let span =
        model.deps.as_ref().map_or_else(|| model.name.span(), Spanned::span).resolved_at(Span::call_site());
    let private = model.runtime.private_at(span);
    let asks =
        model.aggregates.iter().map(|part| quote_spanned!(span=> #private::PartProbe::<#part>::asks(deps);));
    quote! {
        const _: fn(&#deps) = |deps| {
            #[allow(unused_imports)]
            use #private::NoPart as _;
            #(#asks)*
        };
    }
}

/// A domain of that name to which everything belongs.
pub(super) fn fallback(_: &Input, model: Option<&Domain>) -> TokenStream {
    let Some(model) = model else { return TokenStream::new() };
    let (private, name) = (model.runtime.private(), &model.name);
    let definition = definition(model, &quote!(()), &TokenStream::new());
    let app =
        app(model, &quote!(impl #private::core::marker::Sized), &quote!(#private::core::unreachable!()));
    quote! {
        #definition
        #[allow(unused_variables)]
        #app
        impl #private::Mistaken for #name {}
    }
}
