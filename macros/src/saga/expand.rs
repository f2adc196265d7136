//! What `#[saga]` becomes.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Path, Type, spanned::Spanned};

use super::{describe, locked, model::Saga};
use crate::{
    driver::Input,
    event_parameters::EventParameter,
    impl_block::ImplBlock,
    keywords::{COMPENSATION, START, STEP},
    parameters::{command_span, is_called, place, place_of, sends, tuple},
    patterns,
    policy::Tries,
    source::package,
    steps::{Call, Parameter, Step, Undo, starts::Start},
};

pub(super) fn expand(model: &Saga) -> TokenStream {
    let Saga { block, dependencies, runtime, version, steps, .. } = model;
    let (private, saga, name) = (runtime.private(), &block.ty, model.stored_name());
    let span = saga.span().resolved_at(Span::call_site());
    let (tuple, package) = (tuple(&private, dependencies.iter()), package());
    let version = Literal::u64_unsuffixed(*version);
    let infos = steps.iter().enumerate().map(|(at, step)| info(model, at, step));
    let enums = patterns::enums(model.starts.iter().flat_map(|start| &start.mark.patterns));
    let names: Vec<Ident> = (0..enums.len()).map(|i| format_ident!("__E{i}")).collect();
    let (encoding, within) = (encoding(model, span), within(model, &names));
    let (starts, outputs) = (starts(model, &enums, &names), output_types(model));
    let started = enums.iter().zip(&names).map(|(path, name)| start_on(model, path, name));
    let done = steps.iter().enumerate().map(|(at, step)| {
        (at, &step.call, done(model, &step.call, &output_type(model, at).into_token_stream()))
    });
    let done = calls(model, "step", &quote!(#private::saga::StepDone), done);
    let undone = steps.iter().enumerate().filter_map(|(at, step)| match &step.undo {
        Some(Undo::Compensation(call, _)) => {
            Some((at, &**call, self::done(model, call, &output_of(model, call))))
        }
        _ => None,
    });
    let undone = calls(model, "compensate", &quote!(#private::saga::StepDone), undone);
    let probed = probed(model);
    let (migrate, described, locked) =
        (migrate(model), describe::describe(model, &names), locked::expand(model));
    let inner = quote! {
        type Deps<'d> = #tuple;
        const NAME: &'static str = #name;
        const VERSION: u16 = #version;
        const PACKAGE: &'static str = #package;
        const STEPS: &'static [#private::saga::StepInfo] = &[#(#infos),*];
        const DATA_SHAPE: #private::core::option::Option<&'static #private::domain::Shape> = {
            #[allow(unused_imports)]
            use #private::NoShape as _;
            #private::Probe::<#saga>::SHAPE
        };
        #described
        #encoding
        #migrate
        #starts
        #done
        #undone
        #probed
    };
    let implementation = quote_spanned! {saga.span()=>
        #[automatically_derived]
        impl #private::saga::Saga for #saga { #inner }
    };
    quote! {
        #[allow(clippy::ptr_arg)]
        #block
        const _: () = {
            #(type #names = #enums;)*
            #outputs
            #implementation
            #(#started)*
            #within
            #locked
        };
    }
}

/// `encode` and `decode`, at the name of the saga: that is what serde must know.
fn encoding(model: &Saga, span: Span) -> TokenStream {
    let (private, saga) = (model.runtime.private(), &model.block.ty);
    let there = model.runtime.private_at(span);
    let json = quote_spanned!(span=> #there::saga_json::<#saga>());
    quote! {
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

/// `fn migrate`, where the data of earlier versions can be brought to this one.
fn migrate(model: &Saga) -> Option<TokenStream> {
    let (_, older) = model.from.as_ref()?;
    let private = model.runtime.private();
    // Checked: there are fewer than versions.
    let first = model.version.saturating_sub(older.len() as u64);
    let arms = older.iter().zip(first..).map(|(old, version)| {
        let (span, version) = (old.span().resolved_at(Span::call_site()), Literal::u64_unsuffixed(version));
        let there = model.runtime.private_at(span);
        quote_spanned!(span=> #version => #there::core::option::Option::Some(#there::migrated::<#old, Self>(data)),)
    });
    let first = Literal::u64_unsuffixed(first);
    Some(quote! {
        const SINCE: u16 = #first;
        fn migrate(
            version: u16,
            data: &[u8],
        ) -> #private::core::option::Option<#private::core::result::Result<Self, #private::codec::DecodeError>> {
            match version {
                #(#arms)*
                _ => #private::core::option::Option::None,
            }
        }
    })
}

/// `fn starts`, where events start it.
fn starts(model: &Saga, enums: &[Path], names: &[Ident]) -> Option<TokenStream> {
    let private = model.runtime.private();
    let there = enums.iter().map(|path| path.span().resolved_at(Span::call_site()));
    let on = there.zip(names).map(|(span, name)| quote_spanned!(span=> to.on::<#name>();));
    (!enums.is_empty())
        .then(|| quote!(fn starts<__T: #private::saga::Starts<Self>>(to: &mut __T) { #(#on)* }))
}

/// `impl StartOn<Event> for Saga`, at the name of the event.
fn start_on(model: &Saga, event: &Path, name: &Ident) -> TokenStream {
    let (private, saga) = (model.runtime.private(), &model.block.ty);
    let span = event.span().resolved_at(Span::call_site());
    let of = |start: &Start| -> Vec<(Option<String>, TokenStream)> {
        let variants = start.mark.patterns.iter().filter(|variant| variant.is_of(event));
        variants.map(|variant| (variant.name(), variant.pattern(name))).collect()
    };
    let starts: Vec<_> = model.starts.iter().map(|start| (start, of(start))).collect();
    let variants =
        starts.iter().flat_map(|(_, variants)| variants.iter().filter_map(|(name, _)| name.clone()));
    let docs = describe::start_docs(&starts);
    let arms = starts.iter().filter(|(_, variants)| !variants.is_empty()).map(|(start, variants)| {
        let patterns = variants.iter().map(|(_, pattern)| pattern);
        let (made, id) = (made(model, start, name), if start.mark.each { "of_event" } else { "of_stream" });
        let id = Ident::new(id, Span::call_site());
        quote!(#(#patterns)|* => { #made.map(|saga| #private::saga::Begun { id: cause.#id(), saga }) })
    });
    let inner = quote! {
        const VARIANTS: &'static [&'static str] = &[#(#variants),*];
        #docs
        #[allow(deprecated, unused_variables, unreachable_code, unreachable_patterns)]
        fn start(
            event: &#name,
            cause: &#private::saga::Cause<'_>,
        ) -> #private::core::result::Result<
            #private::core::option::Option<#private::saga::Begun<Self>>,
            #private::domain::HandlerFailure,
        > {
            #private::core::result::Result::Ok(match event {
                #(#arms)*
                _ => #private::core::option::Option::None,
            })
        }
    };
    quote_spanned! {span=>
        #[automatically_derived]
        impl #private::saga::StartOn<#name> for #saga { #inner }
    }
}

/// Calls the function that makes the saga.
fn made(model: &Saga, start: &Start, event: &Ident) -> TokenStream {
    let saga = &model.block.ty;
    let Start { name, parameters, result, .. } = start;
    let arguments = parameters.iter().map(|parameter| match parameter {
        EventParameter::Bound(name) => name.to_token_stream(),
        EventParameter::Id(ty) | EventParameter::Key(ty) => {
            let there = model.runtime.private_at(ty.span().resolved_at(Span::call_site()));
            quote_spanned!(ty.span()=> &#there::id_in::<#event>(cause.category, cause.id)?)
        }
        EventParameter::Meta(ty) => quote_spanned!(ty.span()=> cause.meta),
    });
    let called = quote_spanned!(name.span()=> <#saga>::#name(#(#arguments),*));
    let span = result.span().resolved_at(Span::call_site());
    let there = model.runtime.private_at(span);
    quote_spanned!(span=> #there::Made::<Self>::made(#called))
}

/// `StepInfo::new(..)`
fn info(model: &Saga, at: usize, step: &Step) -> TokenStream {
    let (private, name) = (model.runtime.private(), step.stored_name());
    let kind = kind(model, &step.call);
    let shape = shape(model, at, step);
    let undo = match &step.undo {
        Some(Undo::Compensation(call, tries)) => {
            let (name, kind, needs) = (call.name.to_string(), self::kind(model, call), call.takes(at));
            let tries = tries.expand(&private);
            quote!(Compensation {
                name: #name,
                kind: #kind,
                needs_output: #needs,
                policy: #private::saga::StepPolicy::persistent() #tries,
            })
        }
        Some(Undo::Nothing(reason)) => quote!(Nothing { reason: #reason }),
        Some(Undo::Pivot) | None => quote!(Pivot),
        Some(Undo::Retriable) => quote!(Retriable),
    };
    let policy = policy(model, step);
    let probe = step.probe.is_some().then(|| quote!(.with_probe()));
    let doc = Some(&step.doc).filter(|doc| !doc.is_empty()).map(|doc| quote!(.with_doc(#doc)));
    quote! {
        #private::saga::StepInfo::new(#name, #kind, #private::saga::Undo::#undo, #shape) #policy #probe #doc
    }
}

/// `.policy(..)`, if anything is said; what is left out is as the runtime has it.
fn policy(model: &Saga, step: &Step) -> Option<TokenStream> {
    let private = model.runtime.private();
    let tries: &Tries = &step.tries;
    let said = tries.expand(&private);
    let base = match &step.undo {
        Some(Undo::Retriable) => quote!(persistent),
        _ => quote!(forward),
    };
    (!said.is_empty()).then(|| quote!(.policy(#private::saga::StepPolicy::#base() #said)))
}

fn kind(model: &Saga, call: &Call) -> TokenStream {
    let private = model.runtime.private();
    let kind = if call.is_async { quote!(Foreign) } else { quote!(Command) };
    quote!(#private::saga::StepKind::#kind)
}

/// The name of what a step comes to, in generated code.
fn output_type(model: &Saga, step: usize) -> Ident {
    let span = model.steps.get(step).map_or_else(Span::call_site, |step| step.call.result.span());
    format_ident!("__O{step}", span = span)
}

/// `type __O0 = ..`: the output of each step is named once, so that a name that does not exist is one mistake.
fn output_types(model: &Saga) -> TokenStream {
    let types = model.steps.iter().enumerate().map(|(at, step)| {
        let (name, ty) = (output_type(model, at), output_of(model, &step.call));
        quote!(type #name = #ty;)
    });
    types.collect()
}

/// What a step comes to.
fn output_of(model: &Saga, call: &Call) -> TokenStream {
    let (private, result) = (model.runtime.private(), &call.result);
    let there = model.runtime.private_at(result.span());
    match call.output_and_error() {
        Some((output, _)) if call.is_async => output.to_token_stream(),
        _ if call.is_async => quote_spanned!(result.span()=> <#result as #there::Stepped>::Output),
        _ if !sends(result) => quote_spanned!(result.span()=> <#result as #there::saga::IntoStep>::Output),
        _ => {
            let receipt = quote!(#private::domain::Receipt);
            match () {
                () if is_called(result, "Option") => quote!(#private::core::option::Option<#receipt>),
                () if is_called(result, "Vec") => quote!(#private::std::vec::Vec<#receipt>),
                () => receipt,
            }
        }
    }
}

/// All that must hold of a foreign step's output, asked alike wherever it is used: what it lacks is then one mistake.
fn durable(model: &Saga, call: &Call, output: &TokenStream) -> TokenStream {
    let span = call.output_and_error().map_or_else(|| call.result.span(), |(output, _)| output.span());
    let span = span.resolved_at(Span::call_site());
    let there = model.runtime.private_at(span);
    quote_spanned!(span=> #there::durable::<#output>())
}

/// The shape of what a step comes to.
fn shape(model: &Saga, at: usize, step: &Step) -> TokenStream {
    let (private, output) = (model.runtime.private(), output_type(model, at).into_token_stream());
    if step.call.is_async {
        let durable = durable(model, &step.call, &output);
        return quote!(#durable.shape);
    }
    quote!(<#output as #private::domain::Schema>::SHAPE)
}

/// A function of the saga that calls one of its methods by the step's place.
fn calls<'a>(
    model: &Saga,
    function: &str,
    done: &TokenStream,
    arms: impl Iterator<Item = (usize, &'a Call, TokenStream)>,
) -> TokenStream {
    let private = model.runtime.private();
    let function = Ident::new(function, Span::call_site());
    let arms = arms.map(|(at, call, done)| {
        let (at, before) = (Literal::usize_unsuffixed(at), outputs(model, call));
        quote!(#at => { #(#before)* #done })
    });
    let all = (0..model.dependencies.len()).map(place);
    quote! {
        #[allow(unused_variables, unreachable_code, clippy::manual_async_fn, clippy::diverging_sub_expression)]
        fn #function<'a>(
            &'a self,
            step: usize,
            call: #private::saga::StepCall<'a>,
            (#(#all,)*): Self::Deps<'a>,
        ) -> impl #private::core::future::Future<
            Output = #private::core::result::Result<#done, #private::domain::HandlerFailure>,
        > + #private::core::marker::Send + 'a {
            async move {
                match step {
                    #(#arms)*
                    _ => #private::core::result::Result::Err(#private::no_such_step(
                        <Self as #private::saga::Saga>::NAME,
                        step,
                    )),
                }
            }
        }
    }
}

/// Reads the outputs that a method asks for.
fn outputs(model: &Saga, call: &Call) -> Vec<TokenStream> {
    let wanted = call.parameters.iter().filter_map(|parameter| match parameter {
        Parameter::Output(step, _) => Some(*step),
        _ => None,
    });
    let private = model.runtime.private();
    let read = |step: usize| {
        let (name, ty, call) =
            (output(step), output_type(model, step).into_token_stream(), &model.steps.get(step)?.call);
        let read = if call.is_async {
            let durable = durable(model, call, &ty);
            quote!((#durable.read))
        } else {
            quote!(#private::output::<#ty>)
        };
        let step = Literal::usize_unsuffixed(step);
        Some(quote!(let #name = #read(&call, #step)?;))
    };
    wanted.filter_map(read).collect()
}

fn output(step: usize) -> Ident {
    format_ident!("__output{step}")
}

/// The method called with what it asks for.
fn called(model: &Saga, call: &Call) -> TokenStream {
    let (saga, name) = (&model.block.ty, &call.name);
    let arguments = call.parameters.iter().map(|parameter| match parameter {
        Parameter::Output(step, ty) => {
            let output = output(*step);
            quote_spanned!(ty.span()=> &#output)
        }
        Parameter::Key(ty) => quote_spanned!(ty.span()=> call.key),
        Parameter::Dependency(dependency) => {
            let place = place_of(dependency, &model.dependencies);
            quote_spanned!(dependency.ty.span()=> #place)
        }
    });
    let called = quote_spanned!(name.span()=> <#saga>::#name(self, #(#arguments),*));
    if !call.is_async {
        return called;
    }
    let span = name.span().resolved_at(Span::call_site());
    let there = model.runtime.private_at(span);
    quote_spanned!(span=> #there::sent(#called).await)
}

/// Calls a step or a compensation, and says what it has come to.
fn done(model: &Saga, call: &Call, output: &TokenStream) -> TokenStream {
    let (private, called, result) = (model.runtime.private(), called(model, call), &call.result);
    if !call.is_async {
        let span = command_span(result).resolved_at(Span::call_site());
        let there = model.runtime.private_at(span);
        let sent = if sends(result) {
            {
                let send = quote_spanned!(span=> #there::command::<#result>());
                quote!((#send)(#called))
            }
        } else {
            quote_spanned!(span=> <#result as #there::saga::IntoStep>::into_step(#called))
        };
        return quote!(#private::core::result::Result::Ok(#sent));
    }
    let there = model.runtime.private_at(result.span());
    let stepped = match call.output_and_error() {
        // Named no more often than it must be: a name that does not exist is a mistake at each.
        Some(_) => quote_spanned!(result.span()=> #there::Stepped::stepped(__result)),
        None => quote_spanned!(result.span()=> <#result as #there::Stepped>::stepped(__result)),
    };
    let (failed, durable) = (failed(model, call), durable(model, call, output));
    quote! {
        let __result = #called;
        match #stepped {
            #private::core::result::Result::Ok(__done) => (#durable.done)(&__done),
            #private::core::result::Result::Err(__error) => { #failed }
        }
    }
}

/// Says what an error means.
fn failed(model: &Saga, call: &Call) -> TokenStream {
    let private = model.runtime.private();
    let span = call.output_and_error().map_or_else(|| call.result.span(), |(_, error)| error.span());
    let span = span.resolved_at(Span::call_site());
    let there = model.runtime.private_at(span);
    let class = quote_spanned!(span=> #there::Class(&__error).class());
    let failed = quote_spanned!(span=> #there::step_failed(__error, __class));
    quote! {
        let __class = {
            #[allow(unused_imports)]
            use #private::Unclassified as _;
            #class
        };
        #private::core::result::Result::Err(#failed)
    }
}

/// `fn probe`, where a step has one.
fn probed(model: &Saga) -> Option<TokenStream> {
    let private = model.runtime.private();
    let probes =
        model.steps.iter().enumerate().filter_map(|(at, step)| Some((at, step, step.probe.as_ref()?)));
    let arms: Vec<_> =
        probes.map(|(at, step, probe)| (at, probe, probe_of(model, at, step, probe))).collect();
    if arms.is_empty() {
        return None;
    }
    let done = quote!(#private::core::option::Option<#private::saga::StepDone>);
    Some(calls(model, "probe", &done, arms.into_iter()))
}

fn probe_of(model: &Saga, at: usize, step: &Step, probe: &Call) -> TokenStream {
    let (private, called) = (model.runtime.private(), called(model, probe));
    let span = probe.result.span().resolved_at(Span::call_site());
    let there = model.runtime.private_at(span);
    let output = output_type(model, at).into_token_stream();
    let durable = durable(model, &step.call, &output);
    let found = quote_spanned!(span=> #there::Probed::<#output>::probed(__result));
    let failed = failed(model, probe);
    quote! {
        let __result = #called;
        match #found {
            #private::core::result::Result::Ok(#private::core::option::Option::Some(__done)) => {
                (#durable.done)(&__done).map(#private::core::option::Option::Some)
            }
            #private::core::result::Result::Ok(#private::core::option::Option::None) => {
                #private::core::result::Result::Ok(#private::core::option::Option::None)
            }
            #private::core::result::Result::Err(__error) => { #failed }
        }
    }
}

/// `impl Within<D>`: what starts it and what it sends to is part of the domain.
fn within(model: &Saga, events: &[Ident]) -> TokenStream {
    let (private, saga) = (model.runtime.private(), &model.block.ty);
    let commands = model.steps.iter().flat_map(Step::calls).filter(|call| !call.is_async);
    let commands: Vec<&Type> = commands.map(|call| &call.result).collect();
    quote_spanned! {saga.span()=>
        #[automatically_derived]
        impl<__D: #private::domain::Domain> #private::execute::Within<__D> for #saga
        where
            #(<#events as #private::domain::EventOf>::Aggregate: #private::domain::PartOf<__D>,)*
            #(#commands: #private::execute::Within<__D>,)*
        {
        }
    }
}

/// The block as it is, and a saga without steps.
pub(super) fn fallback(input: &Input, model: Option<&Saga>) -> TokenStream {
    let Some(model) = model.filter(|model| model.block.generics.params.is_empty()) else {
        return match syn::parse2::<ImplBlock>(input.item.clone()) {
            Ok(block) => block.strip(STEP).strip(COMPENSATION).strip(START).into_token_stream(),
            Err(_) => input.item.clone(),
        };
    };
    let stub = Saga {
        from: None,
        lock: None,
        block: model.block.clone(),
        version: model.version,
        name: None,
        steps: Vec::new(),
        starts: Vec::new(),
        dependencies: Vec::new(),
        runtime: model.runtime.clone(),
    };
    expand(&stub)
}
