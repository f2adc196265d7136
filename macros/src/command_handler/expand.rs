//! What `#[command_handler]` becomes.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{PathArguments, Type, spanned::Spanned};

use super::model::{Handler, Handlers, LooksAt, Parameter};
use crate::{
    driver::Input,
    impl_block::ImplBlock,
    naming::type_text,
    parameters::{place, place_of, tuple},
};

pub(super) fn expand(model: &Handlers) -> TokenStream {
    let Handlers { block, handlers, dependencies, runtime } = model;
    let (private, state) = (runtime.private(), &block.ty);
    let tuple = tuple(&private, dependencies.iter());
    let handlers = handlers.iter().map(|handler| expand_handler(model, handler, &decision(model, handler)));
    let commands = model.handlers.iter().map(|handler| {
        let command = &handler.command;
        quote_spanned!(command.span()=> #private::Stored::<#state, #command>::new().name(to);)
    });
    let types = model.handlers.iter().map(|handler| {
        let command = &handler.command;
        quote_spanned!(command.span()=> to.command::<#command>();)
    });
    let infos = model.handlers.iter().map(|handler| info(&private, handler));
    let all = quote_spanned! {state.span()=>
        #[automatically_derived]
        impl #private::domain::CommandHandlers for #state {
            type Deps<'d> = #tuple;
            const COMMANDS: &'static [#private::domain::CommandInfo] = &[#(#infos),*];
            #[allow(unused_variables)]
            fn commands<__S: #private::domain::Commands<Self>>(to: &mut __S) {
                #(#types)*
            }
            #[allow(unused_variables)]
            fn stored<__S: #private::domain::StoredCommands<Self>>(to: &mut __S) {
                #[allow(unused_imports)]
                use #private::NotStored as _;
                #(#commands)*
            }
        }
    };
    quote!(#block #all #(#handlers)*)
}

/// A command as data.
fn info(private: &TokenStream, handler: &Handler) -> TokenStream {
    let (command, name, doc) = (type_text(&handler.command), handler.name.to_string(), &handler.doc);
    let creating = handler.creates.then(|| quote!(.creating()));
    let states = names(handler);
    let states = (!states.is_empty()).then(|| quote!(.in_states(&[#(#states),*])));
    quote!(#private::domain::CommandInfo::new(#command, #name) #creating #states .with_doc(#doc))
}

/// The names of the states that a command is for.
fn names(handler: &Handler) -> Vec<String> {
    handler.states.iter().map(ToString::to_string).collect()
}

/// `impl CommandOf<State> for Command`, and on which instances it works. The impls stand at the command, the parts
/// of the decision at the parameters that they are for.
fn expand_handler(model: &Handlers, handler: &Handler, decision: &TokenStream) -> TokenStream {
    let (private, state) = (model.runtime.private(), &model.block.ty);
    let Handler { command, result, creates, .. } = handler;
    let span = command.span();
    let (target, marker) =
        if *creates { (quote!(New), quote!(Create)) } else { (quote!(Existing), quote!(Handle)) };
    let deps = tuple(&private, handler.dependencies());
    let picked = handler.dependencies().map(|dependency| place_of(dependency, &model.dependencies));
    // Taken apart by a pattern: a second block for the aggregate is then one error and no more.
    let all = (0..model.dependencies.len()).map(place);
    let private_there = model.runtime.private_at(error_span(result));
    let error = quote_spanned!(error_span(result)=> <__Decided as #private_there::Decided>::Error);
    let looked_at = looked_at(model, handler);
    let inner = quote! {
        type Error = #error;
        type Deps<'d> = #deps;
        #looked_at
        const TARGET: #private::domain::Target = #private::domain::Target::#target;
        #[allow(unused_variables, clippy::unused_unit)]
        fn deps<'d>(
            (#(#all,)*): <#state as #private::domain::CommandHandlers>::Deps<'d>,
        ) -> Self::Deps<'d> {
            (#(#picked,)*)
        }
        #decision
        fn again(&self) -> #private::core::option::Option<Self> {
            #[allow(unused_imports)]
            use #private::NotClone as _;
            #private::Again(self).again()
        }
    };
    let command_of = quote_spanned! {span=>
        #[automatically_derived]
        impl #private::domain::CommandOf<#state> for #command { #inner }
        #[automatically_derived]
        impl #private::domain::#marker<#state> for #command {}
    };
    // What the handler returns is named once, so that a name in it that does not exist is one mistake.
    quote! {
        const _: () = {
            type __Decided = #result;
            #command_of
        };
    }
}

/// `type State`, `STATES` and `fn state`: what the handler looks at, and in which states.
fn looked_at(model: &Handlers, handler: &Handler) -> TokenStream {
    let (private, state) = (model.runtime.private(), &model.block.ty);
    let option = quote!(#private::core::option::Option);
    let (some, none) = (quote!(#option::Some), quote!(#option::None));
    let ty = match &handler.looks_at {
        LooksAt::Whole => quote!(&'s #state),
        LooksAt::Inside(inside) => quote_spanned!(inside.span()=> &'s #inside),
        LooksAt::Nothing => quote!(()),
    };
    let patterns = handler.states.iter().map(|name| {
        let span = name.span().resolved_at(Span::call_site());
        match &handler.looks_at {
            LooksAt::Inside(_) => quote_spanned!(span=> #state::#name(__found)),
            _ => quote_spanned!(span=> #state::#name { .. }),
        }
    });
    let found = match (&handler.looks_at, handler.states.is_empty()) {
        (LooksAt::Nothing, true) => quote!(#some(())),
        (_, true) => quote!(of),
        (LooksAt::Nothing, false) => quote!(match of { #some(#(#patterns)|*) => #some(()), _ => #none }),
        (LooksAt::Whole, false) => quote!(match of { #some(#(#patterns)|*) => of, _ => #none }),
        (LooksAt::Inside(inside), false) => {
            let kept = quote_spanned!(inside.span().resolved_at(Span::call_site())=> __found);
            quote!(match of { #some(#(#patterns)|*) => #some(#kept), _ => #none })
        }
    };
    let declared = handler.states.first().map(|first| {
        let span = first.span().resolved_at(Span::call_site());
        let there = model.runtime.private_at(span);
        quote_spanned!(span=> let _ = <#state as #there::domain::States>::state;)
    });
    let names = names(handler);
    let states = (!names.is_empty()).then(|| quote!(const STATES: &'static [&'static str] = &[#(#names),*];));
    quote! {
        type State<'s> = #ty;
        #states
        #[allow(unused_variables, unreachable_patterns)]
        fn state(
            of: #private::core::option::Option<&#state>,
        ) -> #private::core::option::Option<Self::State<'_>> {
            #declared
            #found
        }
    }
}

/// Where the error of a `Result<Events, Error>` stands; the result itself where it is written in another way.
fn error_span(result: &Type) -> Span {
    let arguments = match result {
        Type::Path(path) => path.path.segments.last().map(|last| &last.arguments),
        _ => None,
    };
    let span = match arguments {
        Some(PathArguments::AngleBracketed(list)) if list.args.len() == 2 => {
            list.args.last().map(Spanned::span)
        }
        _ => None,
    };
    span.unwrap_or_else(|| result.span()).resolved_at(Span::call_site())
}

/// `fn decide`: calls the handler with what it asks for.
fn decision(model: &Handlers, handler: &Handler) -> TokenStream {
    let (private, state) = (model.runtime.private(), &model.block.ty);
    let Handler { name, result, looks_at, is_async, parameters, .. } = handler;
    let receiver = (!matches!(looks_at, LooksAt::Nothing)).then(|| quote!(state,));
    let mut place = 0;
    let arguments = parameters.iter().map(|parameter| match parameter {
        Parameter::Id(ty) => quote_spanned!(ty.span()=> context.id),
        Parameter::Meta(ty) => quote_spanned!(ty.span()=> context.meta),
        Parameter::Dependency(dependency) => {
            let index = Literal::usize_unsuffixed(place);
            place += 1;
            quote_spanned!(dependency.ty.span()=> deps.#index)
        }
    });
    let call = quote_spanned!(name.span()=> <#state>::#name(#receiver self, #(#arguments),*));
    let (at_name, at_result) =
        (name.span().resolved_at(Span::call_site()), result.span().resolved_at(Span::call_site()));
    let private_there = model.runtime.private_at(at_result);
    let future = if *is_async {
        let events = quote_spanned!(at_result=> #private_there::events::<#state, __Decided>(decided));
        quote_spanned!(at_name=> async move { let decided = #call.await; #events })
    } else {
        let events = quote_spanned!(at_result=> #private_there::events::<#state, __Decided>(#call));
        quote!(#private::core::future::ready(#events))
    };
    let returned = returned(model, at_name);
    quote! {
        #[allow(unused_variables, clippy::manual_async_fn)]
        fn decide(
            self,
            state: Self::State<'_>,
            context: #private::domain::Context<'_, #state>,
            deps: Self::Deps<'_>,
        ) -> #returned {
            #future
        }
    }
}

/// What `decide` returns, at the handler's name: that is where a future is reported that cannot be sent.
fn returned(model: &Handlers, span: Span) -> TokenStream {
    let (private, state) = (model.runtime.private_at(span), &model.block.ty);
    quote_spanned! {span=>
        impl #private::core::future::Future<
            Output = #private::core::result::Result<
                #private::std::vec::Vec<<#state as #private::domain::Aggregate>::Event>,
                Self::Error,
            >,
        > + #private::core::marker::Send
    }
}

/// The block as it is, and commands that stand for those whose handler has a mistake.
pub(super) fn fallback(input: &Input, model: Option<&Handlers>) -> TokenStream {
    let Some(model) = model.filter(|model| model.block.generics.params.is_empty()) else {
        return match syn::parse2::<ImplBlock>(input.item.clone()) {
            Ok(block) => quote!(#block),
            Err(_) => input.item.clone(),
        };
    };
    let (private, block) = (model.runtime.private(), &model.block);
    let state = &block.ty;
    let stub = Handlers {
        block: block.clone(),
        handlers: Vec::new(),
        dependencies: Vec::new(),
        runtime: model.runtime.clone(),
    };
    let mut seen = Vec::new();
    let handlers = model.handlers.iter().filter(|handler| {
        let command = crate::naming::type_text(&handler.command);
        let first = !seen.contains(&command);
        seen.push(command);
        first
    });
    let returned = returned(model, Span::call_site());
    let decision = quote! {
        #[allow(unreachable_code)]
        fn decide(
            self,
            _: Self::State<'_>,
            _: #private::domain::Context<'_, #state>,
            _: Self::Deps<'_>,
        ) -> #returned {
            #private::core::future::ready(#private::core::unreachable!())
        }
    };
    let handlers = handlers.map(|handler| {
        let alone = Handler {
            name: handler.name.clone(),
            creates: handler.creates,
            states: Vec::new(),
            looks_at: if handler.creates { LooksAt::Nothing } else { LooksAt::Whole },
            is_async: false,
            command: crate::parameters::forever(&handler.command),
            result: handler.result.clone(),
            parameters: Vec::new(),
            doc: String::new(),
        };
        expand_handler(&stub, &alone, &decision)
    });
    quote! {
        #block
        #[automatically_derived]
        impl #private::domain::CommandHandlers for #state { type Deps<'d> = (); }
        #(#handlers)*
    }
}
