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
        let source = type_text(part);
        quote_spanned!(part.span()=> #private::domain::PartInfo::new(
            <#part as #private::domain::Aggregate>::NAME,
            #source,
            <<#part as #private::domain::Aggregate>::Event as #private::domain::Event>::TYPES,
        ))
    });
    let registers = model.aggregates.iter().map(|part| registers(model, part, &deps));
    let app = app(model, &deps, &quote!(#private::Builder::new(store.into(), deps)));
    let checked = quote_spanned! {name.span().resolved_at(Span::call_site())=>
        const _: () = #private::domain::check_domain(<#name as #private::domain::Domain>::PARTS);
    };
    let definition = definition(model, &deps, &quote!(#(#parts),*));
    quote!(#definition #app #(#registers)* #checked)
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
            const PARTS: &'static [#private::domain::PartInfo] = &[#parts];
        }
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

/// `impl Registers<Part>`. What the part must be is said at the part, what it needs from the dependencies at them.
fn registers(model: &Domain, part: &Type, deps: &TokenStream) -> TokenStream {
    let (private, name) = (model.runtime.private(), &model.name);
    let span = model.deps.as_ref().map_or_else(|| name.span(), Spanned::span);
    let supply = quote_spanned!(span.resolved_at(Span::call_site())=> #private::domain::Supply::supply(deps));
    quote_spanned! {part.span().resolved_at(Span::call_site())=>
        #[automatically_derived]
        impl #private::domain::Registers<#part> for #name {
            fn supply(deps: &#deps) -> <#part as #private::domain::CommandHandlers>::Deps<'_> { #supply }
        }
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
        #[automatically_derived]
        impl<A: #private::domain::CommandHandlers> #private::domain::Registers<A> for #name {
            fn supply(_: &()) -> A::Deps<'_> { #private::core::unreachable!() }
        }
    }
}
