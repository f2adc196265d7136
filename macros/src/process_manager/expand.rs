//! What `#[process_manager]` becomes.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Path, spanned::Spanned};

use super::{
    describe,
    model::{Call, Deadline, Process, Reaction, at},
};
use crate::{
    driver::Input,
    event_parameters::EventParameter,
    impl_block::ImplBlock,
    keywords::{DEADLINE, ON},
    parameters::command_span,
};

pub(super) fn expand(model: &Process) -> TokenStream {
    let Process { block, runtime, .. } = model;
    let (private, process, name) = (runtime.private(), &block.ty, model.stored_name());
    let key =
        model.key.as_ref().map_or_else(|| quote!(#private::std::string::String), ToTokens::to_token_stream);
    let enums = model.enums();
    let names: Vec<Ident> = (0..enums.len()).map(|i| format_ident!("__E{i}")).collect();
    let there = enums.iter().map(|path| path.span().resolved_at(Span::call_site()));
    let on = there.zip(&names).map(|(span, name)| quote_spanned!(span=> to.on::<#name>();));
    let (deadline_names, deadline) = (model.deadlines.iter().map(Deadline::stored_name), deadline(model));
    let (state, described) = (state(model), describe::describe(model, &names));
    let inner = quote! {
        type Key = #key;
        const NAME: &'static str = #name;
        const DEADLINES: &'static [&'static str] = &[#(#deadline_names),*];
        #described
        #state
        fn inputs<__I: #private::process_manager::Inputs<Self>>(to: &mut __I) { #(#on)* }
        #deadline
    };
    let implementation = quote_spanned! {process.span()=>
        #[automatically_derived]
        impl #private::process_manager::ProcessManager for #process { #inner }
    };
    let managed = enums.iter().zip(&names).map(|(path, name)| manage(model, path, name));
    let (within, constants) = (within(model, &names), constants(model));
    // Fields come by reference as they are, so a parameter may well be `&String`. The enums are named once, so that a
    // name that does not exist is one mistake.
    quote! {
        #[allow(clippy::ptr_arg)]
        #block
        #constants
        const _: () = {
            #(type #names = #enums;)*
            #implementation
            #(#managed)*
            #within
        };
    }
}

/// `initial`, `encode` and `decode`, at the name of the state: that is what needs `Default` and serde.
fn state(model: &Process) -> TokenStream {
    let (private, process) = (model.runtime.private(), &model.block.ty);
    let span = process.span().resolved_at(Span::call_site());
    let there = model.runtime.private_at(span);
    let json = quote_spanned!(span=> #there::process_json::<#process>());
    let initial = quote_spanned!(span=> <#process as #there::std::default::Default>::default());
    quote! {
        fn initial() -> Self { #initial }
        fn encode(
            &self,
        ) -> #private::core::result::Result<#private::std::vec::Vec<u8>, #private::codec::EncodeError> {
            (#json.encode)(self)
        }
        fn decode(json: &[u8]) -> #private::core::result::Result<Self, #private::codec::DecodeError> {
            (#json.decode)(json)
        }
    }
}

/// `fn deadline`: calls the method of a deadline by its place.
fn deadline(model: &Process) -> TokenStream {
    let private = model.runtime.private();
    let arms = model.deadlines.iter().enumerate().map(|(at, deadline)| {
        let (at, called) = (Literal::usize_unsuffixed(at), called(model, &deadline.call, &quote!(key), None));
        quote!(#at => { #called })
    });
    quote! {
        #[allow(unused_variables, unreachable_code, clippy::unit_arg, clippy::unneeded_wildcard_pattern)]
        fn deadline(
            &mut self,
            deadline: usize,
            key: &<Self as #private::process_manager::ProcessManager>::Key,
        ) -> #private::std::vec::Vec<#private::process_manager::Reaction<Self>> {
            #[allow(unused_mut)]
            let mut __reactions = #private::std::vec::Vec::new();
            match deadline {
                #(#arms)*
                _ => {}
            }
            __reactions
        }
    }
}

/// Calls a method and puts what it returns on the list.
fn called(model: &Process, call: &Call, key: &TokenStream, event: Option<&Ident>) -> TokenStream {
    let process = &model.block.ty;
    let Call { name, parameters, result } = call;
    let mut before = Vec::new();
    let mut arguments = Vec::new();
    for parameter in parameters {
        arguments.push(match parameter {
            EventParameter::Bound(name) => name.to_token_stream(),
            EventParameter::Id(ty) => {
                let there = model.runtime.private_at(ty.span().resolved_at(Span::call_site()));
                before.push(quote_spanned!(ty.span()=> let id = #there::input_id::<_, #event>(input)?;));
                quote_spanned!(ty.span()=> &id)
            }
            EventParameter::Key(ty) => quote_spanned!(ty.span()=> #key),
            EventParameter::Meta(ty) => quote_spanned!(ty.span()=> input.meta),
        });
    }
    let called = quote_spanned!(name.span()=> <#process>::#name(self, #(#arguments),*));
    let span = result.as_ref().map_or_else(|| at(name), command_span).resolved_at(Span::call_site());
    let there = model.runtime.private_at(span);
    let returned = result.as_ref().map_or_else(|| quote_spanned!(span=> ()), ToTokens::to_token_stream);
    // Not the method but what it returns is what may not do, so it is named before the call.
    let listed = quote_spanned!(span=> #there::reactions::<#returned, Self>());
    let listed = quote!((#listed)(#called, &mut __reactions););
    quote!(#(#before)* #listed)
}

/// `impl Manage<Event> for State`, at the name of the event.
fn manage(model: &Process, event: &Path, name: &Ident) -> TokenStream {
    let (private, process) = (model.runtime.private(), &model.block.ty);
    let span = event.span().resolved_at(Span::call_site());
    let reactions: Vec<&Reaction> =
        model.reactions.iter().filter(|reaction| reaction.patterns.iter().any(|p| p.is_of(event))).collect();
    let variants = reactions.iter().flat_map(|reaction| {
        reaction.patterns.iter().filter(|variant| variant.is_of(event)).filter_map(|variant| variant.name())
    });
    let arms = reactions.iter().map(|reaction| {
        let patterns = reaction.patterns.iter().filter(|variant| variant.is_of(event));
        let patterns = patterns.map(|variant| variant.pattern(name));
        let called = called(model, &reaction.call, &quote!(input.key), Some(name));
        quote!(#(#patterns)|* => { #called })
    });
    let routes = reactions.iter().map(|reaction| route(model, reaction, event, name));
    let described = describe::reactions(model, &reactions, event);
    let keyed = keyed(model, &reactions, event, name);
    let inner = quote! {
        const VARIANTS: &'static [&'static str] = &[#(#variants),*];
        #described
        #[allow(deprecated, unused_variables, unreachable_patterns, clippy::unneeded_wildcard_pattern)]
        fn route(__event: &#name) -> #private::domain::Route {
            match __event {
                #(#routes)*
                _ => #private::domain::Route::nowhere(),
            }
        }
        #[allow(deprecated, unused_variables, unreachable_code, unreachable_patterns, clippy::unit_arg, clippy::unneeded_wildcard_pattern)]
        fn manage(
            &mut self,
            event: &#name,
            input: &#private::process_manager::Input<'_, Self>,
        ) -> #private::core::result::Result<
            #private::std::vec::Vec<#private::process_manager::Reaction<Self>>,
            #private::domain::HandlerFailure,
        > {
            #[allow(unused_mut)]
            let mut __reactions = #private::std::vec::Vec::new();
            match event {
                #(#arms)*
                _ => {}
            }
            #private::core::result::Result::Ok(__reactions)
        }
    };
    quote_spanned! {span=>
        #[automatically_derived]
        impl #private::process_manager::Manage<#name> for #process { #inner }
        #keyed
    }
}

/// Which instances the events of a pattern are for. The pattern may bind the field under another name already, so it is
/// read by a pattern of its own.
fn route(model: &Process, reaction: &Reaction, event: &Path, name: &Ident) -> TokenStream {
    let private = model.runtime.private();
    let variants = || reaction.patterns.iter().filter(|variant| variant.is_of(event));
    let patterns = variants().map(|variant| variant.pattern(name));
    let Some(by) = &reaction.by else {
        return quote!(#(#patterns)|* => #private::domain::Route::Stream,);
    };
    let span = by.span().resolved_at(Span::call_site());
    let there = model.runtime.private_at(span);
    let fields = variants().map(|variant| {
        let last = variant.path.segments.last().map(|last| &last.ident);
        let event = Ident::new(&name.to_string(), variant.path.span());
        let field = quote_spanned!(span=> #by: __key);
        let to = quote_spanned!(span=> #there::instances::<Self, _>(__key));
        quote_spanned!(variant.path.span()=> #event::#last { #field, .. } => #to,)
    });
    quote! {
        #(#patterns)|* => match __event {
            #(#fields)*
            _ => #private::domain::Route::nowhere(),
        },
    }
}

/// Where no field names the instance, the id of the stream does: it must be the key.
fn keyed(model: &Process, reactions: &[&Reaction], event: &Path, name: &Ident) -> Option<TokenStream> {
    let process = &model.block.ty;
    let by_stream = reactions.iter().find(|reaction| reaction.by.is_none())?;
    let pattern = by_stream.patterns.iter().find(|variant| variant.is_of(event))?;
    let span = pattern.path.span().resolved_at(Span::call_site());
    let there = model.runtime.private_at(span);
    let event = Ident::new(&name.to_string(), span);
    Some(quote_spanned!(span=> const _: () = #there::is_instance::<#process, #event>();))
}

/// `impl Within<D>`: what it reacts to and what it sends to is part of the domain.
fn within(model: &Process, names: &[Ident]) -> TokenStream {
    let (private, process) = (model.runtime.private(), &model.block.ty);
    let results = model.calls().filter_map(|call| call.result.as_ref());
    quote! {
        #[automatically_derived]
        impl<__D: #private::domain::Domain> #private::execute::Within<__D> for #process
        where
            #(<#names as #private::domain::EventOf>::Aggregate: #private::domain::PartOf<__D>,)*
            #(#results: #private::execute::Within<__D>,)*
        {
        }
    }
}

/// `Dormancy::QUIET_TOO_LONG`, to set and cancel the deadline.
fn constants(model: &Process) -> Option<TokenStream> {
    if model.deadlines.is_empty() {
        return None;
    }
    let (private, process) = (model.runtime.private(), &model.block.ty);
    let constants = model.deadlines.iter().map(|deadline| {
        let (constant, name) = (deadline.constant(), deadline.stored_name());
        let doc = format!("Sets and cancels the deadline `{name}`.");
        quote! {
            #[doc = #doc]
            #[allow(dead_code)]
            pub const #constant: #private::process_manager::Deadline<Self> =
                #private::process_manager::Deadline::new(#name);
        }
    });
    Some(quote! {
        #[automatically_derived]
        impl #process { #(#constants)* }
    })
}

/// The block as it is, and a process manager that reacts to nothing. Its deadlines can still be set.
pub(super) fn fallback(input: &Input, model: Option<&Process>) -> TokenStream {
    let Some(model) = model.filter(|model| model.block.generics.params.is_empty()) else {
        return match syn::parse2::<ImplBlock>(input.item.clone()) {
            Ok(block) => block.strip(ON).strip(DEADLINE).into_token_stream(),
            Err(_) => input.item.clone(),
        };
    };
    let stub = Process {
        block: model.block.clone(),
        key: model.key.clone(),
        name: None,
        reactions: Vec::new(),
        deadlines: Vec::new(),
        runtime: model.runtime.clone(),
    };
    let (stub, constants) = (expand(&stub), constants(model));
    quote!(#stub #constants)
}
