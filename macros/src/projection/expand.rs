//! What `#[projection]` becomes.

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Data, spanned::Spanned};

use super::model::{Index, Projection};
use crate::{driver::Input, source};

pub(super) fn expand(model: &Projection) -> TokenStream {
    let (item, implementation) = (&model.item, implementation(model));
    let constants = constants(model);
    quote!(#item #implementation #constants)
}

fn implementation(model: &Projection) -> TokenStream {
    let (ident, private, name) = (model.ident(), model.runtime.private(), model.stored_name());
    let span = ident.span().resolved_at(Span::call_site());
    let private_there = model.runtime.private_at(span);
    let key =
        model.key.as_ref().map_or_else(|| quote!(#private::std::string::String), ToTokens::to_token_stream);
    let version = Literal::u64_unsuffixed(model.version);
    let (inline, doc) = (model.inline, source::doc(&model.item.attrs));
    let initial = quote_spanned!(span=> <#ident as #private_there::std::default::Default>::default());
    // Named alike wherever it is used, so that a state which serde cannot write or read is one mistake.
    let json = quote_spanned!(span=> #private_there::document_json::<#ident>());
    let indexes = indexes(model);
    quote! {
        #[automatically_derived]
        impl #private::domain::Projection for #ident {
            type Key = #key;
            const NAME: &'static str = #name;
            const VERSION: u32 = #version;
            const INLINE: bool = #inline;
            #doc
            #indexes
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
}

/// `INDEXES` and `index_keys`, where there are any.
fn indexes(model: &Projection) -> TokenStream {
    if model.indexes.is_empty() {
        return TokenStream::new();
    }
    let private = model.runtime.private();
    let names = model.indexes.iter().map(Index::stored_name);
    let keys = model.indexes.iter().map(|Index { field, ty, .. }| {
        let span = ty.span().resolved_at(Span::call_site());
        let private = model.runtime.private_at(span);
        quote_spanned!(span=> #private::domain::Indexed::index_key(&self.#field))
    });
    quote! {
        const INDEXES: &'static [&'static str] = &[#(#names),*];
        fn index_keys(&self) -> #private::std::vec::Vec<#private::domain::IndexKey> {
            #private::std::vec![#(#keys),*]
        }
    }
}

/// `Balance::OWNER`, for queries.
fn constants(model: &Projection) -> TokenStream {
    if model.indexes.is_empty() {
        return TokenStream::new();
    }
    let (ident, private) = (model.ident(), model.runtime.private());
    let constants = model.indexes.iter().map(|index| {
        let Index { ty, visibility, .. } = index;
        let (constant, name) = (index.constant(), index.stored_name());
        let doc = format!("Finds documents by their `{}`.", index.field_name());
        quote! {
            #[doc = #doc]
            #[allow(dead_code)]
            #visibility const #constant: #private::query::Index<Self, #ty> = #private::query::Index::new(#name);
        }
    });
    quote! {
        #[automatically_derived]
        impl #ident { #(#constants)* }
    }
}

/// The item, with an impl that stands in for the one that could not be written.
pub(super) fn fallback(input: &Input, model: Option<&Projection>) -> TokenStream {
    let Some(model) = model else { return input.item.clone() };
    let item = &model.item;
    if !item.generics.params.is_empty() || matches!(item.data, Data::Union(_)) {
        return quote!(#item);
    }
    let mut seen = Vec::new();
    let mut first = |index: &&Index| {
        let new = !seen.contains(&index.field_name());
        seen.push(index.field_name());
        new
    };
    let indexes = model.indexes.iter().filter(&mut first).map(|index| Index {
        field: index.field.clone(),
        ty: index.ty.clone(),
        visibility: index.visibility.clone(),
        name: None,
    });
    expand(&Projection {
        item: item.clone(),
        key: model.key.clone(),
        version: model.version,
        name: None,
        inline: model.inline,
        indexes: indexes.collect(),
        runtime: model.runtime.clone(),
    })
}
