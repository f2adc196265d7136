//! The impl of a shape.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, GenericParam, Generics, spanned::Spanned};

use super::model::{Body, SchemaType, SchemaVariant};
use crate::{
    driver::Input,
    errors::Errors,
    paths::Runtime,
    wire::{Source, WireFields, fields_shape, needs},
};

pub(crate) fn expand(model: &SchemaType) -> TokenStream {
    let private = model.runtime.private();
    let source = Source::Schema { private: &private };
    let shape = shape_of(model, source, &private);
    let checks: TokenStream = match &model.body {
        Body::Other(_) => TokenStream::new(),
        Body::Transparent(fields) | Body::Struct(fields) => needs(fields, source),
        Body::Enum(variants) => variants.iter().map(|variant| needs(&variant.fields, source)).collect(),
    };
    // With parameters the checks can only be made where the parameters are known.
    let generic = !model.generics.params.is_empty();
    let (inside, outside) = if generic { (checks, TokenStream::new()) } else { (TokenStream::new(), checks) };
    let outside = (!outside.is_empty()).then(|| quote!(const _: () = { #outside };));
    let name = &model.ident;
    let bounded = with_bounds(&model.generics, &private);
    let (generics, _, bounds) = bounded.split_for_impl();
    let (_, arguments, _) = model.generics.split_for_impl();
    quote! {
        #outside
        #[automatically_derived]
        impl #generics #private::domain::Schema for #name #arguments #bounds {
            const SHAPE: &'static #private::domain::Shape = { #inside #shape };
        }
    }
}

/// The shape of the type, with those of its fields' types from this source.
fn shape_of(model: &SchemaType, source: Source<'_>, private: &TokenStream) -> TokenStream {
    match &model.body {
        Body::Other(ty) => quote_spanned!(ty.span()=> <#ty as #private::domain::Schema>::SHAPE),
        Body::Transparent(WireFields::Struct(fields)) => source.only(fields).unwrap_or_default(),
        Body::Struct(WireFields::Unit) => quote!(&#private::domain::Shape::Scalar("null")),
        Body::Transparent(fields) | Body::Struct(fields) => fields_shape(fields, source),
        Body::Enum(variants) => enum_shape(variants, source, private),
    }
}

/// The shape of an item that need not have one: what is not known of it is said to be so.
pub(crate) fn shape_if_known(item: &DeriveInput, private: &TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let input = Input { args: TokenStream::new(), item: quote!(#item) };
    let model = super::model::read(&input, &mut errors);
    if let Some(model) = &model {
        super::check::check(model, &mut errors);
    }
    // It is no mistake that a shape cannot say what serde is told here.
    let sound = errors.is_empty();
    errors.into_tokens();
    match model.filter(|_| sound) {
        Some(model) => shape_of(&model, Source::Probe { private, aliases: &[] }, private),
        None => quote!(&#private::domain::Shape::Scalar(#private::domain::UNKNOWN)),
    }
}

fn enum_shape(variants: &[SchemaVariant], source: Source<'_>, private: &TokenStream) -> TokenStream {
    let variants = variants.iter().map(|variant| {
        let name = &variant.name;
        let shape = match &variant.fields {
            WireFields::Unit => quote!(&#private::domain::Shape::Scalar("unit")),
            fields => fields_shape(fields, source),
        };
        quote!(#private::domain::Variant { name: #name, shape: #shape })
    });
    quote!(&#private::domain::Shape::Enum(&[#(#variants),*]))
}

/// Every type parameter has a shape, as with serde's derives.
fn with_bounds(generics: &Generics, private: &TokenStream) -> Generics {
    let mut generics = generics.clone();
    for param in &mut generics.params {
        if let GenericParam::Type(param) = param {
            param.bounds.push(syn::parse_quote!(#private::domain::Schema));
        }
    }
    generics
}

/// A shape that nobody will ask for.
pub(crate) fn fallback(input: &Input) -> TokenStream {
    let Ok(item) = syn::parse2::<DeriveInput>(input.item.clone()) else { return TokenStream::new() };
    let private = Runtime::new(None).private();
    let name = &item.ident;
    let (generics, arguments, bounds) = item.generics.split_for_impl();
    quote! {
        impl #generics #private::domain::Schema for #name #arguments #bounds {
            const SHAPE: &'static #private::domain::Shape = &#private::domain::Shape::Scalar(#private::domain::UNKNOWN);
        }
    }
}
