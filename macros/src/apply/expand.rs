//! What `#[apply]` becomes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Path, Type, spanned::Spanned};

use super::model::{Apply, Arm};
use crate::{
    driver::Input,
    impl_block::ImplBlock,
    keywords::ON,
    paths::Runtime,
    patterns::{Bound, Variant},
};

pub(super) fn expand(model: &Apply) -> TokenStream {
    let Apply { block, event, arms, ignored, runtime } = model;
    let private = runtime.private();
    let arms = arms.iter().flat_map(|arm| arm.patterns.iter().map(move |pattern| expand_arm(arm, pattern)));
    let ignored = ignored.iter().map(|path| {
        let path = in_enum(path);
        quote_spanned!(path.span()=> #path { .. } => {})
    });
    // A `match` that lacks an arm is reported at what it looks at: at the name of the state.
    let ty = &block.ty;
    let looked_at = Ident::new("__event", name_span(ty));
    // The last arm matches nothing, so every variant still needs its own. It stands in another syntax context
    // than the others, which keeps rustc from proposing an arm in code that is not the user's.
    let nothing = quote_spanned! {Span::mixed_site()=>
        _ if false => #private::core::unreachable!(),
    };
    let inner = quote! {
        #[allow(unreachable_patterns, clippy::match_same_arms, clippy::unit_arg)]
        fn evolve(&mut self, #looked_at: &__E) {
            match #looked_at { #(#arms)* #(#ignored)* #nothing }
        }
    };
    let implementation = implementation(block, event, runtime, &inner);
    // Fields come by reference as they are, so a parameter may well be `&String`.
    quote!(#[allow(clippy::ptr_arg)] #block #implementation)
}

/// `impl Evolve<Event> for State`. Its braces carry the state's span: that is where a second one is reported.
fn implementation(block: &ImplBlock, event: &Type, runtime: &Runtime, inner: &TokenStream) -> TokenStream {
    let (private, ty) = (runtime.private(), &block.ty);
    let (generics, _, where_clause) = block.generics.split_for_impl();
    let implementation = quote_spanned! {name_span(ty)=>
        #[automatically_derived]
        impl #generics #private::domain::Evolve<__E> for #ty #where_clause { #inner }
    };
    // The event's type is named once, so that a name that does not exist is one mistake.
    quote! {
        const _: () = {
            type __E = #event;
            #implementation
        };
    }
}

/// `Event::Variant { field, .. } => Self::method(self, field),`: everything that is not the user's own stands at
/// the variant's name, where a mistake in it is to be mended.
fn expand_arm(arm: &Arm, variant: &Variant) -> TokenStream {
    let Arm { method, parameters, .. } = arm;
    let path = in_enum(&variant.path);
    let span = variant.path.span();
    let unbound = |bound: &[Ident]| -> Vec<&Ident> {
        parameters.iter().filter(|parameter| !bound.contains(parameter)).collect()
    };
    let pattern = match &variant.fields {
        Bound::ByName => quote_spanned!(span=> #path { #(#parameters,)* .. }),
        Bound::Fields(inner, bound) => {
            let rest = unbound(bound);
            quote_spanned!(span=> #path { #inner #(#rest,)* .. })
        }
        Bound::Places(inner, _) => quote_spanned!(span=> #path ( #inner )),
    };
    quote_spanned!(span=> #pattern => { Self::#method(self, #(#parameters),*); })
}

/// The enum's name may be left out.
fn in_enum(path: &Path) -> TokenStream {
    match path.get_ident() {
        Some(name) => quote_spanned!(name.span()=> __E::#name),
        None => path.to_token_stream(),
    }
}

/// The last name of a type, without what stands before it and without its parameters.
fn name_span(ty: &Type) -> Span {
    match ty {
        Type::Path(path) => path.path.segments.last().map_or_else(|| ty.span(), |last| last.ident.span()),
        _ => ty.span(),
    }
}

/// The block as it is, and an `impl Evolve` that stands in for the one that could not be written.
pub(super) fn fallback(input: &Input, model: Option<&Apply>) -> TokenStream {
    if let Some(model) = model {
        return stub_for(&model.block, &model.event, &model.runtime);
    }
    match syn::parse2::<ImplBlock>(input.item.clone()) {
        Ok(block) if block.of_trait.is_none() => any_event(&block.strip(ON)),
        // That of a trait may well be the `impl Evolve` itself.
        Ok(block) => block.strip(ON).into_token_stream(),
        Err(_) => input.item.clone(),
    }
}

fn stub_for(block: &ImplBlock, event: &Type, runtime: &Runtime) -> TokenStream {
    let private = runtime.private();
    let inner = quote! { fn evolve(&mut self, _: &__E) { #private::core::unreachable!() } };
    let implementation = implementation(block, event, runtime, &inner);
    quote!(#block #implementation)
}

/// The event is not known: any will do.
fn any_event(block: &ImplBlock) -> TokenStream {
    let runtime = Runtime::new(None);
    let (private, ty) = (runtime.private(), &block.ty);
    quote! {
        #block
        impl<E: #private::domain::Event> #private::domain::Evolve<E> for #ty {
            fn evolve(&mut self, _: &E) { #private::core::unreachable!() }
        }
    }
}
