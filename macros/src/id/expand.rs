//! The impls of an identity.
//!
//! Everything that the value has to offer is asked of the one trait `IdValue`, at the value's type: a value that
//! is none is one error there.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, spanned::Spanned};

use super::model::IdStruct;
use crate::{driver::Input, paths::Runtime};

pub(crate) fn expand(model: &IdStruct) -> TokenStream {
    let private = model.runtime.private();
    let name = &model.ident;
    let serde = serde_impls(model, &private);
    let text = text_impls(model, &private);
    quote! {
        #serde
        #text
        #[automatically_derived]
        impl #private::domain::Id for #name {}
    }
}

fn serde_impls(model: &IdStruct, private: &TokenStream) -> TokenStream {
    let (name, member) = (&model.ident, &model.member);
    let value = value(model, private);
    quote! {
        #[automatically_derived]
        impl #private::serde::Serialize for #name {
            fn serialize<S: #private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> #private::core::result::Result<S::Ok, S::Error> {
                #value::write(&self.#member, serializer)
            }
        }
        #[automatically_derived]
        impl<'de> #private::serde::Deserialize<'de> for #name {
            fn deserialize<D: #private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> #private::core::result::Result<Self, D::Error> {
                #private::core::result::Result::Ok(Self { #member: #value::read(deserializer)? })
            }
        }
    }
}

fn text_impls(model: &IdStruct, private: &TokenStream) -> TokenStream {
    let (name, member) = (&model.ident, &model.member);
    let value = value(model, private);
    quote! {
        #[automatically_derived]
        impl #private::core::fmt::Display for #name {
            fn fmt(&self, f: &mut #private::core::fmt::Formatter<'_>) -> #private::core::fmt::Result {
                #value::show(&self.#member, f)
            }
        }
        #[automatically_derived]
        impl #private::core::str::FromStr for #name {
            type Err = #private::domain::ParseIdError;
            fn from_str(text: &str) -> #private::core::result::Result<Self, Self::Err> {
                #private::core::result::Result::Ok(Self { #member: #value::parse(text)? })
            }
        }
        #[automatically_derived]
        impl #private::domain::Schema for #name {
            const SHAPE: &'static #private::domain::Shape = #value::SHAPE;
        }
    }
}

/// The trait that the value must have, at the value's type.
fn value(model: &IdStruct, private: &TokenStream) -> TokenStream {
    let ty = &model.value;
    quote_spanned!(ty.span()=> <#ty as #private::domain::IdValue>)
}

/// Impls that nobody will run.
pub(crate) fn fallback(input: &Input) -> TokenStream {
    let Ok(item) = syn::parse2::<DeriveInput>(input.item.clone()) else { return TokenStream::new() };
    if !item.generics.params.is_empty() {
        return TokenStream::new();
    }
    let private = Runtime::new(None).private();
    let name = &item.ident;
    quote! {
        impl #private::serde::Serialize for #name {
            fn serialize<S: #private::serde::Serializer>(
                &self,
                _: S,
            ) -> #private::core::result::Result<S::Ok, S::Error> {
                #private::core::unreachable!()
            }
        }
        impl<'de> #private::serde::Deserialize<'de> for #name {
            fn deserialize<D: #private::serde::Deserializer<'de>>(
                _: D,
            ) -> #private::core::result::Result<Self, D::Error> {
                #private::core::unreachable!()
            }
        }
        impl #private::core::fmt::Display for #name {
            fn fmt(&self, _: &mut #private::core::fmt::Formatter<'_>) -> #private::core::fmt::Result {
                #private::core::unreachable!()
            }
        }
        impl #private::core::str::FromStr for #name {
            type Err = #private::domain::ParseIdError;
            fn from_str(_: &str) -> #private::core::result::Result<Self, Self::Err> {
                #private::core::unreachable!()
            }
        }
        impl #private::domain::Schema for #name {
            const SHAPE: &'static #private::domain::Shape = &#private::domain::Shape::Scalar("any");
        }
        impl #private::domain::Id for #name {}
    }
}
