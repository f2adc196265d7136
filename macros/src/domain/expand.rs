//! What `domain!` becomes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Type, spanned::Spanned};

use super::{describe, locked, model::Domain};
use crate::{driver::Input, naming::type_text, source};

pub(super) fn expand(model: &Domain) -> TokenStream {
    let (private, name) = (model.runtime.private(), &model.name);
    let deps = model.deps.as_ref().map_or_else(|| quote!(()), ToTokens::to_token_stream);
    let supplies = model.aggregates.iter().map(|part| part_of(model, part, &deps));
    let projections = model.projections.iter().map(|part| projection(model, part));
    let handlers = model.event_handlers.iter().map(|part| event_handler(model, part));
    let sagas = model.sagas.iter().map(|part| {
        let within = within(model, part, "SagaProbe", "NoSaga", "is_saga");
        let (span, domain) = (at(part), &model.name);
        let there = model.runtime.private_at(span);
        quote_spanned!(span=> #within #[automatically_derived] impl #there::saga::RunsIn<#domain> for #part {})
    });
    let processes = model
        .process_managers
        .iter()
        .map(|part| within(model, part, "ProcessProbe", "NoProcess", "is_process_manager"));
    let register = register(model, &deps);
    let app = app(model, &deps, &quote!(#private::Builder::new(store.into(), deps)));
    let at_name = name.span().resolved_at(Span::call_site());
    let there = model.runtime.private_at(at_name);
    let checked = quote_spanned! {at_name=>
        const _: () = #there::domain::check_domain(<#name as #there::domain::Domain>::PARTS);
        const _: () = #there::domain::check_followers(<#name as #there::domain::Domain>::FOLLOWERS);
    };
    let acyclic = model.acyclic.then(|| {
        let (parts, followers) = (
            quote_spanned!(at_name=> <#name as #there::domain::Domain>::PARTS),
            quote_spanned!(at_name=> <#name as #there::domain::Domain>::FOLLOWERS),
        );
        quote_spanned! {at_name=>
            const _: () = #there::domain::check_acyclic::<{ #parts.len() }, { #followers.len() }>(#parts, #followers);
        }
    });
    let definition = definition(model, &deps, &parts(model), &followers(model));
    let (probe, locked) = (describe::probe(model), locked::expand(model));
    quote!(#definition #app #(#supplies)* #(#projections)* #(#handlers)* #(#sagas)* #(#processes)* #register #checked #acyclic #locked #probe)
}

/// What is known of the aggregates.
fn parts(model: &Domain) -> TokenStream {
    let parts = model.aggregates.iter().map(|part| {
        let (source, span) = (type_text(part), at(part));
        let private = model.runtime.private_at(span);
        quote_spanned! {span=>
            #private::domain::PartInfo::new(
                #private::PartProbe::<#part>::NAME,
                #source,
                #private::PartProbe::<#part>::TYPES,
            )
            .with_commands(#private::PartProbe::<#part>::COMMANDS)
            .with_lifecycle(#private::PartProbe::<#part>::LIFECYCLE)
        }
    });
    quote!(#(#parts),*)
}

/// What is known of all that follows the log.
fn followers(model: &Domain) -> TokenStream {
    let infos = |parts: &[Type], function: &str, probe: &str| -> TokenStream {
        let infos = parts.iter().map(|part| {
            let (source, span) = (type_text(part), at(part));
            let private = model.runtime.private_at(span);
            let (function, probe) = (Ident::new(function, span), Ident::new(probe, span));
            let version = (function == "saga").then(|| quote_spanned!(span=> .of_version(#private::#probe::<#part>::VERSION)));
            // Projections and event handlers send nothing.
            let flows = (function == "saga" || function == "process_manager").then(|| {
                quote_spanned! {span=>
                    .with_reactions(#private::#probe::<#part>::REACTIONS)
                    .with_acts(#private::#probe::<#part>::ACTS)
                }
            });
            quote_spanned!(span=> #private::domain::FollowerInfo::#function(#private::#probe::<#part>::NAME, #source) #version #flows,)
        });
        infos.collect()
    };
    let projections = infos(&model.projections, "projection", "ProjectionProbe");
    let handlers = infos(&model.event_handlers, "event_handler", "HandlerProbe");
    let sagas = infos(&model.sagas, "saga", "SagaProbe");
    let processes = infos(&model.process_managers, "process_manager", "ProcessProbe");
    quote!(#projections #handlers #sagas #processes)
}

/// The place of a part, where a mistake in it is shown.
pub(super) fn at(part: &Type) -> Span {
    part.span().resolved_at(Span::call_site())
}

/// The type and its `impl Domain`.
fn definition(
    model: &Domain,
    deps: &TokenStream,
    parts: &TokenStream,
    followers: &TokenStream,
) -> TokenStream {
    let Domain { attrs, visibility, name, .. } = model;
    let (private, text) = (model.runtime.private(), name.to_string());
    let (package, release) = (source::package(), source::release());
    let said = source::doc(attrs);
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
            const PACKAGE: &'static str = #package;
            const RELEASE: &'static str = #release;
            #said
            const PARTS: &'static [#private::domain::PartInfo] = {
                #[allow(unused_imports)]
                use #private::NoPart as _;
                &[#parts]
            };
            const FOLLOWERS: &'static [#private::domain::FollowerInfo] = {
                #[allow(unused_imports)]
                use #private::{NoHandler as _, NoProcess as _, NoProjection as _, NoSaga as _};
                &[#followers]
            };
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

/// `impl PartOf<Domain>`. What the part must be is said at the part.
fn part_of(model: &Domain, part: &Type, deps: &TokenStream) -> TokenStream {
    let (name, span) = (&model.name, at(part));
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

/// `impl ReadIn<Domain>`, and that the projection is folded from something.
fn projection(model: &Domain, part: &Type) -> TokenStream {
    let (name, span) = (&model.name, at(part));
    let (private, domain, source) = (model.runtime.private_at(span), name.to_string(), type_text(part));
    let folded = model
        .aggregates
        .iter()
        .map(|aggregate| quote_spanned!(span=> #private::FoldProbe::<#part, #aggregate>::FOLDED));
    quote_spanned! {span=>
        #[automatically_derived]
        impl #private::query::ReadIn<#name> for #part {}
        const _: () = {
            #[allow(unused_imports)]
            use #private::{NoFold as _, NoProjection as _};
            #private::check_folded(#private::ProjectionProbe::<#part>::IS_ONE, #domain, #source, &[#(#folded),*])
        };
    }
}

/// That the part is an event handler.
fn event_handler(model: &Domain, part: &Type) -> TokenStream {
    let span = at(part);
    let private = model.runtime.private_at(span);
    quote_spanned!(span=> const _: () = #private::is_event_handler::<#part>();)
}

/// That the part is a saga or a process manager, and that what it sends to is part of the domain.
fn within(model: &Domain, part: &Type, probe: &str, otherwise: &str, asks: &str) -> TokenStream {
    let span = at(part);
    let private = model.runtime.private_at(span);
    // What is missing is missed by the part, so that is where it is said.
    let name = Ident::new(&model.name.to_string(), span);
    let word = |word: &str| Ident::new(word, span);
    let (probe, otherwise, asks) = (word(probe), word(otherwise), word(asks));
    quote_spanned! {span=>
        const _: () = #private::#asks::<#part>();
        const _: fn() = || {
            #[allow(unused_imports)]
            use #private::#otherwise as _;
            #private::#probe::<#part>::within::<#name>();
        };
    }
}

/// `impl Register`: names what follows the log. It asks as well whether the dependencies suffice for every part, at
/// the dependencies and in one function: what several parts need and miss is one mistake.
fn register(model: &Domain, deps: &TokenStream) -> TokenStream {
    let (private, name) = (model.runtime.private(), &model.name);
    let span =
        model.deps.as_ref().map_or_else(|| model.name.span(), Spanned::span).resolved_at(Span::call_site());
    let there = model.runtime.private_at(span);
    let aggregates =
        model.aggregates.iter().map(|part| quote_spanned!(span=> #there::PartProbe::<#part>::asks(deps);));
    let routes = model.aggregates.iter().map(|part| {
        let span = at(part);
        let private = model.runtime.private_at(span);
        quote_spanned!(span=> #private::PartProbe::<#part>::register(registry);)
    });
    let queries =
        model.projections.iter().map(|part| quote_spanned!(span=> #there::QueryProbe::<#part>::asks(deps);));
    let handlers = model
        .event_handlers
        .iter()
        .map(|part| quote_spanned!(span=> #there::HandlerProbe::<#part>::register(registry);));
    let sagas =
        model.sagas.iter().map(|part| quote_spanned!(span=> #there::SagaProbe::<#part>::register(registry);));
    let processes = model.process_managers.iter().map(|part| {
        let span = at(part);
        let private = model.runtime.private_at(span);
        quote_spanned!(span=> #private::ProcessProbe::<#part>::register(registry);)
    });
    let projections = model.projections.iter().map(|part| {
        let span = at(part);
        let private = model.runtime.private_at(span);
        let folds = model.aggregates.iter().map(
            |aggregate| quote_spanned!(span=> #private::FoldProbe::<#part, #aggregate>::add(&mut folds);),
        );
        quote_spanned! {span=>
            let mut folds = #private::ProjectionProbe::<#part>::folds();
            #(#folds)*
            #private::ProjectionProbe::<#part>::register(registry, folds);
        }
    });
    let described = describe::describe(model);
    quote! {
        #[automatically_derived]
        impl #private::Register for #name {
            #[allow(unused_mut, unused_variables, clippy::let_unit_value)]
            fn register(registry: &mut #private::Registry<Self>) {
                #[allow(unused_imports)]
                use #private::{
                    NoFold as _, NoHandler as _, NoPart as _, NoProcess as _, NoProjection as _, NoQueries as _,
                    NoSaga as _,
                };
                let _ = |deps: &#deps| {
                    #(#aggregates)*
                    #(#queries)*
                };
                #(#routes)*
                #(#projections)*
                #(#handlers)*
                #(#sagas)*
                #(#processes)*
            }
            #described
        }
    }
}

/// A domain of that name to which everything belongs.
pub(super) fn fallback(_: &Input, model: Option<&Domain>) -> TokenStream {
    let Some(model) = model else { return TokenStream::new() };
    let (private, name) = (model.runtime.private(), &model.name);
    let definition = definition(model, &quote!(()), &TokenStream::new(), &TokenStream::new());
    let app =
        app(model, &quote!(impl #private::core::marker::Sized), &quote!(#private::core::unreachable!()));
    quote! {
        #definition
        #[automatically_derived]
        impl #private::Register for #name {}
        #[allow(unused_variables)]
        #app
        impl #private::Mistaken for #name {}
    }
}
