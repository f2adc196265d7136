//! What `#[aggregate]` becomes.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Ident, Type, spanned::Spanned};

use super::model::Aggregate;
use crate::{
    driver::Input,
    schema::shape_if_known,
    source::{self, documentation, package},
};

pub(super) fn expand(model: &Aggregate) -> TokenStream {
    let item = &model.item;
    let (ident, private, name) = (model.ident(), model.runtime.private(), model.stream_name());
    let (id, event, package) = (id_type(model), event_type(model), package());
    let (span, doc) = (ident.span().resolved_at(Span::call_site()), source::doc(&item.attrs));
    let snapshot = model.snapshot_every.map(|every| snapshot(model, every));
    let (fold, lifecycle, states) = (fold(model, &event, span), lifecycle(model, &event), states(model));
    let state_name = model.states().map(|_| {
        quote! {
            fn state_name(&self) -> #private::core::option::Option<&'static str> {
                #private::core::option::Option::Some(#private::domain::States::state(self))
            }
        }
    });
    let (of_id, of_event) = (belongs(model, "AggregateId", &id), belongs(model, "EventOf", &event));
    quote! {
        #item

        #[automatically_derived]
        impl #private::domain::Aggregate for #ident {
            type Id = #id;
            type Event = #event;
            const NAME: &'static str = #name;
            const PACKAGE: &'static str = #package;
            #doc
            #snapshot
            #lifecycle
            #fold
            #state_name
        }

        #states
        #of_id
        #of_event
    }
}

/// `impl States`: the variants by name.
fn states(model: &Aggregate) -> Option<TokenStream> {
    let (ident, private, states) = (model.ident(), model.runtime.private(), model.states()?);
    let name = |state: &syn::Variant| {
        let text = state.ident.to_string();
        text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
    };
    let infos = states.iter().map(|state| {
        let (name, doc) = (name(state), documentation(&state.attrs));
        quote!(#private::domain::StateInfo::new(#name, #doc))
    });
    let arms = states.iter().map(|state| {
        let (variant, name) = (&state.ident, name(state));
        quote!(Self::#variant { .. } => #name,)
    });
    Some(quote! {
        #[automatically_derived]
        impl #private::domain::States for #ident {
            const STATES: &'static [#private::domain::StateInfo] = &[#(#infos),*];
            fn state(&self) -> &'static str {
                match self { #(#arms)* }
            }
        }
    })
}

/// `LIFECYCLE`: the states, and what `#[apply]` says of them.
fn lifecycle(model: &Aggregate, event: &Type) -> TokenStream {
    let (ident, private) = (model.ident(), model.runtime.private());
    let states = match model.states() {
        Some(_) => quote!(<#ident as #private::domain::States>::STATES),
        None => quote!(&[]),
    };
    quote! {
        const LIFECYCLE: #private::core::option::Option<&'static #private::domain::Lifecycle> = {
            #[allow(unused_imports)]
            use #private::NoTransitions as _;
            const FOUND: #private::core::option::Option<#private::domain::Lifecycle> =
                #private::lifecycle(#states, #private::Folding::<#ident, #event>::FOLDED);
            FOUND.as_ref()
        };
    }
}

/// `fn fold`: what `#[apply]` says, which is asked for at the state's name.
fn fold(model: &Aggregate, event: &Type, span: Span) -> TokenStream {
    let (ident, private) = (model.ident(), model.runtime.private());
    let there = model.runtime.private_at(span);
    let fold = quote_spanned!(span=> #there::Folding::<Self, #event>::fold(state, event));
    quote! {
        #[inline]
        fn fold(
            state: &mut #private::core::option::Option<#ident>,
            event: &#event,
        ) -> #private::core::result::Result<(), #private::domain::Misfit> {
            #[allow(unused_imports)]
            use #private::NoTransitions as _;
            #fold
        }
    }
}

/// Whose id or event a type is; that it is somebody else's already is said where it is named.
fn belongs(model: &Aggregate, the_trait: &str, ty: &Type) -> TokenStream {
    let (ident, span) = (model.ident(), ty.span().resolved_at(Span::call_site()));
    let (private, the_trait) = (model.runtime.private_at(span), Ident::new(the_trait, span));
    quote_spanned! {span=>
        #[automatically_derived]
        impl #private::domain::#the_trait for #ty {
            type Aggregate = #ident;
        }
    }
}

/// `SNAPSHOT`, with the shape of the state folded into one number.
fn snapshot(model: &Aggregate, every: u64) -> TokenStream {
    let (ident, private) = (model.ident(), model.runtime.private());
    let container = serde_attributes(&model.item.attrs);
    let fields = model.fields().into_iter().map(|(name, field)| {
        let ty = &field.ty;
        let text = format!("{} {}", ty.to_token_stream(), serde_attributes(&field.attrs));
        // A field that is there only at times: its type may not be.
        if field.attrs.iter().any(|attr| attr.path().is_ident("cfg")) {
            return quote!(.field(#name, #text, #private::core::option::Option::None, 0));
        }
        quote! {
            .field(#name, #text, #private::Probe::<#ty>::SHAPE, #private::core::mem::size_of::<#ty>())
        }
    });
    let variants = match &model.item.data {
        syn::Data::Enum(data) => {
            let text = |v: &syn::Variant| format!("{} {}", v.ident, serde_attributes(&v.attrs));
            data.variants.iter().map(text).collect()
        }
        _ => Vec::new(),
    };
    let span = ident.span().resolved_at(Span::call_site());
    let policy = quote_spanned!(span=> #private::snapshot::<#ident>);
    let shape = shape_if_known(&model.item, &private);
    quote! {
        const SNAPSHOT: #private::core::option::Option<#private::domain::SnapshotPolicy<Self>> = {
            #[allow(unused_imports)]
            use #private::NoShape as _;
            let state = #private::StateShape::new(#container) #(.variant(#variants))* #(#fields)*;
            #private::core::option::Option::Some(#policy(#every, state.fingerprint()))
        };
        const SNAPSHOT_SHAPE: #private::core::option::Option<&'static #private::domain::Shape> = {
            #[allow(unused_imports)]
            use #private::codec::ProbeOtherwise as _;
            #private::core::option::Option::Some(#shape)
        };
    }
}

/// The attributes by which serde may change what is stored.
fn serde_attributes(attrs: &[syn::Attribute]) -> String {
    let serde = attrs.iter().filter(|attr| attr.path().is_ident("serde"));
    serde.map(|attr| attr.to_token_stream().to_string()).collect()
}

/// The item, with impls that stand in for those that could not be written.
pub(super) fn fallback(input: &Input, model: Option<&Aggregate>) -> TokenStream {
    let Some(model) = model else { return input.item.clone() };
    if !model.item.generics.params.is_empty() || matches!(model.item.data, syn::Data::Union(_)) {
        return input.item.clone();
    }
    expand(&Aggregate { snapshot_every: None, item: model.item.clone(), ..stub(model) })
}

fn stub(model: &Aggregate) -> Aggregate {
    Aggregate {
        item: model.item.clone(),
        id: Some(id_type(model)),
        event: Some(event_type(model)),
        name: None,
        snapshot_every: None,
        states: model.states.clone(),
        runtime: model.runtime.clone(),
    }
}

fn id_type(model: &Aggregate) -> Type {
    model.id.clone().unwrap_or_else(|| usual(model.ident(), "Id"))
}

fn event_type(model: &Aggregate) -> Type {
    model.event.clone().unwrap_or_else(|| usual(model.ident(), "Event"))
}

/// The name that a part of the aggregate usually has, to go on with after one is missing.
fn usual(ident: &Ident, part: &str) -> Type {
    let name = format_ident!("{ident}{part}");
    syn::parse_quote!(#name)
}
