//! One impl of `Provide` per field.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{DeriveInput, spanned::Spanned};

use super::model::{Dependency, Provider};
use crate::{driver::Input, paths::Runtime};

pub(crate) fn expand(model: &Provider) -> TokenStream {
    let first_of_type =
        model.dependencies.iter().enumerate().filter(|(i, dependency)| {
            model.dependencies[..*i].iter().all(|other| other.text != dependency.text)
        });
    first_of_type.map(|(place, dependency)| provide(model, place, dependency)).collect()
}

fn provide(model: &Provider, place: usize, dependency: &Dependency) -> TokenStream {
    let private = model.runtime.private();
    let (name, ty, member) = (&model.ident, &dependency.ty, &dependency.member);
    let (generics, arguments, bounds) = model.generics.split_for_impl();
    let borrow = if dependency.is_reference { quote!(self.#member) } else { quote!(&self.#member) };
    // Through an alias a type that does not exist reads the same as in the struct, and is reported once.
    let alias = format_ident!("__{name}Provides{}", place);
    let aliased = model.generics.params.is_empty();
    let alias_item = aliased.then(|| quote!(#[doc(hidden)] #[allow(dead_code)] type #alias = #ty;));
    let ty = if aliased { quote_spanned!(ty.span()=> #alias) } else { quote!(#ty) };
    quote_spanned! {dependency.ty.span()=>
        #alias_item
        #[automatically_derived]
        impl #generics #private::domain::Provide<#ty> for #name #arguments #bounds {
            fn provide(&self) -> &#ty {
                #borrow
            }
        }
    }
}

/// Provides whatever is asked for, to nobody who will run it.
pub(crate) fn anything(input: &Input) -> TokenStream {
    let Ok(item) = syn::parse2::<DeriveInput>(input.item.clone()) else { return TokenStream::new() };
    let private = Runtime::new(None).private();
    let name = &item.ident;
    let (_, arguments, bounds) = item.generics.split_for_impl();
    let mut params = item.generics.params.clone();
    if !params.empty_or_trailing() {
        params.push_punct(Default::default());
    }
    quote! {
        impl<#params __T: ?#private::core::marker::Sized> #private::domain::Provide<__T> for #name #arguments #bounds {
            fn provide(&self) -> &__T {
                #private::core::unreachable!()
            }
        }
    }
}
