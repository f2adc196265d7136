//! One impl of `Provide` per field.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use super::model::{Dependency, Provider};

pub(crate) fn expand(model: &Provider) -> TokenStream {
    let first_of_type =
        model.dependencies.iter().enumerate().filter(|(i, dependency)| {
            model.dependencies[..*i].iter().all(|other| other.text != dependency.text)
        });
    first_of_type.map(|(_, dependency)| provide(model, dependency)).collect()
}

fn provide(model: &Provider, dependency: &Dependency) -> TokenStream {
    let private = model.runtime.private();
    let (name, ty, member) = (&model.ident, &dependency.ty, &dependency.member);
    let (generics, arguments, bounds) = model.generics.split_for_impl();
    let borrow = if dependency.is_reference { quote!(self.#member) } else { quote!(&self.#member) };
    quote_spanned! {ty.span()=>
        #[automatically_derived]
        impl #generics #private::domain::Provide<#ty> for #name #arguments #bounds {
            fn provide(&self) -> &#ty {
                #borrow
            }
        }
    }
}
