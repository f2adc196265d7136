//! What stands in `#[on(..)]`: the pattern of an event, with `..` implied.

use std::collections::HashMap;

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{
    Attribute, Ident, Pat, Path, Type,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

use crate::{errors::Errors, naming::type_text};

/// One variant of the event, and what of it is bound.
pub(crate) struct Variant {
    /// With or without the enum, as the user has written it.
    pub(crate) path: Path,
    /// Whether no value of the variant is left for another arm.
    pub(crate) takes_all: bool,
    pub(crate) fields: Bound,
}

pub(crate) enum Bound {
    /// `Variant`: its fields are the parameters.
    ByName,
    /// `Variant { field: pattern, .. }`; parameters that it does not bind are fields.
    Fields(TokenStream, Vec<Ident>),
    /// `Variant(pattern, ..)`
    Places(TokenStream, Vec<Ident>),
}

impl Variant {
    /// Its name, without the enum.
    pub(crate) fn name(&self) -> Option<String> {
        let text = self.path.segments.last()?.ident.to_string();
        Some(text.strip_prefix("r#").map(str::to_owned).unwrap_or(text))
    }

    /// Whether it belongs to this enum, as the two are written.
    pub(crate) fn is_of(&self, event: &Path) -> bool {
        enum_of(&self.path).is_some_and(|found| same(&found, event))
    }

    /// The pattern, with `..` implied, where `event` is another name of the enum. What is not the user's own stands at
    /// the variant's name.
    pub(crate) fn pattern(&self, event: &Ident) -> TokenStream {
        let last = self.path.segments.last().map(|last| &last.ident);
        let span = self.path.span();
        let event = Ident::new(&event.to_string(), span);
        match &self.fields {
            Bound::ByName => quote_spanned!(span=> #event::#last { .. }),
            Bound::Fields(inner, _) => quote_spanned!(span=> #event::#last { #inner .. }),
            Bound::Places(inner, _) => quote_spanned!(span=> #event::#last ( #inner )),
        }
    }
}

impl Variant {
    /// The pattern that binds these names, where `__E` is the enum: fields by their names, unless `#[on(..)]` says from
    /// where they come.
    pub(crate) fn taking(&self, names: &[Ident]) -> TokenStream {
        let (path, span) = (in_enum(&self.path), self.path.span());
        match &self.fields {
            Bound::ByName => quote_spanned!(span=> #path { #(#names,)* .. }),
            Bound::Fields(inner, bound) => {
                let rest = names.iter().filter(|name| !bound.contains(name));
                quote_spanned!(span=> #path { #inner #(#rest,)* .. })
            }
            Bound::Places(inner, _) => quote_spanned!(span=> #path ( #inner )),
        }
    }
}

/// A variant of `__E`, whose name may be left out.
pub(crate) fn in_enum(path: &Path) -> TokenStream {
    match path.get_ident() {
        Some(name) => quote_spanned!(name.span()=> __E::#name),
        None => path.to_token_stream(),
    }
}

/// Whether two variants are called the same.
pub(crate) fn same_variant(a: &Path, b: &Path) -> bool {
    a.segments.last().map(|last| &last.ident) == b.segments.last().map(|last| &last.ident)
}

/// What alternatives bind: the same, or the compiler says so.
pub(crate) fn bound(patterns: &[Variant]) -> Vec<Ident> {
    patterns.first().map_or_else(Vec::new, |variant| match &variant.fields {
        Bound::ByName => Vec::new(),
        Bound::Fields(_, names) | Bound::Places(_, names) => names.clone(),
    })
}

/// The enums of these variants, in the order of their first mention.
pub(crate) fn enums<'a>(variants: impl Iterator<Item = &'a Variant>) -> Vec<Path> {
    let mut found: Vec<Path> = Vec::new();
    for path in variants.filter_map(|variant| enum_of(&variant.path)) {
        if !found.iter().any(|known| same(known, &path)) {
            found.push(path);
        }
    }
    found
}

/// A variant that a second method names.
pub(crate) struct Twice<'a> {
    pub(crate) path: &'a Path,
    /// The variant with its enum, as it is written.
    pub(crate) text: String,
    /// The method that has named it first.
    pub(crate) first: String,
}

/// The variants that more than one method names.
pub(crate) fn named_twice<'a>(methods: impl Iterator<Item = (&'a Ident, &'a [Variant])>) -> Vec<Twice<'a>> {
    let (mut seen, mut twice) = (HashMap::new(), Vec::new());
    for (method, patterns) in methods {
        for variant in patterns {
            let text = path_text(&variant.path);
            if let Some(first) = seen.insert(text.clone(), method.to_string()) {
                twice.push(Twice { path: &variant.path, text, first });
            }
        }
    }
    twice
}

/// What stands before the variant.
fn enum_of(path: &Path) -> Option<Path> {
    let mut path = path.clone();
    path.segments.pop();
    let last = path.segments.pop()?;
    path.segments.push(last);
    Some(path)
}

fn same(a: &Path, b: &Path) -> bool {
    path_text(a) == path_text(b)
}

fn path_text(path: &Path) -> String {
    type_text(&Type::Path(syn::TypePath { attrs: Vec::new(), qself: None, path: path.clone() }))
}

/// `#[on(First { field } | Second(value))]`
///
/// `not_a_pattern` is said of what is none, and `more` of what stands behind it.
pub(crate) fn read_on(
    on: &Attribute,
    not_a_pattern: fn() -> String,
    more: fn() -> String,
    errors: &mut Errors,
) -> Option<Vec<Variant>> {
    let tokens = match &on.meta {
        syn::Meta::List(list) => list.tokens.clone(),
        other => {
            errors.push(other, not_a_pattern());
            return None;
        }
    };
    let (variants, rest) = read_pattern(tokens, on, not_a_pattern, errors)?;
    if !rest.is_empty() {
        errors.push(rest, more());
        return None;
    }
    Some(variants)
}

/// The pattern that these tokens begin with, and what stands behind it; where it is none, `whole` is shown.
pub(crate) fn read_pattern(
    tokens: TokenStream,
    whole: impl ToTokens,
    not_a_pattern: fn() -> String,
    errors: &mut Errors,
) -> Option<(Vec<Variant>, TokenStream)> {
    let parser = |input: ParseStream<'_>| {
        let pattern = Pat::parse_multi_with_leading_vert(input)?;
        let rest: TokenStream = input.parse()?;
        Ok((pattern, rest))
    };
    let Ok((pattern, rest)) = parser.parse2(tokens) else {
        errors.push(whole, not_a_pattern());
        return None;
    };
    let alternatives = match pattern {
        Pat::Or(or) => or.cases.into_iter().collect(),
        other => vec![other],
    };
    let variants: Vec<_> =
        alternatives.iter().filter_map(|pattern| read_variant(pattern, not_a_pattern, errors)).collect();
    (variants.len() == alternatives.len()).then_some((variants, rest))
}

fn read_variant(pattern: &Pat, not_a_pattern: fn() -> String, errors: &mut Errors) -> Option<Variant> {
    let (path, fields) = match pattern {
        Pat::Ident(name) if name.by_ref.is_none() && name.mutability.is_none() && name.subpat.is_none() => {
            (name.ident.clone().into(), Bound::ByName)
        }
        Pat::Path(path) if path.qself.is_none() => (path.path.clone(), Bound::ByName),
        Pat::Struct(fields) if fields.qself.is_none() => {
            let bound = fields.fields.iter().flat_map(|field| bindings(&field.pat)).collect();
            let inner = &fields.fields;
            (fields.path.clone(), Bound::Fields(with_comma(inner.to_token_stream()), bound))
        }
        Pat::TupleStruct(places) if places.qself.is_none() => {
            let bound = places.elems.iter().flat_map(bindings).collect();
            let rest = places.elems.iter().any(|place| matches!(place, Pat::Rest(_)));
            let inner = places.elems.to_token_stream();
            let inner = if rest { inner } else { with_rest(inner) };
            (places.path.clone(), Bound::Places(inner, bound))
        }
        other => {
            errors.push(other, not_a_pattern());
            return None;
        }
    };
    Some(Variant { path, takes_all: takes_all(pattern), fields })
}

fn with_comma(tokens: TokenStream) -> TokenStream {
    match tokens.clone().into_iter().last() {
        Some(TokenTree::Punct(punct)) if punct.as_char() == ',' => tokens,
        None => tokens,
        Some(_) => quote!(#tokens,),
    }
}

fn with_rest(tokens: TokenStream) -> TokenStream {
    let inner = with_comma(tokens);
    quote!(#inner ..)
}

/// Whether the pattern of a variant only binds and leaves out.
fn takes_all(pattern: &Pat) -> bool {
    let plain = |pattern: &Pat| match pattern {
        Pat::Ident(name) => name.subpat.is_none() && !is_constant(&name.ident),
        other => matches!(other, Pat::Wild(_) | Pat::Rest(_)),
    };
    match pattern {
        Pat::Struct(inner) => inner.fields.iter().all(|field| plain(&field.pat)),
        Pat::TupleStruct(inner) => inner.elems.iter().all(plain),
        _ => true,
    }
}

/// A name in capitals is a constant or a variant without fields.
fn is_constant(name: &Ident) -> bool {
    name.to_string().starts_with(char::is_uppercase)
}

/// The names that a pattern binds.
fn bindings(pattern: &Pat) -> Vec<Ident> {
    let all = |patterns: &mut dyn Iterator<Item = &Pat>| patterns.flat_map(bindings).collect();
    match pattern {
        Pat::Ident(name) if !is_constant(&name.ident) => {
            let inner = name.subpat.iter().flat_map(|(_, inner)| bindings(inner));
            std::iter::once(name.ident.clone()).chain(inner).collect()
        }
        Pat::Struct(inner) => all(&mut inner.fields.iter().map(|field| &*field.pat)),
        Pat::TupleStruct(inner) => all(&mut inner.elems.iter()),
        Pat::Tuple(inner) => all(&mut inner.elems.iter()),
        Pat::Slice(inner) => all(&mut inner.elems.iter()),
        Pat::Reference(inner) => bindings(&inner.pat),
        Pat::Paren(inner) => bindings(&inner.pat),
        Pat::Or(inner) => inner.cases.first().map(bindings).unwrap_or_default(),
        _ => Vec::new(),
    }
}
