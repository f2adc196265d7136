//! What `#[event_handler]` becomes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Path, spanned::Spanned};

use super::model::{EventHandler, Parameter, Reaction};
use crate::{
    driver::Input,
    impl_block::ImplBlock,
    keywords::ON,
    parameters::{place, place_of, tuple},
    patterns::Variant,
    policy::Policy,
    source,
};

pub(super) fn expand(model: &EventHandler) -> TokenStream {
    let EventHandler { block, policy, dependencies, runtime, .. } = model;
    let (private, handler, name) = (runtime.private(), &block.ty, model.stored_name());
    let tuple = tuple(&private, dependencies.iter());
    let policy = policy.expand(&private).map(|policy| {
        quote! { fn policy() -> #private::domain::DeliveryPolicy { #policy } }
    });
    let enums = model.enums();
    let names: Vec<Ident> = (0..enums.len()).map(|i| format_ident!("__E{i}")).collect();
    let there = enums.iter().map(|path| path.span().resolved_at(Span::call_site()));
    let on = there.zip(&names).map(|(span, name)| quote_spanned!(span=> to.on::<#name>();));
    let doc = source::doc(&block.attrs);
    let inner = quote! {
        type Deps<'d> = #tuple;
        const NAME: &'static str = #name;
        #doc
        #policy
        fn reactions<__R: #private::domain::Reactions<Self>>(to: &mut __R) { #(#on)* }
    };
    let implementation = quote_spanned! {handler.span()=>
        #[automatically_derived]
        impl #private::domain::EventHandler for #handler { #inner }
    };
    let reacts = enums.iter().zip(&names).map(|(path, name)| react(model, path, name));
    // The enums are named once, so that a name that does not exist is one mistake.
    quote! {
        #block
        const _: () = {
            #(type #names = #enums;)*
            #implementation
            #(#reacts)*
        };
    }
}

/// `impl React<Event> for Handler`, at the name of the event.
fn react(model: &EventHandler, event: &Path, name: &Ident) -> TokenStream {
    let (private, handler) = (model.runtime.private(), &model.block.ty);
    let span = event.span().resolved_at(Span::call_site());
    let mut arms = Vec::new();
    let (mut variants, mut docs) = (Vec::new(), Vec::new());
    for method in &model.methods {
        let patterns: Vec<&Variant> = method.patterns.iter().filter(|variant| variant.is_of(event)).collect();
        if patterns.is_empty() {
            continue;
        }
        for name in patterns.iter().filter_map(|variant| variant.name()) {
            variants.push(name);
            docs.push(method.doc.clone());
        }
        let patterns = patterns.into_iter().map(|variant| variant.pattern(name));
        let call = call(model, method, name);
        arms.push(quote!(#(#patterns)|* => { #call }));
    }
    let all = (0..model.dependencies.len()).map(place);
    let returned = quote_spanned! {span=>
        impl #private::core::future::Future<
            Output = #private::core::result::Result<(), #private::domain::HandlerFailure>,
        > + #private::core::marker::Send
    };
    let docs = source::docs("DOCS", &docs);
    let inner = quote! {
        const VARIANTS: &'static [&'static str] = &[#(#variants),*];
        #docs
        #[allow(deprecated, unused_variables, unreachable_code, unreachable_patterns, clippy::manual_async_fn, clippy::diverging_sub_expression)]
        fn react(
            event: &#name,
            delivery: &#private::domain::Delivery<'_>,
            (#(#all,)*): Self::Deps<'_>,
        ) -> #returned {
            async move {
                match event {
                    #(#arms)*
                    _ => #private::core::result::Result::Ok(()),
                }
            }
        }
    };
    quote_spanned! {span=>
        #[automatically_derived]
        impl #private::domain::React<#name> for #handler { #inner }
    }
}

/// Calls the method with what it asks for, and says what its error means.
fn call(model: &EventHandler, method: &Reaction, event: &Ident) -> TokenStream {
    let (private, handler) = (model.runtime.private(), &model.block.ty);
    let Reaction { name, is_async, parameters, result, .. } = method;
    let (at_name, at_result, at_error) = (
        name.span().resolved_at(Span::call_site()),
        result.span().resolved_at(Span::call_site()),
        method.error_span().resolved_at(Span::call_site()),
    );
    let mut before = Vec::new();
    let mut arguments = Vec::new();
    for parameter in parameters {
        arguments.push(match parameter {
            Parameter::Bound(name) => name.to_token_stream(),
            Parameter::Id(ty) => {
                let there = model.runtime.private_at(ty.span().resolved_at(Span::call_site()));
                before.push(quote_spanned!(ty.span()=> let id = #there::stream_id::<#event>(delivery)?;));
                quote_spanned!(ty.span()=> &id)
            }
            Parameter::Meta(ty) => quote_spanned!(ty.span()=> delivery.meta),
            Parameter::Key(ty) => quote_spanned!(ty.span()=> &delivery.key),
            Parameter::Delivery(ty) => quote_spanned!(ty.span()=> delivery),
            Parameter::App(ty) => quote_spanned!(ty.span()=> #private::app_of::<#ty>(delivery)?),
            Parameter::Dependency(dependency) => {
                let place = place_of(dependency, &model.dependencies);
                quote_spanned!(dependency.ty.span()=> #place)
            }
        });
    }
    let there = model.runtime.private_at(at_name);
    let call = quote_spanned!(name.span()=> <#handler>::#name(#(#arguments),*));
    let call = if *is_async { quote_spanned!(at_name=> #there::sent(#call).await) } else { call };
    let there = model.runtime.private_at(at_result);
    let reacted = quote_spanned!(at_result=> #there::Reacted::reacted(__result));
    let class = class(model, method, at_error);
    let there = model.runtime.private_at(at_error);
    let failed = quote_spanned!(at_error=> #there::failed(__error, __class));
    quote! {
        #(#before)*
        let __result = #call;
        match #reacted {
            #private::core::result::Result::Ok(()) => #private::core::result::Result::Ok(()),
            #private::core::result::Result::Err(__error) => {
                let __class = #class;
                #private::core::result::Result::Err(#failed)
            }
        }
    }
}

/// Whether trying again can help: what `permanent(..)` says, then the error itself.
fn class(model: &EventHandler, method: &Reaction, span: Span) -> TokenStream {
    let private = model.runtime.private();
    let there = model.runtime.private_at(span);
    let own = quote_spanned!(span=> #there::Class(&__error).class());
    let of_method = |of: &Ident| method.error_name().is_none_or(|name| name == of);
    let patterns: Vec<&TokenStream> = model
        .policy
        .permanent
        .iter()
        .filter(|permanent| of_method(&permanent.of))
        .map(|permanent| &permanent.pattern)
        .collect();
    let by_pattern =
        (!patterns.is_empty()).then(|| quote!(#(#patterns)|* => #private::domain::FailureClass::Permanent,));
    let class = match by_pattern {
        Some(arm) => quote!(match &__error { #arm _ => #own }),
        None => own,
    };
    quote! {{
        #[allow(unused_imports)]
        use #private::Unclassified as _;
        #class
    }}
}

/// The block as it is, and a handler that reacts to nothing.
pub(super) fn fallback(input: &Input, model: Option<&EventHandler>) -> TokenStream {
    let Some(model) = model.filter(|model| model.block.generics.params.is_empty()) else {
        return match syn::parse2::<ImplBlock>(input.item.clone()) {
            Ok(block) => block.strip(ON).into_token_stream(),
            Err(_) => input.item.clone(),
        };
    };
    expand(&EventHandler {
        block: model.block.clone(),
        name: None,
        policy: Policy::default(),
        methods: Vec::new(),
        dependencies: Vec::new(),
        runtime: model.runtime.clone(),
    })
}
