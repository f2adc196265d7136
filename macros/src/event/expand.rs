//! The enum with its `impl Event`.

use proc_macro2::{Ident, Literal, Span, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};
use syn::{Data, DeriveInput, GenericParam, LitStr, Path, Token, Type, punctuated::Punctuated};

use super::{
    golden, locked,
    model::{EventEnum, EventVariant, drop_duplicates, span_of},
};
use crate::{
    attribute::take_attributes,
    driver::Input,
    keywords,
    naming::type_text,
    source::{documentation, package},
    wire::{Source, fields_shape, needs, serde_stores_otherwise, shape_is_told},
};

/// Types whose stored form is known without looking; checking them again would only cost time.
const PLAIN: [&str; 16] = [
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "bool", "char",
    "String", "f64",
];

pub(crate) fn expand(model: &EventEnum) -> TokenStream {
    let private = model.runtime.private();
    let derives = serde_derives(model, &private);
    let Checked { item, checks, aliases } = checked(model, &private);
    let absent = model
        .variants
        .iter()
        .map(|v| needs(&v.fields, Source::Probe { private: &private, aliases: &aliases }));
    let event = event_impl(model, &aliases, &private);
    let (locked, golden) = (locked::expand(model, &private), golden::expand(model, &private));
    quote! {
        #derives
        #item
        #[allow(unused_imports)]
        use #private::codec::ProbeOtherwise as _;
        const _: () = {
            #checks
            #(#absent)*
            #event
            #locked
        };
        #golden
    }
}

fn event_impl(model: &EventEnum, aliases: &[(String, Ident)], private: &TokenStream) -> TokenStream {
    let name = &model.item.ident;
    let types = model.variants.iter().map(|variant| event_type(name, variant, aliases, private));
    let indices = model.variants.iter().enumerate().map(|(index, variant)| {
        let (ident, index) = (&variant.ident, Literal::usize_unsuffixed(index));
        quote!(#name::#ident { .. } => #index,)
    });
    let upcasts = model.variants.iter().enumerate().filter(|(_, variant)| !variant.version.older.is_empty());
    let upcasts = upcasts.map(|(index, variant)| upcast(name, index, variant, private));
    let retired = retired(model, private);
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #private::domain::Event for #name {
            const TYPES: &'static [#private::domain::EventType] = &[#(#types),*];

            fn index(&self) -> usize {
                match self { #(#indices)* }
            }

            fn encode(
                &self,
                out: &mut #private::std::vec::Vec<u8>,
            ) -> #private::core::result::Result<(), #private::codec::EncodeError> {
                #retired
                #private::codec::Probe::<#name>::encode(self, out)
            }

            fn decode(
                index: usize,
                version: u16,
                payload: &[u8],
            ) -> #private::core::result::Result<Self, #private::codec::DecodeError> {
                #(#upcasts)*
                #private::codec::check_version::<#name>(index, version)?;
                #private::codec::Probe::<#name>::decode(index, payload)
            }
        }
    }
}

/// Refuses to write what is retired.
fn retired(model: &EventEnum, private: &TokenStream) -> TokenStream {
    let arms = model.variants.iter().filter(|variant| variant.retired.is_some()).map(|variant| {
        let (name, ident, text) = (&model.item.ident, &variant.ident, &variant.name.text);
        quote! {
            if let #name::#ident { .. } = self {
                return #private::core::result::Result::Err(#private::codec::EncodeError::Retired { name: #text });
            }
        }
    });
    arms.collect()
}

fn event_type(
    name: &Ident,
    variant: &EventVariant,
    aliases: &[(String, Ident)],
    private: &TokenStream,
) -> TokenStream {
    let text = &variant.name.text;
    let source = format!("{name}::{}", variant.ident);
    let version = Literal::u64_unsuffixed(variant.version.number);
    let shape = fields_shape(&variant.fields, Source::Probe { private, aliases });
    let older = older(variant, private);
    let doc = documentation(&variant.docs);
    let doc = (!doc.is_empty()).then(|| quote!(.with_doc(#doc)));
    let retired = variant.retired.is_some().then(|| quote!(.retired()));
    let package = package();
    quote! {
        #private::domain::EventType::new(#text, #source, #version, #shape)
            .in_package(#package)
            #older
            #doc
            #retired
    }
}

/// `.with_older(..)`: what is known of the versions before today's.
fn older(variant: &EventVariant, private: &TokenStream) -> Option<TokenStream> {
    let older = variant.version.older.iter().zip(1_u64..).map(|(old, version)| {
        let version = Literal::u64_unsuffixed(version);
        // That its shape is not known is said where it is read.
        quote!(#private::domain::OldVersion::new(#version, #private::codec::old_shape(#private::codec::Probe::<#old>::SHAPE)))
    });
    (!variant.version.older.is_empty()).then(|| quote!(.with_older(&[#(#older),*])))
}

/// The way from every older version of a variant to today's. Each link is named once, at the older payload.
fn upcast(name: &Ident, index: usize, variant: &EventVariant, private: &TokenStream) -> TokenStream {
    let older = &variant.version.older;
    let (mut links, mut arms) = (Vec::new(), Vec::new());
    for (place, old) in older.iter().enumerate() {
        let (link, version) = (format_ident!("from_{}", place + 1), Literal::usize_unsuffixed(place + 1));
        let span = span_of(old);
        // At the older payload, where the way from it is promised.
        let today = Ident::new(&name.to_string(), span);
        let raise = match older.get(place + 1) {
            Some(next) => {
                let further = format_ident!("from_{}", place + 2);
                quote_spanned! {span=> #further(<#next as #private::domain::UpcastFrom<#old>>::upcast_from(old)) }
            }
            None => quote_spanned! {span=> <#today as #private::domain::UpcastFrom<#old>>::upcast_from(old) },
        };
        links.push(quote! { fn #link(old: #old) -> #name { #raise } });
        arms.push(quote_spanned! {span=> #version => return #private::codec::decode_old::<#old>(payload).map(#link), });
    }
    let index = Literal::usize_unsuffixed(index);
    quote! {
        if index == #index {
            #(#links)*
            match version {
                #(#arms)*
                _ => {}
            }
        }
    }
}

/// serde's derives, unless the author has them. They come first: an attribute of serde's stands behind a derive.
fn serde_derives(model: &EventEnum, private: &TokenStream) -> Option<TokenStream> {
    let derived = derived_names(&model.item);
    let wanted = ["Serialize", "Deserialize"].into_iter().filter(|name| !derived.iter().any(|d| d == name));
    let derives: Vec<TokenStream> = wanted
        .map(|name| {
            let name = Ident::new(name, Span::call_site());
            quote!(#private::serde::#name)
        })
        .collect();
    (!derives.is_empty()).then(|| quote!(#[derive(#(#derives),*)]))
}

/// The enum and the checks of its fields' types.
struct Checked {
    item: TokenStream,
    checks: TokenStream,
    /// The aliases of the types, by the types' text.
    aliases: Vec<(String, Ident)>,
}

/// Whether the shape of a field is said to be that of another type, so that its own type needs none.
fn take_told(field: &mut syn::Field) -> bool {
    let told = shape_is_told(&field.attrs);
    take_attributes(&mut field.attrs, keywords::SCHEMA);
    told
}

/// Asks once of every type in the enum whether it can be stored, and keeps serde from asking again.
///
/// Writing goes through [`Probe`], which needs nothing of the type; for reading the type is taken as readable by
/// a bound. Both are given to serde as text, all of it at one place, so the type goes through an alias, and a mistake
/// inside it stays at its own token.
fn checked(model: &EventEnum, private: &TokenStream) -> Checked {
    let mut item = model.item.clone();
    let name = item.ident.clone();
    if !model.serde.has_crate {
        let path = spelled(&quote!(#private::serde));
        item.attrs.push(syn::parse_quote!(#[serde(crate = #path)]));
    }
    let [mut aliases, mut told_aliases] = [const { Vec::<(String, Ident)>::new() }; 2];
    let (mut outside, mut checks) = (TokenStream::new(), TokenStream::new());
    let Data::Enum(data) = &mut item.data else { return Checked { item: quote!(#item), checks, aliases } };
    for field in data.variants.iter_mut().flat_map(|variant| &mut variant.fields) {
        let told = take_told(field);
        if !needs_check(field) {
            continue;
        }
        let (ty, text) = (&field.ty, type_text(&field.ty));
        let span = telling_span(ty);
        let (check, place) = (
            if told { "check_stored_otherwise" } else { "check_stored" },
            aliases.len() + told_aliases.len(),
        );
        let (check, aliases) = (Ident::new(check, span), if told { &mut told_aliases } else { &mut aliases });
        let known = aliases.iter().find(|(other, _)| *other == text).map(|(_, alias)| alias.clone());
        let alias = known.clone().unwrap_or_else(|| format_ident!("__{name}Field{place}", span = span));
        if known.is_none() {
            outside.extend(quote!(#[doc(hidden)] #[allow(dead_code)] type #alias = #ty;));
            checks.extend(quote_spanned!(span=> const _: () = #private::codec::#check::<#alias>();));
            let bound = spelled(&quote!(#private::serde::Deserialize)) + "<'de>";
            let bound = LitStr::new(&format!("{alias}: {bound}"), span);
            field.attrs.push(syn::parse_quote!(#[serde(bound(deserialize = #bound))]));
            aliases.push((text, alias.clone()));
        }
        let write = spelled(&quote!(#private::codec::Probe));
        let write = LitStr::new(&format!("{write}::<{alias}>::write"), span);
        field.attrs.push(syn::parse_quote!(#[serde(serialize_with = #write)]));
    }
    Checked { item: quote!(#item #outside), checks, aliases }
}

/// Whether it must be asked if this field can be stored: not of plain types, nor where serde is told how.
fn needs_check(field: &syn::Field) -> bool {
    let plain = matches!(&field.ty, Type::Path(path)
        if path.path.get_ident().is_some_and(|ident| PLAIN.iter().any(|plain| ident == plain)));
    !plain && !serde_stores_otherwise(&field.attrs)
}

/// The last word of a type, which is most often what an error about it is about: `Place` in `Vec<Place>`.
fn telling_span(ty: &Type) -> Span {
    fn last(tokens: TokenStream) -> Option<Span> {
        let mut span = None;
        for token in tokens {
            span = match token {
                TokenTree::Ident(ident) => Some(ident.span()),
                TokenTree::Group(group) => last(group.stream()).or(span),
                _ => span,
            };
        }
        span
    }
    last(quote!(#ty)).unwrap_or_else(|| span_of(ty))
}

/// A path without the spaces that printing tokens leaves in it.
fn spelled(path: &TokenStream) -> String {
    path.to_string().replace(' ', "")
}

/// The last names of everything in `#[derive(..)]`.
fn derived_names(item: &DeriveInput) -> Vec<String> {
    let derives = item.attrs.iter().filter(|attr| attr.path().is_ident("derive"));
    let paths = derives
        .filter_map(|attr| attr.parse_args_with(Punctuated::<Path, Token![,]>::parse_terminated).ok())
        .flatten();
    paths.filter_map(|path| path.segments.last().map(|last| last.ident.to_string())).collect()
}

/// The item without our attributes, and an `impl Event` for those who use it.
pub(crate) fn fallback(input: &Input) -> TokenStream {
    let Ok(mut item) = syn::parse2::<DeriveInput>(input.item.clone()) else { return input.item.clone() };
    drop_duplicates(&mut item, |_, _| ());
    let has_serde = derived_names(&item).iter().any(|name| name == "Serialize" || name == "Deserialize");
    let strip = |attrs: &mut Vec<syn::Attribute>| {
        take_attributes(attrs, keywords::EVENT);
        take_attributes(attrs, keywords::SCHEMA);
        if !has_serde {
            take_attributes(attrs, "serde");
        }
    };
    strip(&mut item.attrs);
    if let Data::Enum(data) = &mut item.data {
        for variant in &mut data.variants {
            strip(&mut variant.attrs);
            variant.fields.iter_mut().for_each(|field| strip(&mut field.attrs));
        }
    }
    make_concrete(&mut item);
    let private = crate::paths::Runtime::new(None).private();
    let name = &item.ident;
    let (generics, arguments, bounds) = item.generics.split_for_impl();
    let bounds = bounds.map(|bounds| &bounds.predicates);
    quote! {
        #item
        #[automatically_derived]
        impl #generics #private::domain::Event for #name #arguments
        where
            Self: #private::core::marker::Sized
                + #private::core::marker::Send
                + #private::core::marker::Sync
                + 'static,
            #bounds
        {
            const TYPES: &'static [#private::domain::EventType] = &[];
            fn index(&self) -> usize { #private::core::unreachable!() }
            fn encode(
                &self,
                _: &mut #private::std::vec::Vec<u8>,
            ) -> #private::core::result::Result<(), #private::codec::EncodeError> {
                #private::core::unreachable!()
            }
            fn decode(
                _: usize,
                _: u16,
                _: &[u8],
            ) -> #private::core::result::Result<Self, #private::codec::DecodeError> {
                #private::core::unreachable!()
            }
        }
    }
}

/// Lets an enum with parameters be used without, and a borrow without a lifetime stand: what is wrong with them was
/// said already.
fn make_concrete(item: &mut DeriveInput) {
    let Data::Enum(data) = &mut item.data else { return };
    let mut text = String::new();
    for field in data.variants.iter_mut().flat_map(|variant| &mut variant.fields) {
        if let Type::Reference(reference) = &mut field.ty {
            reference.lifetime.get_or_insert_with(|| syn::Lifetime::new("'static", Span::call_site()));
        }
        text += &type_text(&field.ty);
        text.push(' ');
    }
    let used = |name: &Ident| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| name == word);
    let params = std::mem::take(&mut item.generics.params).into_iter();
    item.generics.params = params
        .filter_map(|param| match param {
            GenericParam::Type(mut ty) if used(&ty.ident) => {
                ty.default.get_or_insert_with(|| (Default::default(), syn::parse_quote!(())));
                Some(GenericParam::Type(ty))
            }
            GenericParam::Type(_) => None,
            other => Some(other),
        })
        .collect();
    if item.generics.params.is_empty() {
        item.generics = syn::Generics::default();
    }
}
