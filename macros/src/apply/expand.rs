//! What `#[apply]` becomes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Path, Type, spanned::Spanned};

use super::{describe, model::Apply};
use crate::{
    driver::Input,
    impl_block::ImplBlock,
    keywords::{FROM, ON, TO},
    naming::type_text,
    paths::Runtime,
    patterns::{Variant, in_enum, same_variant},
    states::{self, Arm, Written},
};

/// The traits that a block is written as.
const EVOLVE: &str = "Evolve";
const TRANSITIONS: &str = "Transitions";

pub(super) fn expand(model: &Apply) -> TokenStream {
    let block = &model.block;
    let (of_trait, inner, asked) = if states::is_total(&model.arms, &model.impossible) {
        let (said, evolve) = (describe::said(model), evolve(model));
        let (route, deletes) = (route(model), deletes(model));
        (EVOLVE, quote!(#said #evolve #route #deletes), asked(model))
    } else {
        (TRANSITIONS, transitions(model), refused(model))
    };
    let implementation = implementation(block, (&model.event, of_trait), &model.runtime, &inner, &asked);
    // Fields come by reference as they are, so a parameter may well be `&String`.
    quote!(#[allow(clippy::ptr_arg)] #block #implementation)
}

/// The variants that change nothing: ignored, or deleting and no more.
fn unchanged(Apply { arms, ignored, deleted, .. }: &Apply) -> Vec<&Path> {
    let applied = |path: &&Path| {
        let patterns = arms.iter().flat_map(|arm| &arm.patterns);
        patterns.filter(|pattern| pattern.takes_all).any(|pattern| same_variant(&pattern.path, path))
    };
    ignored.iter().chain(deleted.iter().filter(|path| !applied(path))).collect()
}

/// The transitions, where some events make the first state or do not fit every state.
fn transitions(model: &Apply) -> TokenStream {
    states::write(&Written {
        arms: &model.arms,
        impossible: &model.impossible,
        unchanged: &unchanged(model),
        ty: &model.block.ty,
        name: name_span(&model.block.ty),
        runtime: &model.runtime,
    })
}

/// `fn evolve`, the exhaustive `match`.
fn evolve(model: &Apply) -> TokenStream {
    let Apply { block, arms, runtime, .. } = model;
    let private = runtime.private();
    let unchanged = unchanged(model).into_iter().map(|path| {
        let path = in_enum(path);
        quote_spanned!(path.span()=> #path { .. } => {})
    });
    let arms = arms.iter().flat_map(|arm| arm.patterns.iter().map(move |pattern| expand_arm(arm, pattern)));
    // A `match` that lacks an arm is reported at what it looks at: at the name of the state.
    let looked_at = Ident::new("__event", name_span(&block.ty));
    // The last arm matches nothing, so every variant still needs its own. It stands in another syntax context
    // than the others, which keeps rustc from proposing an arm in code that is not the user's.
    let nothing = quote_spanned! {Span::mixed_site()=>
        _ if false => #private::core::unreachable!(),
    };
    quote! {
        #[allow(deprecated, unreachable_patterns, clippy::match_same_arms, clippy::unit_arg)]
        fn evolve(&mut self, #looked_at: &__E) {
            match #looked_at { #(#arms)* #(#unchanged)* #nothing }
        }
    }
}

/// `fn route`: which documents an event changes, where it is not just the one of its stream. That a variant is
/// missing is said in `evolve`.
fn route(model: &Apply) -> Option<TokenStream> {
    let Apply { arms, ignored, deleted, by, runtime, .. } = model;
    if by.is_none() && ignored.is_empty() {
        return None;
    }
    let private = runtime.private();
    let ignored_arms = ignored.iter().map(|path| {
        let path = in_enum(path);
        quote_spanned!(path.span()=> #path { .. } => #private::domain::Route::nowhere(),)
    });
    let mut named: Vec<&Path> = Vec::new();
    let applied = arms.iter().flat_map(|arm| &arm.patterns).map(|pattern| &pattern.path);
    for path in applied.chain(deleted) {
        if !named.iter().any(|known| same_variant(known, path)) {
            named.push(path);
        }
    }
    let routed = by.iter().flat_map(|by| {
        let span = by.span().resolved_at(Span::call_site());
        let there = runtime.private_at(span);
        named.iter().map(move |path| {
            let path = in_enum(path);
            let field = quote_spanned!(span=> #by: __field);
            let to = quote_spanned!(span=> #there::route::<Self, _>(__field));
            quote_spanned!(path.span()=> #path { #field, .. } => #to,)
        })
    });
    Some(quote! {
        #[allow(deprecated, unreachable_patterns, clippy::match_same_arms)]
        fn route(__event: &__E) -> #private::domain::Route {
            match __event { #(#ignored_arms)* #(#routed)* _ => #private::domain::Route::Stream }
        }
    })
}

/// `fn deletes`, where there is a variant that ends a document.
fn deletes(model: &Apply) -> Option<TokenStream> {
    let word = model.delete_word.as_ref()?;
    let span = word.span().resolved_at(Span::call_site());
    let there = model.runtime.private_at(span);
    // Of a field that names the document it is asked already.
    let asked = model.by.is_none().then(|| quote_spanned!(span=> #there::keeps_documents::<Self>();));
    let arms = model.deleted.iter().map(|path| {
        let path = in_enum(path);
        quote_spanned!(path.span()=> #path { .. } => true,)
    });
    Some(quote! {
        #[allow(deprecated, unreachable_patterns, clippy::match_like_matches_macro)]
        fn deletes(__event: &__E) -> bool {
            #asked
            match __event { #(#arms)* _ => false }
        }
    })
}

/// What only a projection is asked: that it is not inline where a field names the document, and else that the key is
/// the id of the stream.
fn asked(model: &Apply) -> TokenStream {
    let Apply { block, event, by, runtime, .. } = model;
    let ty = &block.ty;
    if !block.generics.params.is_empty() {
        return TokenStream::new();
    }
    if let Some(by) = by {
        let (span, source) = (by.span().resolved_at(Span::call_site()), type_text(ty));
        let there = runtime.private_at(span);
        return quote_spanned! {span=>
            const _: () = {
                #[allow(unused_imports)]
                use #there::NoProjection as _;
                #there::refuse_inline(#there::ProjectionProbe::<#ty>::INLINE, #source)
            };
        };
    }
    let span = name_span(event).resolved_at(Span::call_site());
    let there = runtime.private_at(span);
    quote_spanned! {span=>
        const _: fn() = || {
            #[allow(unused_imports)]
            use #there::NoKey as _;
            #there::KeyProbe::<#ty, __E>::check();
        };
    }
}

/// What only a projection is refused: its documents begin as their `Default` and take every event.
fn refused(Apply { block, by, delete_word, runtime, .. }: &Apply) -> TokenStream {
    if !block.generics.params.is_empty() {
        return TokenStream::new();
    }
    let (ty, source) = (&block.ty, type_text(&block.ty));
    let span = name_span(ty).resolved_at(Span::call_site());
    let there = runtime.private_at(span);
    let of_documents = [by.as_ref().map(Spanned::span), delete_word.as_ref().map(Spanned::span)];
    let of_documents = of_documents.into_iter().flatten().map(|span| {
        let there = runtime.private_at(span.resolved_at(Span::call_site()));
        quote_spanned!(span=> const _: () = #there::keeps_documents::<#ty>();)
    });
    quote_spanned! {span=>
        #(#of_documents)*
        const _: () = {
            #[allow(unused_imports)]
            use #there::NoProjection as _;
            #there::refuse_states(#there::ProjectionProbe::<#ty>::IS_ONE, #source)
        };
    }
}

/// `impl Evolve<Event> for State`, or `Transitions`. Its braces carry the state's span: that is where a second one is reported.
fn implementation(
    block: &ImplBlock,
    (event, of_trait): (&Type, &str),
    runtime: &Runtime,
    inner: &TokenStream,
    beside: &TokenStream,
) -> TokenStream {
    let (private, ty) = (runtime.private(), &block.ty);
    let (generics, _, where_clause) = block.generics.split_for_impl();
    let of_trait = Ident::new(of_trait, name_span(ty));
    let implementation = quote_spanned! {name_span(ty)=>
        #[automatically_derived]
        impl #generics #private::domain::#of_trait<__E> for #ty #where_clause { #inner }
    };
    // The event's type is named once, so that a name that does not exist is one mistake.
    quote! {
        const _: () = {
            type __E = #event;
            #implementation
            #beside
        };
    }
}

/// `Event::Variant { field, .. } => Self::method(self, field),`: everything that is not the user's own stands at
/// the variant's name, where a mistake in it is to be mended.
fn expand_arm(arm: &Arm, variant: &Variant) -> TokenStream {
    let Arm { method, parameters, .. } = arm;
    let (pattern, span) = (variant.taking(parameters), variant.path.span());
    quote_spanned!(span=> #pattern => { Self::#method(self, #(#parameters),*); })
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
        Ok(block) if block.of_trait.is_none() => any_event(&block.strip(ON).strip(FROM).strip(TO)),
        // That of a trait may well be the `impl Evolve` itself.
        Ok(block) => block.strip(ON).into_token_stream(),
        Err(_) => input.item.clone(),
    }
}

fn stub_for(block: &ImplBlock, event: &Type, runtime: &Runtime) -> TokenStream {
    let implementations = STUBS.iter().map(|of_trait| {
        let inner = stub(of_trait, &quote!(__E), &runtime.private());
        implementation(block, (event, of_trait), runtime, &inner, &TokenStream::new())
    });
    quote!(#block #(#implementations)*)
}

/// The event is not known: any will do.
fn any_event(block: &ImplBlock) -> TokenStream {
    let runtime = Runtime::new(None);
    let (private, ty) = (runtime.private(), &block.ty);
    let implementations = STUBS.iter().map(|of_trait| {
        let inner = stub(of_trait, &quote!(E), &private);
        let of_trait = Ident::new(of_trait, Span::call_site());
        quote! {
            impl<E: #private::domain::Event> #private::domain::#of_trait<E> for #ty { #inner }
        }
    });
    quote!(#block #(#implementations)*)
}

/// Both: whether events make the first state may not be known.
const STUBS: [&str; 2] = [EVOLVE, TRANSITIONS];

fn stub(of_trait: &str, event: &TokenStream, private: &TokenStream) -> TokenStream {
    let nothing = quote!(#private::core::unreachable!());
    if of_trait == EVOLVE {
        return quote!(fn evolve(&mut self, _: &#event) { #nothing });
    }
    quote! {
        const ALL: &'static [#private::domain::Transition] = &[];
        const IMPOSSIBLE: &'static [#private::domain::Impossible] = &[];
        fn transition(
            _: &mut #private::core::option::Option<Self>,
            _: &#event,
        ) -> #private::core::result::Result<(), #private::domain::Misfit> {
            #nothing
        }
    }
}
