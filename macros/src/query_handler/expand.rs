//! What `#[query_handler]` becomes.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::model::{Handler, Parameter, Queries};
use crate::{driver::Input, impl_block::ImplBlock, naming::type_text, parameters::tuple};

pub(super) fn expand(model: &Queries) -> TokenStream {
    let Queries { block, handlers, dependencies, runtime } = model;
    let (private, projection) = (runtime.private(), &block.ty);
    let tuple = tuple(&private, dependencies.iter());
    let infos = handlers.iter().map(|handler| info(&private, handler));
    let handlers = handlers.iter().map(|handler| expand_handler(model, handler, &answer(model, handler)));
    let all = quote_spanned! {projection.span()=>
        #[automatically_derived]
        impl #private::query::QueryHandlers for #projection {
            type Deps<'d> = #tuple;
            const QUERIES: &'static [#private::query::QueryInfo] = &[#(#infos),*];
        }
    };
    quote!(#block #all #(#handlers)*)
}

/// A query as data.
fn info(private: &TokenStream, handler: &Handler) -> TokenStream {
    let (query, name, doc) = (type_text(&handler.query), handler.name.to_string(), &handler.doc);
    let returns = type_text(&handler.result);
    let doc = (!doc.is_empty()).then(|| quote!(.with_doc(#doc)));
    quote!(#private::query::QueryInfo::new(#query, #name, #returns) #doc)
}

/// `impl Query for BalanceOf`. The impl stands at the query, what is asked of the answer at the result.
fn expand_handler(model: &Queries, handler: &Handler, answer: &TokenStream) -> TokenStream {
    let (private, projection) = (model.runtime.private(), &model.block.ty);
    let Handler { query, result, .. } = handler;
    let deps = tuple(&private, handler.dependencies());
    let at_result = result.span().resolved_at(Span::call_site());
    let there = model.runtime.private_at(at_result);
    let (success, error) = (
        quote_spanned!(at_result=> <__Answered as #there::Answered>::Answer),
        quote_spanned!(at_result=> <__Answered as #there::Answered>::Error),
    );
    let inner = quote! {
        type Projection = #projection;
        type Answer = #success;
        type Error = #error;
        type Deps<'d> = #deps;
        #answer
    };
    let implementation = quote_spanned! {query.span()=>
        #[automatically_derived]
        impl #private::query::Query for #query { #inner }
    };
    // What the handler returns is named once, so that a name in it that does not exist is one mistake.
    quote! {
        const _: () = {
            type __Answered = #result;
            #implementation
        };
    }
}

/// `fn answer`: calls the handler with what it asks for.
fn answer(model: &Queries, handler: &Handler) -> TokenStream {
    let (private, projection) = (model.runtime.private(), &model.block.ty);
    let Handler { name, is_async, parameters, .. } = handler;
    let mut place = 0;
    let arguments = parameters.iter().map(|parameter| match parameter {
        Parameter::Reader(ty) => quote_spanned!(ty.span()=> reader),
        Parameter::Dependency(dependency) => {
            let index = Literal::usize_unsuffixed(place);
            place += 1;
            quote_spanned!(dependency.ty.span()=> deps.#index)
        }
    });
    let call = quote_spanned!(name.span()=> <#projection>::#name(self, #(#arguments),*));
    let at_name = name.span().resolved_at(Span::call_site());
    let there = model.runtime.private_at(at_name);
    let future = if *is_async {
        quote_spanned!(at_name=> async move { #there::Answered::answered(#call.await) })
    } else {
        quote_spanned!(at_name=> #there::core::future::ready(#there::Answered::answered(#call)))
    };
    let returned = returned(model, at_name);
    quote! {
        #[allow(unused_variables, clippy::manual_async_fn)]
        fn answer(self, reader: &#private::query::Reader, deps: Self::Deps<'_>) -> #returned {
            #future
        }
    }
}

/// What `answer` returns, at the handler's name: that is where a future is reported that cannot be sent.
fn returned(model: &Queries, span: Span) -> TokenStream {
    let private = model.runtime.private_at(span);
    quote_spanned! {span=>
        impl #private::core::future::Future<
            Output = #private::core::result::Result<Self::Answer, Self::Error>,
        > + #private::core::marker::Send
    }
}

/// The block as it is, and queries that stand for those whose handler has a mistake.
pub(super) fn fallback(input: &Input, model: Option<&Queries>) -> TokenStream {
    let Some(model) = model.filter(|model| model.block.generics.params.is_empty()) else {
        return match syn::parse2::<ImplBlock>(input.item.clone()) {
            Ok(block) => quote!(#block),
            Err(_) => input.item.clone(),
        };
    };
    let (private, block) = (model.runtime.private(), &model.block);
    let projection = &block.ty;
    let mut seen = Vec::new();
    let handlers = model.handlers.iter().filter(|handler| {
        let query = crate::naming::type_text(&handler.query);
        let first = !seen.contains(&query);
        seen.push(query);
        first
    });
    let returned = returned(model, Span::call_site());
    let answer = quote! {
        #[allow(unreachable_code)]
        fn answer(self, _: &#private::query::Reader, _: Self::Deps<'_>) -> #returned {
            #private::core::future::ready(#private::core::unreachable!())
        }
    };
    let handlers = handlers.map(|handler| {
        let alone = Handler {
            name: handler.name.clone(),
            is_async: false,
            query: crate::parameters::forever(&handler.query),
            result: handler.result.clone(),
            parameters: Vec::new(),
            doc: String::new(),
        };
        expand_handler(model, &alone, &answer)
    });
    quote! {
        #block
        #[automatically_derived]
        impl #private::query::QueryHandlers for #projection { type Deps<'d> = (); }
        #(#handlers)*
    }
}
