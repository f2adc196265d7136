//! The transitions of a state, as code.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Path, Type, spanned::Spanned};

use super::{Arm, Gives, Impossible, Takes};
use crate::{
    paths::Runtime,
    patterns::{Variant, in_enum, same_variant},
};

/// What is written from.
pub(crate) struct Written<'a> {
    pub(crate) arms: &'a [Arm],
    pub(crate) impossible: &'a [Impossible],
    /// The variants that change nothing.
    pub(crate) unchanged: &'a [&'a Path],
    /// The state, by a name that patterns can begin with.
    pub(crate) ty: &'a Type,
    /// Where the state is named: a pair of state and event that is missing is reported there.
    pub(crate) name: Span,
    pub(crate) runtime: &'a Runtime,
}

/// `ALL`, `IMPOSSIBLE` and `fn transition`, where `__E` is the event.
pub(crate) fn write(written: &Written<'_>) -> TokenStream {
    let (data, transition) = (data(written), transition(written));
    quote!(#data #transition)
}

/// What is known of the transitions.
fn data(Written { arms, impossible, runtime, .. }: &Written<'_>) -> TokenStream {
    let private = runtime.private();
    let transitions = arms.iter().flat_map(|arm| arm.patterns.iter().map(move |variant| (arm, variant)));
    let transitions = transitions.map(|(arm, variant)| {
        let (event, doc) = (variant.name(), &arm.doc);
        let (from, to) = (names(&arm.way.from), names(&arm.way.to));
        let from = match (arm.way.creates(), arm.way.from.is_empty()) {
            (true, _) => quote!(Nothing),
            (false, true) => quote!(Any),
            (false, false) => quote!(States(&[#(#from),*])),
        };
        let to = match (arm.way.takes, arm.way.to.is_empty()) {
            (Takes::BorrowedInside, _) => quote!(Same),
            (_, true) => quote!(Unknown),
            (_, false) => quote!(States(&[#(#to),*])),
        };
        quote! {
            #private::domain::Transition::new(
                #event, #private::domain::Origin::#from, #private::domain::Goal::#to, #doc,
            )
        }
    });
    let impossible = impossible.iter().map(|Impossible { state, events }| {
        let state = name(state);
        let events = match events {
            None => quote!(None),
            Some(events) => {
                let events =
                    events.iter().filter_map(|path| path.segments.last()).map(|last| name(&last.ident));
                quote!(Some(&[#(#events),*]))
            }
        };
        quote!(#private::domain::Impossible::new(#state, #private::core::option::Option::#events))
    });
    quote! {
        const ALL: &'static [#private::domain::Transition] = &[#(#transitions),*];
        const IMPOSSIBLE: &'static [#private::domain::Impossible] = &[#(#impossible),*];
    }
}

fn names(states: &[Ident]) -> Vec<String> {
    states.iter().map(name).collect()
}

fn name(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}

/// `fn transition`: the first event, then one exhaustive `match`.
fn transition(written: &Written<'_>) -> TokenStream {
    let Written { arms, name, runtime, .. } = written;
    let private = runtime.private();
    // A `match` that lacks an arm is reported at what it looks at: at the name of the state.
    let (event, whole) = (Ident::new("__event", *name), Ident::new("__whole", *name));
    let declared = states(written).first().map(|first| {
        let span = at(first.span());
        let there = runtime.private_at(span);
        quote_spanned!(span=> let _ = <Self as #there::domain::States>::state;)
    });
    let looked_at = match declared {
        Some(_) => quote_spanned!(*name=> (#whole, #event)),
        None => quote!(#event),
    };
    let first = first(written, &event);
    let matched = matched(written, declared.is_some());
    // The last arm matches nothing, as in `evolve`.
    let nothing = quote_spanned! {Span::mixed_site()=>
        _ if false => #private::core::unreachable!(),
    };
    let changed = arms.iter().filter(|arm| !arm.way.creates()).any(|arm| arm.way.takes == Takes::Borrowed);
    let used = (declared.is_none() && !changed).then(|| quote!(let _ = #whole;));
    quote! {
        #[allow(
            deprecated, unreachable_patterns, unreachable_code, unused_variables, clippy::match_same_arms,
            clippy::unit_arg, clippy::let_unit_value, clippy::needless_pass_by_value, clippy::too_many_lines,
        )]
        fn transition(
            __state: &mut #private::core::option::Option<Self>,
            #event: &__E,
        ) -> #private::core::result::Result<(), #private::domain::Misfit> {
            #declared
            let #private::core::option::Option::Some(#whole) = __state else { #first };
            #used
            match #looked_at { #matched #nothing }
            #private::core::result::Result::Ok(())
        }
    }
}

/// All states that are named, in the order of their first mention.
fn states<'a>(Written { arms, impossible, .. }: &Written<'a>) -> Vec<&'a Ident> {
    let of_methods = arms.iter().flat_map(|arm| arm.way.from.iter().chain(&arm.way.to));
    of_methods.chain(impossible.iter().map(|impossible| &impossible.state)).collect()
}

/// What the first event does: it makes a state, or changes the `Default` where no event makes one.
fn first(written: &Written<'_>, event: &Ident) -> TokenStream {
    let Written { arms, name, runtime, .. } = written;
    let private = runtime.private();
    let creating: Vec<TokenStream> = arms
        .iter()
        .filter(|arm| arm.way.creates())
        .flat_map(|arm| {
            arm.patterns.iter().map(|variant| {
                let (pattern, made) = (variant.taking(&arm.parameters), made(arm, variant, written));
                quote_spanned!(at(variant.path.span())=> #pattern => { #made })
            })
        })
        .collect();
    if creating.is_empty() {
        let there = runtime.private_at(at(*name));
        let initial = quote_spanned!(at(*name)=> <Self as #there::Initial>::initial());
        return quote! {
            let mut __first = #private::core::option::Option::Some(#initial);
            Self::transition(&mut __first, #event)?;
            *__state = __first;
            return #private::core::result::Result::Ok(());
        };
    }
    let not_first = misfit(runtime, &quote!(NotFirst));
    quote! {
        match #event { #(#creating)* _ => #not_first }
        return #private::core::result::Result::Ok(());
    }
}

/// The arms for a state that is there; `by_state` where they look at it too.
fn matched(written: &Written<'_>, by_state: bool) -> TokenStream {
    let Written { arms, impossible, unchanged, ty, runtime, .. } = written;
    let pair = |state: TokenStream, event: TokenStream, span: Span| match by_state {
        true => quote_spanned!(span=> (#state, #event)),
        false => event,
    };
    let changing = arms.iter().filter(|arm| !arm.way.creates());
    let changes = changing.clone().flat_map(|arm| {
        arm.patterns.iter().map(move |variant| {
            let span = at(variant.path.span());
            let pattern = pair(before(arm, ty), variant.taking(&arm.parameters), span);
            let body = body(arm, variant, written);
            quote_spanned!(span=> #pattern => { #body })
        })
    });
    let impossible = impossible.iter().map(|Impossible { state, events }| {
        let span = at(state.span());
        let named = name(state);
        let refused = misfit(runtime, &quote!(Impossible { state: #named }));
        let events = match events {
            None => quote!(_),
            Some(events) if events.is_empty() => return TokenStream::new(),
            Some(events) => {
                let events = events.iter().map(|path| {
                    let path = in_enum(path);
                    quote_spanned!(path.span()=> #path { .. })
                });
                quote!(#(#events)|*)
            }
        };
        quote_spanned!(span=> (#ty::#state { .. }, #events) => #refused)
    });
    let unchanged = unchanged.iter().map(|path| {
        let path = in_enum(path);
        let pattern = pair(quote!(_), quote_spanned!(path.span()=> #path { .. }), path.span());
        quote_spanned!(path.span()=> #pattern => {})
    });
    // What makes the first state does not happen again, unless a method says what it does then.
    let again = arms.iter().filter(|arm| arm.way.creates()).flat_map(|arm| &arm.patterns).filter(|variant| {
        !changing.clone().flat_map(|arm| &arm.patterns).any(|other| same_variant(&other.path, &variant.path))
    });
    let again = again.map(|variant| {
        let (path, span) = (in_enum(&variant.path), at(variant.path.span()));
        let pattern = pair(quote!(_), quote_spanned!(span=> #path { .. }), span);
        let refused = misfit(runtime, &quote!(NotAgain));
        quote_spanned!(span=> #pattern => #refused)
    });
    quote!(#(#changes)* #(#impossible)* #(#unchanged)* #(#again)*)
}

/// The pattern of the states that a method is for.
fn before(arm: &Arm, ty: &Type) -> TokenStream {
    let states = arm.way.from.iter().map(|state| {
        let span = at(state.span());
        match arm.way.takes {
            Takes::BorrowedInside => quote_spanned!(span=> #ty::#state(__inside)),
            Takes::OwnedInside => quote_spanned!(span=> #ty::#state(_)),
            _ => quote_spanned!(span=> #ty::#state { .. }),
        }
    });
    match arm.way.from.is_empty() {
        true => quote!(_),
        false => quote!(#(#states)|*),
    }
}

/// What an event does to a state that its method is for.
fn body(arm: &Arm, variant: &Variant, written: &Written<'_>) -> TokenStream {
    let (private, made) = (written.runtime.private(), made(arm, variant, written));
    match arm.way.takes {
        Takes::Nothing => made,
        Takes::BorrowedInside => made,
        Takes::Borrowed => {
            let checked = arrived(arm, &quote!(__whole), written);
            quote! {
                if let #private::core::option::Option::Some(__whole) = __state.as_mut() { #made #checked }
            }
        }
        Takes::Owned => quote! {
            if let #private::core::option::Option::Some(__whole) = __state.take() { #made }
        },
        Takes::OwnedInside => {
            let state = &arm.way.from[0];
            let taken = quote_spanned!(at(state.span())=> Self::#state(__inside));
            quote! {
                match __state.take() {
                    #private::core::option::Option::Some(#taken) => { #made }
                    __other => *__state = __other,
                }
            }
        }
    }
}

/// Calls the method, and keeps the state that it makes.
fn made(arm: &Arm, variant: &Variant, written: &Written<'_>) -> TokenStream {
    let Arm { method, parameters, way, .. } = arm;
    let (private, span) = (written.runtime.private(), at(variant.path.span()));
    let taken = match way.takes {
        Takes::Nothing => None,
        Takes::Borrowed | Takes::Owned => Some(quote!(__whole,)),
        Takes::BorrowedInside | Takes::OwnedInside => Some(quote!(__inside,)),
    };
    let call = quote_spanned!(span=> Self::#method(#taken #(#parameters),*));
    let keep = |next: TokenStream| quote!(*__state = #private::core::option::Option::Some(#next););
    match (way.gives, way.to.first()) {
        (_, _) if matches!(way.takes, Takes::Borrowed | Takes::BorrowedInside) => quote!(#call;),
        (Gives::Inside, Some(state)) => keep(quote_spanned!(at(state.span())=> Self::#state(#call))),
        (Gives::Nothing, Some(state)) => {
            let kept = keep(quote_spanned!(at(state.span())=> Self::#state));
            quote!(#call; #kept)
        }
        (_, None) => keep(call),
        (_, Some(_)) => {
            let (checked, kept) = (arrived(arm, &quote!(&__next), written), keep(quote!(__next)));
            quote!(let __next = #call; #checked #kept)
        }
    }
}

/// Refuses a state that is none of those to which the method says it leads.
fn arrived(arm: &Arm, next: &TokenStream, written: &Written<'_>) -> Option<TokenStream> {
    let to = (!arm.way.to.is_empty()).then_some(&arm.way.to)?;
    let Written { ty, runtime, .. } = written;
    let states = to.iter().map(|state| quote_spanned!(at(state.span())=> #ty::#state { .. }));
    let private = runtime.private();
    let refused = misfit(
        runtime,
        &quote! {
            Elsewhere { state: #private::domain::States::state(__other) }
        },
    );
    Some(quote! {
        match #next {
            #(#states)|* => {}
            __other => #refused
        }
    })
}

fn misfit(runtime: &Runtime, which: &TokenStream) -> TokenStream {
    let private = runtime.private();
    quote!(return #private::core::result::Result::Err(#private::domain::Misfit::#which),)
}

/// What is not the user's own stands at their token and sees the names that stand beside it.
fn at(span: Span) -> Span {
    span.resolved_at(Span::call_site())
}
